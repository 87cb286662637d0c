/**
 * Client of Roche's services API for one organization: temporary token and acknowledgment of a notification
 * (SPECS §1.1, §1.4). One attempt each; who calls decides about another one by the error's class.
 */
import type { Agent } from 'undici';
import { DuctusError } from '../../domain/errors';
import type { EmrOid } from '../../domain/identifiers';
import { LIMITS } from '../../domain/limits';
import type { OrganizationConfig } from '../../runtime/config/schema';
import { createAgent } from '../http/agent';
import { sendSmallRequest } from '../http/request';
import type { SmallAnswer } from '../http/request';
import { refusalOf } from './answers';
import type { RocheService } from './answers';
import { parseJson } from './error-body';
import { baseOf, networkError, rocheHeaders } from './exchange';
import { RocheTokenSchema } from './token';
import type { RocheToken } from './token';

export interface RocheServicesOptions {
  readonly emrOid: EmrOid;
  readonly config: OrganizationConfig['roche'];
}

/** A receipt handle and the `x-operation-id` that came with it, of the newest notification. */
export interface Acknowledgment {
  readonly receiptHandle: string;
  readonly operationId: string;
  /** UUID; the same for all attempts of one acknowledgment. */
  readonly originRequestId: string;
}

/** Paths under the services base (SPECS §1.4). */
const PATHS: Readonly<Record<RocheService, string>> = { token: 'v1/token', acknowledge: 'v1/notification/ack' };

/** A token answer has 2–3 kB, an OperationOutcome less. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** What HTTP allows in a header value without folding (RFC 9110 §5.5). */
const HEADER_VALUE = /^[\x21-\x7e\x80-\xff]+(?:[\t ]+[\x21-\x7e\x80-\xff]+)*$/;

export class RocheServicesClient {
  readonly #emrOid: EmrOid;
  readonly #config: OrganizationConfig['roche'];
  readonly #base: URL;
  readonly #agent: Agent;

  constructor(options: RocheServicesOptions) {
    this.#emrOid = options.emrOid;
    this.#config = options.config;
    const { servicesUrl } = options.config;
    this.#base = baseOf(servicesUrl);
    this.#agent = createAgent(options.config.tls, {
      connections: 8,
      connectTimeoutMs: LIMITS.httpConnectMs,
      idleTimeoutMs: options.config.requestTimeoutMs,
    });
  }

  /**
   * Asks for session credentials. Not cached here: see `CredentialCache`.
   * @param originRequestId UUID of this request, for Roche's log
   * @throws DuctusError DUCTUS_ROCHE_UNREACHABLE, _UNAUTHORIZED or _REJECTED; the signal's reason when the caller gave up
   */
  async fetchToken(originRequestId: string, signal?: AbortSignal): Promise<RocheToken> {
    const answer = await this.#post('token', { 'x-origin-request-id': originRequestId }, signal);
    const token = RocheTokenSchema.safeParse(parseJson(answer.body));
    if (token.success) return token.data;
    // Paths only: zod's messages may quote values.
    const elements = token.error.issues.map((issue) => issue.path.join('.') || '(body)').join(', ');
    throw new DuctusError(
      'DUCTUS_ROCHE_UNREACHABLE',
      `Roche's token service answered 200 without a usable token: ${elements}.`,
      {
        details: { service: 'token', status: answer.status, elements },
      },
    );
  }

  /**
   * Tells Roche that a file has arrived.
   * @throws DuctusError DUCTUS_ACK_HANDLE_REFUSED when the handle is expired or wrong, else as `fetchToken`
   */
  async acknowledge(input: Acknowledgment, signal?: AbortSignal): Promise<void> {
    if (!HEADER_VALUE.test(input.receiptHandle)) {
      throw new DuctusError(
        'DUCTUS_ACK_HANDLE_REFUSED',
        'The receipt handle is not a value that an HTTP header can hold.',
        {
          details: { service: 'acknowledge' },
        },
      );
    }
    const headers = {
      receiptHandle: input.receiptHandle,
      'x-operation-id': input.operationId,
      'x-origin-request-id': input.originRequestId,
    };
    await this.#post('acknowledge', headers, signal);
  }

  /** Waits for running requests and closes the connections. */
  async close(): Promise<void> {
    await this.#agent.close();
  }

  async #post(
    service: RocheService,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<SmallAnswer> {
    const answer = await this.#send(service, headers, signal);
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw refusalOf(service, answer, Date.now());
  }

  async #send(
    service: RocheService,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<SmallAnswer> {
    try {
      return await sendSmallRequest({
        dispatcher: this.#agent,
        url: new URL(PATHS[service], this.#base),
        method: 'POST',
        headers: { ...rocheHeaders(this.#emrOid, this.#config), ...headers },
        timeLimitMs: this.#config.requestTimeoutMs,
        maxAnswerBytes: MAX_ANSWER_BYTES,
        signal,
      });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw networkError(error, this.#base.host, { service }) ?? error;
    }
  }
}

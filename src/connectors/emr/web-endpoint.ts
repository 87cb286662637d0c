/**
 * One POST at a time on each place of a web destination. As with MLLP, the question is whether the EMR can have the
 * message: until its first byte is handed to the socket it cannot (DUCTUS_EMR_UNREACHABLE); from then on only a complete
 * answer tells, and anything else is DUCTUS_EMR_AMBIGUOUS.
 */
import { Readable } from 'node:stream';
import { errors, request, type Agent } from 'undici';
import { DuctusError } from '../../domain/errors';
import type { MessageControlId } from '../../domain/identifiers';
import { LIMITS } from '../../domain/limits';
import type { DestinationConfigOf } from '../../runtime/config/schema';
import { createAgent } from '../http/agent';
import { isClientCertificateRefused, networkReason } from '../http/network-reason';
import { BodyLengthError, BodyTooLargeError, readBody } from '../http/read-body';
import type { SmallAnswer } from '../http/request';
import { TimeLimitError } from '../http/time-limit';
import { unknownOutcome } from './answered';
import type { ConnectionStats, SendOptions } from './connection';
import { WaitingLine } from './waiting-line';

/** What the destinations over HTTP have in common. */
export type WebConfig = Pick<
  DestinationConfigOf<'http'>,
  'url' | 'tls' | 'credentials' | 'connections' | 'acknowledgmentTimeoutMs' | 'maxAnswerBytes'
>;

export interface Post {
  readonly controlId: MessageControlId;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

export class WebEndpoint {
  readonly #config: WebConfig;
  readonly #url: URL;
  readonly #agent: Agent;
  readonly #line: WaitingLine;
  #closed: Promise<void> | undefined;

  constructor(config: WebConfig) {
    this.#config = config;
    this.#url = new URL(config.url);
    this.#agent = createAgent(config.tls, {
      connections: config.connections,
      connectTimeoutMs: LIMITS.httpConnectMs,
      idleTimeoutMs: config.acknowledgmentTimeoutMs,
    });
    this.#line = new WaitingLine(config.connections, (reason) => this.#notSent(reason));
  }

  get stats(): ConnectionStats {
    const pool = this.#agent.stats[this.#url.origin];
    const idle = pool === undefined ? 0 : Math.max(0, Number(pool.connected) - pool.running);
    return { busy: this.#line.busy, idle, waiting: this.#line.waiting };
  }

  /**
   * Sends one message and reads the whole answer, whatever its status. No redirect is followed.
   * @throws DuctusError DUCTUS_EMR_UNREACHABLE (not sent) or DUCTUS_EMR_AMBIGUOUS (no complete answer)
   */
  async post(post: Post, options: Omit<SendOptions, 'resent'>): Promise<SmallAnswer> {
    return this.#line.hold(options.signal, () => this.#exchange(post, options));
  }

  /** Takes no more messages and waits for those on their way. */
  async close(): Promise<void> {
    await this.#line.close();
    await (this.#closed ??= this.#agent.close());
  }

  async #exchange(
    { controlId, headers, bytes }: Post,
    { signal, beforeSend }: Omit<SendOptions, 'resent'>,
  ): Promise<SmallAnswer> {
    const { credentials, acknowledgmentTimeoutMs, maxAnswerBytes } = this.#config;
    const proof = authorization(credentials);
    const gate = new Gate(bytes, beforeSend, acknowledgmentTimeoutMs);
    const abort = (): void => gate.stop(new AbortError());
    signal?.addEventListener('abort', abort, { once: true });
    try {
      if (signal?.aborted === true) abort();
      const answer = await request(this.#url, {
        dispatcher: this.#agent,
        method: 'POST',
        headers: {
          'user-agent': 'ductus',
          ...headers,
          ...proof,
          'content-length': String(bytes.length),
        },
        body: gate.stream(),
        signal: gate.signal,
      });
      const body = await readBody(answer.body, { maxBytes: maxAnswerBytes, signal: gate.signal });
      return { status: answer.statusCode, headers: answer.headers, body };
    } catch (error) {
      const failure = await gate.closed();
      if (failure !== undefined) throw failure.error;
      const reason = reasonOf(gate.signal.aborted ? gate.signal.reason : error);
      // By such an alert the server refuses our certificate in its handshake: it has read nothing of the message.
      if (!gate.isSent || isClientCertificateRefused(reason)) throw this.#notSent(reason);
      throw unknownOutcome(controlId, reason);
    } finally {
      gate.end();
      signal?.removeEventListener('abort', abort);
    }
  }

  #notSent(reason: string): DuctusError {
    return new DuctusError(
      'DUCTUS_EMR_UNREACHABLE',
      `The EMR at ${this.#url.host} took no message (${reason}); nothing was sent.`,
      { details: { reason } },
    );
  }
}

/**
 * The body of one request, which stands between a connection and its first byte: undici reads a stream only when it holds
 * a connection, and writes the headers with its first piece.
 */
class Gate {
  readonly #bytes: Uint8Array;
  readonly #beforeSend: (() => Promise<void>) | undefined;
  readonly #timeLimitMs: number;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isOver = false;
  #isSent = false;

  constructor(bytes: Uint8Array, beforeSend: (() => Promise<void>) | undefined, timeLimitMs: number) {
    this.#bytes = bytes;
    this.#beforeSend = beforeSend;
    this.#timeLimitMs = timeLimitMs;
  }

  /** True when a byte of the message may have left. */
  get isSent(): boolean {
    return this.#isSent;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  stream(): Readable {
    const stream = Readable.from(this.#body(), { objectMode: false });
    // The request has the error too; here it would have nobody to hear it once undici has let go of the stream.
    return stream.on('error', () => undefined);
  }

  async *#body(): AsyncGenerator<Uint8Array> {
    this.#running = this.#before();
    await this.#running;
    if (this.#failure !== undefined || this.#isOver || this.signal.aborted) throw new AbortError();
    this.#isSent = true;
    // From here on as with MLLP: the limit is for the EMR, not for our own store or for connecting.
    this.#timer = setTimeout(() => this.stop(new TimeLimitError(this.#timeLimitMs)), this.#timeLimitMs);
    yield this.#bytes;
  }

  stop(reason: Error): void {
    this.#controller.abort(reason);
  }

  /**
   * Lets nothing through any more, and waits for what runs before sending: it must not write down that a message is under
   * way after the caller has heard that it is not.
   * @returns the error of `beforeSend`
   */
  async closed(): Promise<{ readonly error: unknown } | undefined> {
    this.#isOver = true;
    await this.#running;
    return this.#failure;
  }

  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  async #before(): Promise<void> {
    try {
      await this.#beforeSend?.();
    } catch (error) {
      this.#failure = { error };
    }
  }
}

/** Gave up; its name is what `networkReason` looks at. */
class AbortError extends Error {
  override readonly name = 'AbortError';
}

function reasonOf(error: unknown): string {
  if (error instanceof BodyTooLargeError) return 'answer-too-large';
  if (error instanceof BodyLengthError) return 'connection-lost';
  // Its `data` are bytes of the peer; its code is often missing.
  if (error instanceof errors.HTTPParserError) return 'not-http';
  return networkReason(error) ?? 'error';
}

/** RFC 6750 §2.1: no space, no line break at the end of a file. */
const BEARER_TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/** Headers by which Ductus proves itself. @throws DuctusError DUCTUS_EMR_MISCONFIGURED */
export function authorization(credentials: WebConfig['credentials']): Readonly<Record<string, string>> {
  switch (credentials?.kind) {
    case 'basic': {
      const pair = `${credentials.username}:${credentials.password.reveal()}`;
      return { authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` };
    }
    case 'bearer': {
      const token = credentials.token.reveal();
      if (!BEARER_TOKEN.test(token)) {
        throw new DuctusError(
          'DUCTUS_EMR_MISCONFIGURED',
          'The token of the destination (`credentials.token`) holds a character that no bearer token has; nothing was sent.',
        );
      }
      return { authorization: `Bearer ${token}` };
    }
    case undefined:
      return {};
  }
}

/**
 * A destination that takes each message by a POST: HL7 v2, answered by an HL7 acknowledgment in the body (HL7 over HTTP
 * as HAPI specifies it), or JSON, answered by a status.
 */
import type { MessageControlId } from '../../domain/identifiers';
import type { DestinationConfigOf } from '../../runtime/config/schema';
import type { SmallAnswer } from '../http/request';
import { parseRetryAfter } from '../http/retry-after';
import { AcknowledgmentError, judgeAcknowledgment, parseAcknowledgment, type Acknowledgment } from './acknowledgment';
import { answered, unknownOutcome } from './answered';
import type { ConnectionStats, EmrConnection, OutgoingMessage, SendOptions } from './connection';
import { judgeStatus } from './http-status';
import { WebEndpoint } from './web-endpoint';

/** The type of HAPI's specification; its server refuses any other. */
const HL7 = 'application/hl7-v2';
/** What others call it. */
const HL7_ALSO = 'x-application/hl7-v2+er7';

/** IANA names of the character sets of MSH-18 (HL7 v2.5.1 table 0211). */
const CHARSETS = { 'UNICODE UTF-8': 'UTF-8', '8859/1': 'ISO-8859-1', '8859/15': 'ISO-8859-15' } as const;

export class HttpDestination implements EmrConnection {
  readonly #config: DestinationConfigOf<'http'>;
  readonly #endpoint: WebEndpoint;

  constructor(config: DestinationConfigOf<'http'>) {
    this.#config = config;
    this.#endpoint = new WebEndpoint(config);
  }

  get stats(): ConnectionStats {
    return this.#endpoint.stats;
  }

  async send({ controlId, bytes }: OutgoingMessage, { resent, ...options }: SendOptions): Promise<void> {
    const headers = this.#headers(controlId);
    const answer = await this.#endpoint.post({ controlId, headers, bytes }, options);
    if (this.#config.format === 'json') judgeJson(answer, controlId, resent);
    else this.#judgeHl7(answer, controlId, resent);
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  #headers(controlId: MessageControlId): Readonly<Record<string, string>> {
    // Both names are in use for "the same id is the same message": a receiver looks at the one it knows.
    const id = { 'idempotency-key': controlId, 'x-message-id': controlId };
    if (this.#config.format === 'json') {
      return { ...id, 'content-type': 'application/json', accept: 'application/json' };
    }
    const charset = CHARSETS[this.#config.hl7.characterSet];
    return { ...id, 'content-type': `${HL7}; charset=${charset}`, accept: `${HL7}, ${HL7_ALSO}` };
  }

  /** The acknowledgment decides where there is one, whatever the status: HAPI answers AE with 200, others with 400 or 500. */
  #judgeHl7(answer: SmallAnswer, controlId: MessageControlId, resent: boolean): void {
    const { status } = answer;
    const isSuccess = status >= 200 && status < 300;
    const found = acknowledgmentIn(answer.body);
    if (found?.controlId === controlId) {
      const judged = judgeAcknowledgment(found, this.#config.acknowledgments, { resent });
      if (judged.verdict === 'failed') {
        throw answered(judged.code, controlId, { ...judged.details, status }, retryAfter(answer));
      }
      // A yes under a status that says no: one of them is wrong, and nobody knows which.
      if (!isSuccess && (found.code === 'AA' || found.code === 'CA'))
        throw unknownOutcome(controlId, 'contradicting-status', { status });
      return;
    }
    if (isSuccess) {
      throw unknownOutcome(controlId, found === undefined ? 'not-an-acknowledgment' : 'wrong-control-id', { status });
    }
    // A receiver that reads messages answers with an acknowledgment: a bare 404 is that of a web server.
    throw answered(judgeStatus(status, { isAboutAddress: true }), controlId, { status }, retryAfter(answer));
  }
}

/** A status is all there is to judge by; 409 after a resend says that the id is there. */
function judgeJson(answer: SmallAnswer, controlId: MessageControlId, resent: boolean): void {
  const { status } = answer;
  if (status >= 200 && status < 300) return;
  if (status === 409 && resent) return;
  throw answered(judgeStatus(status, { isAboutAddress: false }), controlId, { status }, retryAfter(answer));
}

function retryAfter(answer: SmallAnswer): number | undefined {
  return parseRetryAfter(answer.headers['retry-after'], Date.now());
}

/** The acknowledgment of a body, in any character set that has ASCII in it, and in UTF-16 with a byte order mark. */
function acknowledgmentIn(body: Buffer): Acknowledgment | undefined {
  try {
    return parseAcknowledgment(withoutByteOrderMark(body));
  } catch (error) {
    if (error instanceof AcknowledgmentError) return undefined;
    throw error;
  }
}

function withoutByteOrderMark(body: Buffer): Buffer {
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) return body.subarray(3);
  if (body[0] === 0xff && body[1] === 0xfe) return Buffer.from(new TextDecoder('utf-16le').decode(body));
  if (body[0] === 0xfe && body[1] === 0xff) return Buffer.from(new TextDecoder('utf-16be').decode(body));
  return body;
}

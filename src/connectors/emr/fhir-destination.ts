/**
 * A FHIR R4 server that takes transactions: one POST of a Bundle to its base address (FHIR R4, http.html#transaction).
 * A transaction is taken as a whole or not at all, and its entries are upserts: to send it again changes nothing.
 */
import type { MessageControlId } from '../../domain/identifiers';
import type { DestinationConfigOf } from '../../runtime/config/schema';
import type { SmallAnswer } from '../http/request';
import { parseRetryAfter } from '../http/retry-after';
import { answered, unknownOutcome, type AnswerCode } from './answered';
import type { ConnectionStats, EmrConnection, OutgoingMessage, SendOptions } from './connection';
import { entriesIn, entryStatuses, outcomeDetails } from './fhir-outcome';
import { judgeStatus } from './http-status';
import { WebEndpoint } from './web-endpoint';

const FHIR_JSON = 'application/fhir+json';

export class FhirDestination implements EmrConnection {
  readonly #endpoint: WebEndpoint;

  constructor(config: DestinationConfigOf<'fhir'>) {
    this.#endpoint = new WebEndpoint(config);
  }

  get stats(): ConnectionStats {
    return this.#endpoint.stats;
  }

  async send({ controlId, bytes }: OutgoingMessage, options: SendOptions): Promise<void> {
    const headers = {
      'content-type': FHIR_JSON,
      accept: FHIR_JSON,
      // The resources need not come back: what was sent is known, and it is PHI.
      prefer: 'return=minimal',
      // In the server's log, so that both sides can speak of the same request (http.html#custom).
      'x-request-id': controlId,
    };
    const answer = await this.#endpoint.post({ controlId, headers, bytes }, options);
    if (answer.status === 200) judgeEntries(answer, controlId, entriesIn(bytes));
    else refuse(answer, controlId);
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }
}

/** 200 alone says little: a login page has it too, and a server that takes batches only answers each entry for itself. */
function judgeEntries({ body, status }: SmallAnswer, controlId: MessageControlId, sent: number): void {
  const statuses = entryStatuses(body);
  if (statuses === undefined) throw unknownOutcome(controlId, 'not-a-transaction-response', { status });
  const refused = statuses.findIndex((each) => !/^2\d\d(?:\D|$)/.test(each));
  if (refused !== -1) {
    const [entryStatus = ''] = /^[1345]\d\d(?=\D|$)/.exec(statuses[refused] ?? '') ?? [];
    throw answered('DUCTUS_EMR_REJECTED', controlId, {
      status,
      entry: refused,
      ...(entryStatus === '' ? {} : { entryStatus }),
    });
  }
  if (statuses.length !== sent) {
    throw unknownOutcome(controlId, 'other-number-of-entries', { status, sent, answered: statuses.length });
  }
}

function refuse(answer: SmallAnswer, controlId: MessageControlId): never {
  const { status } = answer;
  if (status >= 200 && status < 300) throw unknownOutcome(controlId, 'not-a-transaction-response', { status });
  const outcome = outcomeDetails(answer.body);
  const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], Date.now());
  throw answered(codeOf(status, outcome !== undefined), controlId, { status, ...outcome }, retryAfterMs);
}

/**
 * @param hasOutcome with an OperationOutcome a FHIR server speaks, and 404 is about a reference in the message; without
 *   one, nothing lives at the address
 */
function codeOf(status: number, hasOutcome: boolean): AnswerCode {
  // Another write to one of the resources at the same moment; both were upserts, so the next attempt goes through.
  // 412 is not that here, since no If-Match is sent: the server has several resources with the identifier
  // (http.html#cond-update), and only a person can merge them.
  if (status === 409) return 'DUCTUS_EMR_BUSY';
  return judgeStatus(status, { isAboutAddress: !hasOutcome });
}

/**
 * Which answer of Roche's services API means which error of Ductus (SPECS §1.1, §1.2, §1.4).
 *
 * Nothing of an answer is copied but the issue code: its text quotes receipt handles.
 */
import { DuctusError } from '../../domain/errors';
import type { ErrorCode } from '../../domain/errors';
import { parseRetryAfter } from '../http/retry-after';
import type { SmallAnswer } from '../http/request';
import { describeErrorBody, readErrorBody } from './error-body';

export type RocheService = 'token' | 'acknowledge';

interface Refusal {
  readonly issueCode: string | undefined;
  /** The text is about the receipt handle. */
  readonly aboutReceiptHandle: boolean;
}

interface Row {
  readonly when: (status: number, refusal: Refusal, service: RocheService) => boolean;
  readonly code: ErrorCode;
}

/** First row that fits. */
const ROWS: readonly Row[] = [
  // 408 and 429: not now. 5xx, also 501 (SPECS §1.2 lists it beside 500): their side.
  { when: (status) => status === 408 || status === 429 || status >= 500, code: 'DUCTUS_ROCHE_UNREACHABLE' },
  { when: (status) => status === 401 || status === 403, code: 'DUCTUS_ROCHE_UNAUTHORIZED' },
  {
    // "The input receipt handle … is not a valid receipt handle." (SPECS §1.4)
    when: (status, refusal, service) =>
      service === 'acknowledge' && status === 400 && refusal.issueCode === 'invalid' && refusal.aboutReceiptHandle,
    code: 'DUCTUS_ACK_HANDLE_REFUSED',
  },
  // Everything else, redirects too: Ductus sent something that Roche does not take.
  { when: () => true, code: 'DUCTUS_ROCHE_REJECTED' },
];

const SERVICE_NAMES: Readonly<Record<RocheService, string>> = { token: 'token service', acknowledge: 'ACK service' };

/**
 * @param answer an answer whose status is not 2xx
 * @param nowMs epoch milliseconds, for a Retry-After that is a date
 */
export function refusalOf(service: RocheService, answer: SmallAnswer, nowMs: number): DuctusError {
  const { shape, issues } = readErrorBody(answer.body);
  const issueCode = issues.map((issue) => issue.code).find((known) => known !== undefined);
  const aboutReceiptHandle = issues.some((issue) => /receipt\s*handle/i.test(issue.text));
  const code =
    ROWS.find((row) => row.when(answer.status, { issueCode, aboutReceiptHandle }, service))?.code ??
    'DUCTUS_ROCHE_REJECTED';
  const retryAfterMs =
    code === 'DUCTUS_ROCHE_UNREACHABLE' ? parseRetryAfter(answer.headers['retry-after'], nowMs) : undefined;
  const description = describeErrorBody(shape, issueCode);
  return new DuctusError(code, `Roche's ${SERVICE_NAMES[service]} answered ${answer.status} (${description}).`, {
    details: {
      service,
      status: answer.status,
      answer: shape,
      ...(issueCode === undefined ? {} : { issueCode }),
    },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

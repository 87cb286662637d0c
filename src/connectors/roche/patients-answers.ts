/**
 * Which answer of Roche's patient services means which error of Ductus (SPECS §1.1, §1.2, the seed's table of error codes).
 *
 * Nothing of an answer is copied but the status, the issue code and the name of an element: its text quotes the patient.
 */
import { DuctusError } from '../../domain/errors';
import type { ErrorCode } from '../../domain/errors';
import { parseRetryAfter } from '../http/retry-after';
import type { SmallAnswer } from '../http/request';
import { describeErrorBody, readErrorBody } from './error-body';
import type { ErrorBody, OutcomeIssue } from './error-body';
import { elementOf } from './patients-elements';

export type PatientService = 'create' | 'update' | 'find';

/** What an issue of an OperationOutcome is about. */
type IssueKind = 'content' | 'duplicate' | 'transient';

/**
 * The codes of the seed's table, and those that FHIR's value set has beside or under them (hl7.org/fhir/STU3/valueset-issue-type):
 * `value` and `invariant` are kinds of `invalid`; `lock-error`, `no-store` and `throttled` of `transient`.
 */
const ISSUE_KINDS: Readonly<Partial<Record<string, IssueKind>>> = {
  required: 'content',
  structure: 'content',
  invalid: 'content',
  'too-long': 'content',
  value: 'content',
  invariant: 'content',
  'code-invalid': 'content',
  duplicate: 'duplicate',
  timeout: 'transient',
  exception: 'transient',
  transient: 'transient',
  'lock-error': 'transient',
  'no-store': 'transient',
  throttled: 'transient',
};

/**
 * "Identifier value and e-mail must be unique" (SPECS §1.2); which code Roche gives is not documented, so the words count as
 * well. `unique` alone does not: `x-origin-request-id` is the "request unique id".
 */
const DUPLICATE_WORDS =
  /\balready (?:exists?|in use|registered|used|taken|assigned)\b|\b(?:must be|is not|not) unique\b|\bunique(?:ness)? (?:constraint|key|index|violation)|\bduplicated?\b/i;

/** Codes that say it all, whatever the words. */
const CLEAR_CODES: ReadonlySet<string | undefined> = new Set([
  ...['required', 'structure', 'too-long', 'timeout', 'exception', 'transient', 'lock-error', 'no-store', 'throttled'],
]);

interface Refusal {
  readonly service: PatientService;
  readonly status: number;
  /** Of the issue that decides. */
  readonly kind: IssueKind | undefined;
  readonly issueCode: string | undefined;
}

interface Row {
  readonly when: (refusal: Refusal) => boolean;
  readonly code: ErrorCode;
  /** May Roche have stored it? For `DUCTUS_ROCHE_UNREACHABLE`. */
  readonly sent?: boolean;
  /** What it means, when the status and the issue code do not say it. */
  readonly means?: string;
}

const throttled = ({ status, issueCode }: Refusal): boolean => status === 429 || issueCode === 'throttled';

/** First row that fits. */
const ROWS: readonly Row[] = [
  // Refused before anything was done with it (RFC 6585 §4).
  { when: throttled, code: 'DUCTUS_ROCHE_UNREACHABLE', sent: false },
  { when: ({ status }) => status === 408, code: 'DUCTUS_ROCHE_UNREACHABLE', sent: true },
  { when: ({ status }) => status === 401 || status === 403, code: 'DUCTUS_ROCHE_UNAUTHORIZED' },
  // The issue code before the status: the statuses of the codes are not in Roche's public guide.
  { when: ({ kind }) => kind === 'duplicate', code: 'DUCTUS_PATIENT_DUPLICATE' },
  { when: ({ kind }) => kind === 'transient', code: 'DUCTUS_ROCHE_UNREACHABLE', sent: true },
  // A look-up has no content that the registration desk could correct.
  { when: ({ kind, service }) => kind === 'content' && service !== 'find', code: 'DUCTUS_PATIENT_REFUSED' },
  { when: ({ status, service }) => status === 409 && service !== 'find', code: 'DUCTUS_PATIENT_DUPLICATE' },
  { when: ({ status }) => status >= 500, code: 'DUCTUS_ROCHE_UNREACHABLE', sent: true },
  {
    when: ({ status, service }) => status === 404 && service === 'update',
    code: 'DUCTUS_ROCHE_REJECTED',
    means: 'Roche does not know the patient that was to be updated',
  },
];

/** Everything else, redirects too: Ductus sent something that Roche does not take. */
const REJECTED: Row = { when: () => true, code: 'DUCTUS_ROCHE_REJECTED' };

/** What was asked of Roche, in words. */
export const PATIENT_SERVICE_NAMES: Readonly<Record<PatientService, string>> = {
  create: 'patient create',
  update: 'patient update',
  find: 'patient look-up',
};

/**
 * @param answer an answer whose status is not 2xx
 * @param nowMs epoch milliseconds, for a Retry-After that is a date
 */
export function patientRefusalOf(service: PatientService, answer: SmallAnswer, nowMs: number): DuctusError {
  const { status } = answer;
  const body = readErrorBody(answer.body);
  // "4xx" by SPECS §1.2; a success can carry a refusal as well.
  const wordsCount = service !== 'find' && status < 500;
  const issue = decidingIssue(body, (one) => kindOf(one, wordsCount));
  const kind = kindOf(issue ?? { code: undefined, text: body.text }, wordsCount);
  const issueCode = issue?.code;
  const refusal: Refusal = { service, status, kind, issueCode };
  const row = ROWS.find(({ when }) => when(refusal)) ?? REJECTED;
  const aboutContent = row.code === 'DUCTUS_PATIENT_REFUSED' || row.code === 'DUCTUS_PATIENT_DUPLICATE';
  const element = aboutContent ? elementOf(issue ?? { paths: [], text: body.text }) : undefined;
  const retryAfterMs =
    row.code === 'DUCTUS_ROCHE_UNREACHABLE' ? parseRetryAfter(answer.headers['retry-after'], nowMs) : undefined;
  const about = element === undefined ? '' : `, element ${element}`;
  const means = row.means === undefined ? '' : `: ${row.means}`;
  return new DuctusError(
    row.code,
    `Roche's ${PATIENT_SERVICE_NAMES[service]} answered ${status} (${describeErrorBody(body.shape, issueCode)}${about})${means}.`,
    {
      details: {
        service,
        status,
        answer: body.shape,
        ...(issueCode === undefined ? {} : { issueCode }),
        ...(element === undefined ? {} : { element }),
        ...(row.sent === undefined ? {} : { sent: row.sent }),
      },
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  );
}

/** True for a success whose body says that it is none. */
export function isRefusalInSuccess(answer: SmallAnswer): boolean {
  return readErrorBody(answer.body).issues.some((issue) => issue.isError);
}

/** True when Roche says that the patient is not there, and not a gateway that the path is not. */
export function isNotFound(answer: SmallAnswer): boolean {
  if (answer.status !== 404) return false;
  return readErrorBody(answer.body).issues.some((issue) => issue.code === 'not-found');
}

/** Of several issues: a duplicate before other content, since only it is decided elsewhere; then content before the rest. */
function decidingIssue(
  body: ErrorBody,
  kind: (issue: OutcomeIssue) => IssueKind | undefined,
): OutcomeIssue | undefined {
  const errors = body.issues.some((issue) => issue.isError) ? body.issues.filter((one) => one.isError) : body.issues;
  const of = (wanted: IssueKind): OutcomeIssue | undefined => errors.find((issue) => kind(issue) === wanted);
  return (
    of('duplicate') ?? of('content') ?? of('transient') ?? errors.find((issue) => issue.code !== undefined) ?? errors[0]
  );
}

function kindOf(issue: Pick<OutcomeIssue, 'code' | 'text'>, wordsCount: boolean): IssueKind | undefined {
  const kind = issue.code === undefined ? undefined : ISSUE_KINDS[issue.code];
  return wordsCount && !CLEAR_CODES.has(issue.code) && DUPLICATE_WORDS.test(issue.text) ? 'duplicate' : kind;
}

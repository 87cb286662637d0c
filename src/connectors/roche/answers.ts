/**
 * Which answer of Roche's services API means which error of Ductus (SPECS §1.1, §1.2, §1.4). Roche answers in two
 * shapes, a FHIR OperationOutcome from the application and plain JSON from the gateway, or with no body at all.
 *
 * Nothing of an answer is copied but the issue code: its text quotes receipt handles.
 */
import { z } from 'zod';
import { DuctusError } from '../../domain/errors';
import type { ErrorCode } from '../../domain/errors';
import { parseRetryAfter } from '../http/retry-after';
import type { SmallAnswer } from '../http/request';

export type RocheService = 'token' | 'acknowledge';

const OperationOutcomeSchema = z.object({
  resourceType: z.literal('OperationOutcome').optional(),
  issue: z
    .array(
      z.object({
        code: z.string().optional(),
        details: z.object({ text: z.string().optional() }).optional(),
        diagnostics: z.string().optional(),
      }),
    )
    .min(1),
});

/** `{"error":"Invalid Client"}` and `{"status":"error","detail":"…"}` (SPECS §1.2). */
const GatewayErrorSchema = z.union([z.object({ error: z.string() }), z.object({ detail: z.string() })]);

/** Codes of FHIR's issue-type value set look like this; anything else is not repeated. */
const ISSUE_CODE = /^[a-z][a-z-]{1,39}$/;

interface Refusal {
  readonly shape: 'operation-outcome' | 'gateway' | 'empty' | 'other';
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
  const refusal = readRefusal(answer.body);
  const code = ROWS.find((row) => row.when(answer.status, refusal, service))?.code ?? 'DUCTUS_ROCHE_REJECTED';
  const retryAfterMs =
    code === 'DUCTUS_ROCHE_UNREACHABLE' ? parseRetryAfter(answer.headers['retry-after'], nowMs) : undefined;
  return new DuctusError(code, `Roche's ${SERVICE_NAMES[service]} answered ${answer.status} (${describe(refusal)}).`, {
    details: {
      service,
      status: answer.status,
      answer: refusal.shape,
      ...(refusal.issueCode === undefined ? {} : { issueCode: refusal.issueCode }),
    },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function describe(refusal: Refusal): string {
  switch (refusal.shape) {
    case 'operation-outcome':
      return `issue code ${refusal.issueCode ?? 'missing'}`;
    case 'gateway':
      return 'by its gateway';
    case 'empty':
      return 'no body';
    case 'other':
      return 'a body in no known form';
  }
}

function readRefusal(body: Buffer): Refusal {
  if (body.length === 0) return { shape: 'empty', issueCode: undefined, aboutReceiptHandle: false };
  const json = parseJson(body);
  const outcome = OperationOutcomeSchema.safeParse(json);
  if (outcome.success) {
    const { issue } = outcome.data;
    return {
      shape: 'operation-outcome',
      issueCode: issue.map((i) => i.code).find((code) => code !== undefined && ISSUE_CODE.test(code)),
      aboutReceiptHandle: issue.some((i) =>
        /receipt\s*handle/i.test(`${i.details?.text ?? ''} ${i.diagnostics ?? ''}`),
      ),
    };
  }
  const shape = GatewayErrorSchema.safeParse(json).success ? 'gateway' : 'other';
  return { shape, issueCode: undefined, aboutReceiptHandle: false };
}

/** @returns undefined for what is not JSON */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

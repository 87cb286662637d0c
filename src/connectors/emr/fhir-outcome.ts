/**
 * What a FHIR server answers to a transaction: the Bundle that says what became of each entry, or an OperationOutcome
 * (FHIR R4, http.html#transaction-response, operationoutcome.html). Its `diagnostics` and texts are never kept: servers
 * quote the resource there.
 */
import { z } from 'zod';
import type { SafeDetails } from '../../domain/errors';

/** The value set issue-type of FHIR R4, which is closed (required binding). */
const ISSUE_TYPES: ReadonlySet<string> = new Set(
  (
    'invalid structure required value invariant security login unknown expired forbidden suppressed processing ' +
    'not-supported duplicate multiple-matches not-found deleted too-long code-invalid extension too-costly ' +
    'business-rule conflict transient lock-error no-store exception timeout incomplete throttled informational'
  ).split(' '),
);

/** A path as servers write it, `Bundle.entry[3].resource.value.ofType(Quantity)`: names and positions, no values. */
const EXPRESSION =
  /^[A-Z][A-Za-z]{1,40}(?:\.[a-z][A-Za-z]{0,40}(?:\[\d{1,5}\])?|\.ofType\([A-Za-z]{1,40}\)|\[x\]){0,10}$/;
const LONGEST_EXPRESSION = 100;
/** In the details of an error; the first ones say what is wrong. */
const MOST_ISSUES = 5;

const OutcomeSchema = z.object({
  resourceType: z.literal('OperationOutcome'),
  issue: z.array(
    z.object({
      severity: z.string().optional(),
      code: z.string().optional(),
      expression: z.array(z.string()).optional(),
    }),
  ),
});

const TransactionResponseSchema = z.object({
  resourceType: z.literal('Bundle'),
  type: z.literal('transaction-response'),
  entry: z.array(z.object({ response: z.object({ status: z.string() }) })).default([]),
});

const SentSchema = z.object({ entry: z.array(z.unknown()).default([]) });

/**
 * The statuses of a transaction's entries, in the order in which they were sent.
 * @returns undefined when the body is not a Bundle of type `transaction-response`
 */
export function entryStatuses(body: Uint8Array): readonly string[] | undefined {
  return TransactionResponseSchema.safeParse(json(body)).data?.entry.map(({ response }) => response.status);
}

/** How many entries a Bundle has that is to be sent. */
export function entriesIn(bytes: Uint8Array): number {
  return SentSchema.safeParse(json(bytes)).data?.entry.length ?? 0;
}

/**
 * The issues of an OperationOutcome, as far as they have a closed form.
 * @returns undefined when the body is none
 */
export function outcomeDetails(body: Uint8Array): SafeDetails | undefined {
  const outcome = OutcomeSchema.safeParse(json(body)).data;
  if (outcome === undefined) return undefined;
  // Warnings that come along would push the reason out of the list.
  const errors = outcome.issue.filter(({ severity }) => severity === 'error' || severity === 'fatal');
  const issues = (errors.length === 0 ? outcome.issue : errors).slice(0, MOST_ISSUES);
  const codes = issues.flatMap(({ code = '' }) => (ISSUE_TYPES.has(code) ? [code] : []));
  const expressions = issues
    .flatMap(({ expression = [] }) => expression)
    .filter((each) => each.length <= LONGEST_EXPRESSION && EXPRESSION.test(each))
    .slice(0, MOST_ISSUES);
  return {
    ...(codes.length === 0 ? {} : { issueCodes: codes.join(' ') }),
    ...(expressions.length === 0 ? {} : { expressions: expressions.join(' ') }),
  };
}

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

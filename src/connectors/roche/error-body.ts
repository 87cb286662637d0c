/**
 * Reads the body of a refusal by Roche. It comes in two shapes, a FHIR OperationOutcome from the application and plain JSON
 * from the gateway, or there is none (SPECS §1.2). Its text may quote what was sent: it is for deciding, never for showing.
 */
import { z } from 'zod';

export interface OutcomeIssue {
  /** A code of FHIR's issue-type value set by its form; others are left out. */
  readonly code: string | undefined;
  /** Not `information` or `warning`. */
  readonly isError: boolean;
  /** `details.text` and `diagnostics`; quotes values. */
  readonly text: string;
  /** `expression` (FHIRPath), then `location`; may quote values. */
  readonly paths: readonly string[];
}

export interface ErrorBody {
  readonly shape: 'operation-outcome' | 'gateway' | 'empty' | 'other';
  /** Of an OperationOutcome. */
  readonly issues: readonly OutcomeIssue[];
  /** Of the gateway: `error` or `detail`; quotes values. */
  readonly text: string;
}

/** One that is not text is left out, so that a strange detail does not hide the code. */
const text = z.string().optional().catch(undefined);
const texts = z.array(z.string()).optional().catch(undefined);

const OperationOutcomeSchema = z.object({
  resourceType: z.literal('OperationOutcome').optional(),
  issue: z
    .array(
      z.object({
        severity: text,
        code: z.string().optional(),
        details: z.object({ text }).optional().catch(undefined),
        diagnostics: text,
        location: texts,
        expression: texts,
      }),
    )
    .min(1),
});

/** `{"error":"Invalid Client"}` and `{"status":"error","detail":"…"}` (SPECS §1.2). */
const GatewayErrorSchema = z.union([z.object({ error: z.string() }), z.object({ detail: z.string() })]);

/** Codes of FHIR's issue-type value set look like this; anything else is not repeated. */
const ISSUE_CODE = /^[a-z][a-z-]{1,39}$/;

/** Reads what a refusal says. */
export function readErrorBody(body: Buffer): ErrorBody {
  if (body.length === 0) return { shape: 'empty', issues: [], text: '' };
  const json = parseJson(body);
  const outcome = OperationOutcomeSchema.safeParse(json);
  if (outcome.success) {
    const issues = outcome.data.issue.map((issue) => ({
      code: issue.code !== undefined && ISSUE_CODE.test(issue.code) ? issue.code : undefined,
      isError: issue.severity !== 'information' && issue.severity !== 'warning',
      text: `${issue.details?.text ?? ''} ${issue.diagnostics ?? ''}`,
      paths: [...(issue.expression ?? []), ...(issue.location ?? [])],
    }));
    return { shape: 'operation-outcome', issues, text: '' };
  }
  const gateway = GatewayErrorSchema.safeParse(json);
  if (!gateway.success) return { shape: 'other', issues: [], text: '' };
  return { shape: 'gateway', issues: [], text: 'error' in gateway.data ? gateway.data.error : gateway.data.detail };
}

/** The shape in words, for a message. */
export function describeErrorBody(shape: ErrorBody['shape'], issueCode: string | undefined): string {
  switch (shape) {
    case 'operation-outcome':
      return `issue code ${issueCode ?? 'missing'}`;
    case 'gateway':
      return 'by its gateway';
    case 'empty':
      return 'no body';
    case 'other':
      return 'a body in no known form';
  }
}

/** @returns undefined for what is not JSON */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

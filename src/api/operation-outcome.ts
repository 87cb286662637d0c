/** Error answers of the HTTP API: FHIR OperationOutcomes that name the element, and never quote what was sent. */
import { ERRORS, type ErrorCode } from '../domain/errors';

/** Issue types of FHIR that our errors map to (http://hl7.org/fhir/valueset-issue-type.html). */
const ISSUE_TYPES: Partial<Record<ErrorCode, string>> = {
  DUCTUS_REQUEST_INVALID: 'invalid',
  DUCTUS_UNAUTHENTICATED: 'login',
  DUCTUS_FORBIDDEN: 'forbidden',
  DUCTUS_ORGANIZATION_UNKNOWN: 'not-found',
  DUCTUS_NOT_FOUND: 'not-found',
  DUCTUS_STATE_CONFLICT: 'conflict',
  DUCTUS_BODY_TOO_LARGE: 'too-long',
  DUCTUS_MEDIA_TYPE_UNSUPPORTED: 'not-supported',
  DUCTUS_TEMPORAL_UNAVAILABLE: 'transient',
  DUCTUS_STORE_UNAVAILABLE: 'transient',
};

export interface Issue {
  /** Path of the element, like `MessageReference.objectKey`. */
  readonly expression?: string;
  readonly text: string;
}

export interface OperationOutcome {
  readonly resourceType: 'OperationOutcome';
  readonly issue: readonly {
    readonly severity: 'error';
    readonly code: string;
    readonly details: {
      readonly coding: readonly { readonly system: string; readonly code: ErrorCode }[];
      readonly text: string;
    };
    readonly expression?: readonly string[];
  }[];
}

/** System of our codes in an OperationOutcome. */
const CODE_SYSTEM = 'urn:ductus:error';

/**
 * Builds the answer to a request that failed.
 * @param issues what is wrong where; the title of the code when left out
 */
export function operationOutcome(
  code: ErrorCode,
  issues: readonly Issue[] = [{ text: ERRORS[code].title }],
): OperationOutcome {
  return {
    resourceType: 'OperationOutcome',
    issue: issues.map((issue) => ({
      severity: 'error',
      code: ISSUE_TYPES[code] ?? 'exception',
      details: { coding: [{ system: CODE_SYSTEM, code }], text: issue.text },
      ...(issue.expression === undefined ? {} : { expression: [issue.expression] }),
    })),
  };
}

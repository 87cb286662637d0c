/** Issues of an OperationOutcome. Texts name the element and the rule, never a value. */
import type { FhirIssue, FhirIssueCode } from './contract';

/** @param text goes behind the element: `has no …` */
export function issue(code: FhirIssueCode, expression: string, text: string): FhirIssue {
  return { severity: 'error', code, expression: [expression], diagnostics: `${expression} ${text}` };
}

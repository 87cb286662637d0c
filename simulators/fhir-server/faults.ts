/** What the FHIR server can do in place of taking a transaction, ordered by whoever drives it. */
import { z } from 'zod';

export const FhirFaultSchema = z.strictObject({
  kind: z.enum([
    /** An error status; with `outcome` an OperationOutcome. Nothing is stored. */
    'status',
    /** 200 with something that is no transaction-response; stored. */
    'garbage',
    /** A transaction-response whose last entry is missing; stored. */
    'short-answer',
    /** The connection is closed and nothing is stored. */
    'drop-before-storing',
    /** Stored, then the connection is closed without an answer. */
    'drop-after-storing',
    /** Half of the answer, then the connection is closed; stored. */
    'half-answer',
    /** Stored, no answer ever. */
    'hang',
    /** Taken, and answered when `release` is called. */
    'hold',
  ]),
  status: z.number().int().min(200).max(599).default(500),
  /** Header `Retry-After` as it stands. */
  retryAfter: z.string().optional(),
  /** Header `Location` of a redirect. */
  location: z.string().optional(),
  outcome: z
    .strictObject({
      code: z.string(),
      expression: z.array(z.string()).optional(),
      diagnostics: z.string().optional(),
    })
    .optional(),
  /** For how many transactions. */
  times: z.number().int().positive().default(1),
});
export type FhirFault = z.input<typeof FhirFaultSchema>;
export type ParsedFault = z.output<typeof FhirFaultSchema>;

/** Gives out ordered faults, in order. */
export class FaultScript {
  #faults: ParsedFault[] = [];

  add(fault: FhirFault): void {
    this.#faults.push(FhirFaultSchema.parse(fault));
  }

  /** The next one, if any; it is used up. */
  take(): ParsedFault | undefined {
    const [next] = this.#faults;
    if (next !== undefined) {
      next.times -= 1;
      this.#faults = this.#faults.filter(({ times }) => times > 0);
    }
    return next;
  }
}

/** An OperationOutcome with one issue. */
export function operationOutcome(code: string, diagnostics: string, expression?: readonly string[]): object {
  return {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code, diagnostics, ...(expression === undefined ? {} : { expression }) }],
  };
}

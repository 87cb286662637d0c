/** Refusals of content (AE). Texts name the field and the rule, never a value. */
import type { Hl7ErrorCode, Hl7Location, Hl7Problem } from './contract';

/** Required segment or field is missing: 100 for a segment, 101 for a field (table 0357). */
export function missing(location: Hl7Location, text: string): Hl7Problem {
  return problem(location.field === undefined ? '100' : '101', location, text);
}

/** A value that its type does not allow (102). */
export function malformed(location: Hl7Location, text: string): Hl7Problem {
  return problem('102', location, text);
}

/** A code that its table does not have (103). */
export function unknownCode(location: Hl7Location, text: string): Hl7Problem {
  return problem('103', location, text);
}

/** AE with a code of the caller's. */
export function problem(errorCode: Hl7ErrorCode, location: Hl7Location, text: string): Hl7Problem {
  return { answer: 'AE', errorCode, location, text };
}

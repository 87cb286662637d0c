/**
 * A rule of the mapping: which element is made of which field, and why. The same tables map, refuse what cannot be mapped,
 * and become docs/reference/patient-mapping.md.
 */
import type { Hl7Problem } from './contract';

/** What the page shows of a rule. */
export interface DocumentedRule {
  /** Unique name, as in `pid-7`. */
  readonly id: string;
  /** HL7 field or FHIR element, as in `PID-7`. */
  readonly source: string;
  /** STU3 element, as in `Patient.birthDate`. */
  readonly target: string;
  /** How, and by which source. */
  readonly how: string;
}

/** One row that reads `From` and says what it has to say of `To`. */
export interface Rule<From, To, Context> extends DocumentedRule {
  /** `{}` when it says nothing. */
  readonly write: (from: From, context: Context) => Partial<To>;
  /** What keeps a message from being taken; undefined when all is well. */
  readonly refuse?: (from: From) => Hl7Problem | undefined;
}

/** What all rows of a table say together. */
export function applyRules<From, To extends object, Context>(
  rules: readonly Pick<Rule<From, To, Context>, 'write'>[],
  from: From,
  context: Context,
): Partial<To> {
  let said: Partial<To> = {};
  for (const { write } of rules) said = { ...said, ...write(from, context) };
  return said;
}

/** A table, with its rows checked. */
export function ruleTable<From, To, Context>(
  rows: readonly Rule<From, To, Context>[],
): readonly Rule<From, To, Context>[] {
  return rows;
}

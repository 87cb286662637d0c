/** What is known of a patient, whichever door it came by. */
import type { ConditionElements, PatientElements } from './stu3';

export interface PatientRecord {
  readonly number: string;
  readonly patient: PatientElements;
  /** One for each kind of diabetes, in the order of the message. */
  readonly conditions: readonly ConditionElements[];
  /** False when the message says nothing about diagnoses of diabetes; true also when it takes them all back. */
  readonly saysDiagnoses: boolean;
}

/** Codes of complications (E11.2, E11.4 …) all say the same kind. */
export function onePerKind(conditions: readonly ConditionElements[]): ConditionElements[] {
  const seen = new Set<string>();
  return conditions.filter(({ snomed }) => {
    if (seen.has(snomed)) return false;
    seen.add(snomed);
    return true;
  });
}

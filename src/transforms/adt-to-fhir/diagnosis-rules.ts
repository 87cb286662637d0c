/** DG1 → Condition (v2-to-FHIR guide, DG1[Condition]), for diagnoses of diabetes alone. */
import type { Hl7Segment } from '../../protocols/hl7-v2/message';
import type { PatientSyncSettings } from './contract';
import { diabetesOf, type DiagnosisCode } from './diagnosis-codes';
import { applyRules, ruleTable, type DocumentedRule } from './rule';
import type { ConditionElements } from './stu3';
import { clean, said } from './text';
import { fhirDateTime, readTime } from './times';

/** Table 0052: A is what the admitting doctor thinks; W (working) and F (final) are diagnoses (SPECS §6.1). */
const ADMITTING = 'A';
/** Table 0206. */
const DELETE = 'D';

const DIAGNOSIS_RULES = ruleTable<Hl7Segment, ConditionElements, PatientSyncSettings>([
  {
    id: 'dg1-3',
    source: 'DG1-3 (DG1-2)',
    target: 'Condition.code',
    how: 'SNOMED code of the kind of diabetes, by the tables below and `diagnoses` of the configuration; the system is DG1-3.3, in older versions DG1-2; the alternate code (DG1-3.4, DG1-3.6) where the first says nothing',
    write: (dg1, settings) => {
      const snomed = codeOf(dg1, settings);
      return snomed === undefined ? {} : { snomed };
    },
  },
  {
    id: 'dg1-4',
    source: 'DG1-4, DG1-3.2, DG1-3.5',
    target: 'Condition.code.text',
    how: 'the words of the HIS, the first that are there',
    write: (dg1) => said('text', clean(dg1.value(4)) || clean(dg1.value(3, 2)) || clean(dg1.value(3, 5))),
  },
  {
    id: 'dg1-5',
    source: 'DG1-5',
    target: 'Condition.onsetDateTime',
    how: 'left out when it is no time',
    write: (dg1, { timeZone }) => timeElement('onsetDateTime', dg1.value(5), timeZone),
  },
  {
    id: 'dg1-19',
    source: 'DG1-19',
    target: 'Condition.assertedDate',
    how: 'left out when it is no time',
    write: (dg1, { timeZone }) => timeElement('assertedDate', dg1.value(19), timeZone),
  },
]);

export const DOCUMENTED_DIAGNOSIS_RULES: readonly DocumentedRule[] = DIAGNOSIS_RULES;

/** What a DG1 says of diabetes. */
export type Diagnosis =
  | { readonly kind: 'active'; readonly condition: ConditionElements }
  /** Of diabetes, and taken back by the HIS (DG1-21), or the admitting doctor's guess. */
  | { readonly kind: 'left-out' };

/** @returns undefined when it is not about diabetes */
export function readDiagnosis(dg1: Hl7Segment, settings: PatientSyncSettings): Diagnosis | undefined {
  const snomed = codeOf(dg1, settings);
  if (snomed === undefined) return undefined;
  const isLeftOut = dg1.value(21).trim().toUpperCase() === DELETE || dg1.value(6).trim().toUpperCase() === ADMITTING;
  if (isLeftOut) return { kind: 'left-out' };
  return { kind: 'active', condition: { snomed, ...applyRules(DIAGNOSIS_RULES, dg1, settings) } };
}

function codeOf(dg1: Hl7Segment, { diagnoses }: PatientSyncSettings): string | undefined {
  for (const code of codesOf(dg1)) {
    const snomed = diabetesOf(code, diagnoses);
    if (snomed !== undefined) return snomed;
  }
  return undefined;
}

function codesOf(dg1: Hl7Segment): DiagnosisCode[] {
  const field = dg1.field(3);
  return [
    { code: field.text(1), system: field.text(3).trim() === '' ? dg1.value(2) : field.text(3) },
    { code: field.text(4), system: field.text(6) },
  ].filter(({ code }) => code.trim() !== '');
}

function timeElement(
  name: 'onsetDateTime' | 'assertedDate',
  text: string,
  zone: PatientSyncSettings['timeZone'],
): Partial<ConditionElements> {
  const time = readTime(text);
  return time === undefined ? {} : { [name]: fhirDateTime(time, zone) };
}

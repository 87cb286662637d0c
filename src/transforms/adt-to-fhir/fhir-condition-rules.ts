/** Condition of the HIS (R4 or STU3) → Condition of STU3, for diagnoses of diabetes alone. */
import type { PatientSyncSettings } from './contract';
import { diabetesOf } from './diagnosis-codes';
import type { Diagnosis } from './diagnosis-rules';
import { fhirTime } from './fhir-patient-rules';
import type { FhirCondition, Status } from './fhir-shapes';
import type { DocumentedRule } from './rule';
import { clean, said } from './text';

export const DOCUMENTED_FHIR_CONDITION_RULES: readonly DocumentedRule[] = [
  {
    id: 'fhir-code',
    source: 'Condition.code',
    target: 'Condition.code',
    how: 'the first coding that means diabetes by the tables below and `diagnoses` of the configuration; the text as it stands, else that coding’s display',
  },
  {
    id: 'fhir-clinical-status',
    source: 'Condition.clinicalStatus, verificationStatus',
    target: 'Condition.clinicalStatus',
    how: 'active. A Condition that is inactive, in remission or resolved, entered in error, refuted, unconfirmed or differential is left out',
  },
  {
    id: 'fhir-onset',
    source: 'Condition.onsetDateTime',
    target: 'Condition.onsetDateTime',
    how: 'left out when it is no time',
  },
  {
    id: 'fhir-asserted',
    source: 'Condition.assertedDate (STU3), recordedDate (R4)',
    target: 'Condition.assertedDate',
    how: 'left out when it is no time',
  },
];

const NOT_ACTIVE: ReadonlySet<string> = new Set(['inactive', 'remission', 'resolved']);
const NOT_SURE: ReadonlySet<string> = new Set(['entered-in-error', 'refuted', 'unconfirmed', 'differential']);

/** @returns undefined when it is not about diabetes */
export function readFhirDiagnosis(condition: FhirCondition, settings: PatientSyncSettings): Diagnosis | undefined {
  for (const { system = '', code = '', display = '' } of condition.code?.coding ?? []) {
    const snomed = diabetesOf({ system, code }, settings.diagnoses);
    if (snomed === undefined) continue;
    const codes = [...codesOf(condition.clinicalStatus), ...codesOf(condition.verificationStatus)];
    if (codes.some((status) => NOT_ACTIVE.has(status) || NOT_SURE.has(status))) return { kind: 'left-out' };
    const onsetDateTime = fhirTime(condition.onsetDateTime, settings);
    const assertedDate = fhirTime(condition.assertedDate ?? condition.recordedDate, settings);
    return {
      kind: 'active',
      condition: {
        snomed,
        ...said('text', clean(condition.code?.text ?? '') || clean(display)),
        ...(onsetDateTime === undefined ? {} : { onsetDateTime }),
        ...(assertedDate === undefined ? {} : { assertedDate }),
      },
    };
  }
  return undefined;
}

function codesOf(status: Status): string[] {
  if (status === undefined) return [];
  return typeof status === 'string' ? [status] : (status.coding ?? []).map(({ code }) => code ?? '');
}

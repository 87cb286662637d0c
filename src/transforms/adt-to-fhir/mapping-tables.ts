/** Everything that decides how a patient reaches Roche, for docs/reference/patient-mapping.md. The code reads the same tables. */
import { DOCUMENTED_ADDRESS_RULES } from './address';
import {
  ADDRESS_TYPE,
  ADDRESS_USE,
  GENDER,
  MARITAL_STATUS,
  NAME_USE,
  NO_ADDRESS_OF_THE_PATIENT,
  NO_NAME_OF_THE_PATIENT,
  TELECOM_SYSTEM,
  TELECOM_USE,
} from './code-tables';
import { DOCUMENTED_CONTACT_RULES } from './contact-point';
import { DIABETES, ICD_10, ICD_9, type IcdRow } from './diagnosis-codes';
import { DOCUMENTED_DIAGNOSIS_RULES } from './diagnosis-rules';
import { DOCUMENTED_FHIR_CONDITION_RULES } from './fhir-condition-rules';
import { DOCUMENTED_FHIR_PATIENT_RULES } from './fhir-patient-rules';
import { DOCUMENTED_IDENTITY_RULES } from './identity-rules';
import { DOCUMENTED_PATIENT_RULES } from './patient-rules';
import { DOCUMENTED_NAME_RULES } from './person-name';
import type { DocumentedRule } from './rule';

export interface DocumentedTable {
  readonly title: string;
  readonly about: string;
  readonly rules: readonly DocumentedRule[];
}

export const MAPPING_TABLES: readonly DocumentedTable[] = [
  {
    title: 'Which message, when, and whose',
    about: 'What decides whether a message is taken, and in which order. `patientSync.…` are keys of an organization.',
    rules: DOCUMENTED_IDENTITY_RULES,
  },
  { title: 'PID → Patient', about: 'The patient.', rules: DOCUMENTED_PATIENT_RULES },
  { title: 'XPN → HumanName', about: 'Each repetition of PID-5 and PID-9.', rules: DOCUMENTED_NAME_RULES },
  {
    title: 'XTN → ContactPoint',
    about: 'Each repetition of PID-13, PID-14 and PID-40.',
    rules: DOCUMENTED_CONTACT_RULES,
  },
  { title: 'XAD → Address', about: 'Each repetition of PID-11.', rules: DOCUMENTED_ADDRESS_RULES },
  {
    title: 'DG1 → Condition',
    about:
      'Each DG1 whose code means a kind of diabetes; one Condition for each kind. DG1-21 `D` (deleted) and DG1-6 `A` ' +
      '(admitting) are left out. When several messages wait for a patient, the newest that says anything about diabetes counts.',
    rules: DOCUMENTED_DIAGNOSIS_RULES,
  },
  {
    title: 'Patient of the FHIR door → Patient',
    about: 'R4 and STU3. Elements that are not listed are not stored and not sent.',
    rules: DOCUMENTED_FHIR_PATIENT_RULES,
  },
  {
    title: 'Condition of the FHIR door → Condition',
    about: 'R4 and STU3. The subject must lead to the Patient of the Bundle.',
    rules: DOCUMENTED_FHIR_CONDITION_RULES,
  },
];

export interface DocumentedCodes {
  readonly title: string;
  readonly from: string;
  readonly to: string;
  readonly rows: readonly (readonly [string, string])[];
}

export const CODE_TABLES: readonly DocumentedCodes[] = [
  { title: 'Sex (table 0001)', from: 'PID-8', to: 'gender', rows: [...GENDER] },
  {
    title: 'Marital status (table 0002)',
    from: 'PID-16',
    to: 'v3 MaritalStatus',
    rows: [...MARITAL_STATUS].map(([code, { code: to, display }]) => [code, `${to} (${display})`]),
  },
  {
    title: 'Name type (table 0200)',
    from: 'XPN.7',
    to: 'use',
    rows: [...NAME_USE, ...leftOut(NO_NAME_OF_THE_PATIENT)],
  },
  {
    title: 'Address type (table 0190)',
    from: 'XAD.7',
    to: 'use or type',
    rows: [
      ...ADDRESS_USE,
      ...[...ADDRESS_TYPE].map(([code, type]): [string, string] => [code, `type ${type}`]),
      ...leftOut(NO_ADDRESS_OF_THE_PATIENT),
    ],
  },
  { title: 'Telecommunication use (table 0201)', from: 'XTN.2', to: 'use', rows: [...TELECOM_USE] },
  { title: 'Telecommunication equipment (table 0202)', from: 'XTN.3', to: 'system', rows: [...TELECOM_SYSTEM] },
  { title: 'ICD-10, ICD-10-GM, ICD-10-CM', from: 'code begins', to: 'SNOMED code', rows: ICD_10.map(icdRow) },
  { title: 'ICD-9, ICD-9-CM', from: 'code begins', to: 'SNOMED code', rows: ICD_9.map(icdRow) },
  { title: 'SNOMED codes that are taken as they are', from: 'code', to: 'display', rows: [...DIABETES] },
];

function leftOut(codes: ReadonlySet<string>): [string, string][] {
  return [...codes].map((code) => [code, 'left out']);
}

function icdRow({ begins, snomed, about }: IcdRow): [string, string] {
  return [begins.length > 3 ? `${begins.slice(0, 3)}.${begins.slice(3)}` : begins, `${snomed} (${about})`];
}

/** A Patient and its Conditions, taken out of what the FHIR door gets, with everything that keeps them from being taken. */
import { DuctusError } from '../../domain/errors';
import type { z } from 'zod';
import type { FhirIssue, PatientNumber, PatientSyncSettings } from './contract';
import { readFhirDiagnosis } from './fhir-condition-rules';
import { issue } from './fhir-issue';
import { readFhirNumber } from './fhir-number';
import { fhirPatientElements, isFhirDate, isTime, nameOf } from './fhir-patient-rules';
import {
  FhirBundleShape,
  FhirConditionShape,
  FhirHeadShape,
  FhirPatientShape,
  type FhirCondition,
  type FhirIdentifier,
  type FhirPatient,
} from './fhir-shapes';
import { isComplete } from './person-name';
import { onePerKind, type PatientRecord } from './patient-record';

/** What was found. */
export interface FhirParts {
  readonly patient: FhirPatient;
  readonly fullUrl: string | undefined;
  readonly number: PatientNumber;
  readonly identifier: FhirIdentifier;
  /** Those about diabetes. */
  readonly conditions: readonly FhirCondition[];
}

export type FhirPartsReading =
  { readonly ok: true; readonly parts: FhirParts } | { readonly ok: false; readonly issues: readonly FhirIssue[] };

interface Found<T> {
  readonly resource: T;
  readonly fullUrl: string | undefined;
  readonly path: string;
}

/** Never throws. */
export function readFhirParts(value: unknown, settings: PatientSyncSettings): FhirPartsReading {
  const issues: FhirIssue[] = [];
  const { patients, conditions } = findResources(value, issues);
  const [patient, second] = patients;
  if (second !== undefined) {
    issues.push(issue('business-rule', second.path, 'is a second patient; send a request for each patient'));
  }
  if (patient === undefined) {
    if (issues.length === 0) issues.push(issue('required', 'Bundle.entry', 'has no Patient'));
    return { ok: false, issues };
  }
  const number = readFhirNumber(patient.resource.identifier ?? [], settings.identifier, patient.path);
  if (!number.ok) issues.push(number.issue);
  issues.push(...patientIssues(patient));
  if (number.ok) issues.push(...conditions.flatMap((condition) => subjectIssues(condition, patient, number.number)));
  if (!number.ok || issues.length > 0) return { ok: false, issues };
  return {
    ok: true,
    parts: {
      patient: patient.resource,
      fullUrl: patient.fullUrl,
      number: number.number,
      identifier: number.identifier,
      conditions: conditions
        .map(({ resource }) => resource)
        .filter((condition) => readFhirDiagnosis(condition, settings) !== undefined),
    },
  };
}

/** @throws DuctusError DUCTUS_HL7_INVALID when it cannot be read: the configuration has changed since it was taken */
export function readFhirRecord(value: unknown, settings: PatientSyncSettings): PatientRecord {
  const reading = readFhirParts(value, settings);
  if (!reading.ok) {
    throw new DuctusError(
      'DUCTUS_HL7_INVALID',
      'A patient that was taken can no longer be read: patientSync.identifier has changed since.',
    );
  }
  const { patient, number, conditions } = reading.parts;
  const diagnoses = conditions.map((condition) => readFhirDiagnosis(condition, settings));
  return {
    number: number.value,
    patient: fhirPatientElements(patient, settings),
    conditions: onePerKind(
      diagnoses.filter((diagnosis) => diagnosis?.kind === 'active').map(({ condition }) => condition),
    ),
    saysDiagnoses: conditions.length > 0,
  };
}

function findResources(
  value: unknown,
  issues: FhirIssue[],
): { patients: Found<FhirPatient>[]; conditions: Found<FhirCondition>[] } {
  const patients: Found<FhirPatient>[] = [];
  const conditions: Found<FhirCondition>[] = [];
  const take = (resource: unknown, fullUrl: string | undefined, path: string): void => {
    const type = typeOf(resource);
    if (type === 'Patient') {
      const patient = shaped(FhirPatientShape, resource, path, issues);
      if (patient !== undefined) patients.push({ resource: patient, fullUrl, path });
    } else if (type === 'Condition') {
      const condition = shaped(FhirConditionShape, resource, path, issues);
      if (condition !== undefined) conditions.push({ resource: condition, fullUrl, path });
    }
  };
  const type = typeOf(value);
  if (type === 'Patient') take(value, undefined, 'Patient');
  else if (type === 'Bundle') {
    const bundle = shaped(FhirBundleShape, value, 'Bundle', issues);
    for (const [position, { fullUrl, resource }] of (bundle?.entry ?? []).entries()) {
      take(resource, fullUrl, `Bundle.entry[${position}].resource`);
    }
  } else if (type === undefined) {
    issues.push(issue('structure', 'resourceType', 'is missing: this is no FHIR resource'));
  } else {
    issues.push(issue('not-supported', 'resourceType', 'is not taken here: send a Patient, or a Bundle with one'));
  }
  return { patients, conditions };
}

function typeOf(value: unknown): string | undefined {
  const head = FhirHeadShape.safeParse(value);
  return head.success ? head.data.resourceType : undefined;
}

/** What zod says is left out: it may quote. */
function shaped<T>(shape: z.ZodType<T>, value: unknown, path: string, issues: FhirIssue[]): T | undefined {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  for (const { path: inside, code } of result.error.issues) {
    const steps = inside.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
    const element = path + steps.join('');
    issues.push(
      code === 'invalid_value'
        ? issue('value', element, 'has a code that its value set does not have')
        : issue('structure', element, 'is not of the type that FHIR gives it'),
    );
  }
  return undefined;
}

function patientIssues({ resource, path }: Found<FhirPatient>): FhirIssue[] {
  const issues: FhirIssue[] = [];
  const names = (resource.name ?? []).map(nameOf);
  if (!names.some(isComplete)) {
    const element =
      names.length === 0 ? 'name' : names.every(({ family }) => family === undefined) ? 'name.family' : 'name.given';
    issues.push(issue('required', `${path}.${element}`, 'is missing: Roche wants a family and a given name'));
  }
  const { birthDate, deceasedDateTime } = resource;
  if (birthDate !== undefined && !isFhirDate(birthDate)) {
    issues.push(issue('value', `${path}.birthDate`, 'is no date of the calendar in the form YYYY[-MM[-DD]]'));
  }
  if (deceasedDateTime !== undefined && !isTime(deceasedDateTime)) {
    issues.push(issue('value', `${path}.deceasedDateTime`, 'is no time of the calendar'));
  }
  if (resource.meta?.lastUpdated !== undefined && !isTime(resource.meta.lastUpdated)) {
    issues.push(issue('value', `${path}.meta.lastUpdated`, 'is no time of the calendar'));
  }
  return issues;
}

/** A Condition of somebody else must not become this patient's. */
function subjectIssues(
  { resource: { subject }, path }: Found<FhirCondition>,
  patient: Found<FhirPatient>,
  number: PatientNumber,
): FhirIssue[] {
  if (subject?.reference === undefined && subject?.identifier === undefined) {
    return [issue('required', `${path}.subject`, 'is missing')];
  }
  const { reference, identifier } = subject;
  const isNamed = reference === undefined ? identifier?.value === number.value : refersTo(reference, patient);
  return isNamed ? [] : [issue('invalid', `${path}.subject`, 'does not lead to the Patient of the Bundle')];
}

function refersTo(reference: string, { resource, fullUrl }: Found<FhirPatient>): boolean {
  if (reference === fullUrl) return true;
  if (resource.id === undefined || resource.id === '') return false;
  const [relative = ''] = /Patient\/[^/]+(?=$|\/_history\/)/.exec(reference) ?? [];
  return relative === `Patient/${resource.id}` || reference === `urn:uuid:${resource.id}`;
}

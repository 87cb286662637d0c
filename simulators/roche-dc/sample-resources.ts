/**
 * Synthetic STU3 resources in Roche's profiles (SPECS §1.5). Everything that looks like a person or a number of one is
 * made up and says so; OIDs are below 2.999, the arc for examples.
 */
/// <reference types="fhir" />

export const PROFILE = 'http://roche.com/fhir/rdc/StructureDefinition/';
export const ROCHE_CODES = 'http://roche.com/fhir/rdc/cs';
export const LOINC = 'http://loinc.org';
export const SNOMED = 'http://snomed.info/sct';
export const UCUM = 'http://unitsofmeasure.org';

/** Assigning authority of the synthetic patient numbers. */
export const SAMPLE_AUTHORITY = 'urn:oid:2.999.1.10';

/** 1 mmol/L of glucose in mg/dL (SPECS §6.2). */
const MG_PER_MMOL = 18.0156;

/** A person who does not exist. */
export interface SamplePatient {
  /** The hospital's number: Roche puts it in place of its own id. */
  readonly id: string;
  readonly system: string;
  readonly family: string;
  readonly given: string;
  readonly gender: 'female' | 'male' | 'other';
  readonly birthDate: string;
}

/** The synthetic patient with this number: always the same person. */
export function samplePatient(number: number): SamplePatient {
  const padded = String(number).padStart(6, '0');
  return {
    id: `SYN-${padded}`,
    system: SAMPLE_AUTHORITY,
    family: `Synthetic-${padded}`,
    given: 'Test',
    gender: (['female', 'male', 'other'] as const)[number % 3] ?? 'other',
    birthDate: `19${String(30 + (number % 70)).padStart(2, '0')}-0${1 + (number % 9)}-1${number % 10}`,
  };
}

export function patientResource(patient: SamplePatient, lastUpdated: string): fhir.Patient {
  return {
    resourceType: 'Patient',
    id: patient.id,
    meta: { versionId: '1', lastUpdated, profile: [`${PROFILE}patient-v2`] },
    identifier: [{ use: 'official', system: patient.system, value: patient.id }],
    active: true,
    name: [{ use: 'official', family: patient.family, given: [patient.given] }],
    gender: patient.gender,
    birthDate: patient.birthDate,
  };
}

export function subjectOf(patient: SamplePatient): fhir.Reference {
  return { reference: `Patient/${patient.id}`, identifier: { system: patient.system, value: patient.id } };
}

/** What all measured resources have. */
export interface SampleEvent {
  readonly id: string;
  readonly versionId: number;
  readonly lastUpdated: string;
  /** FHIR dateTime, or one without offset as some devices send. */
  readonly at: string;
  readonly patient: SamplePatient;
  /** `DeviceMetric/…`; undefined: entered by hand. */
  readonly deviceMetric?: string;
}

export interface GlucoseReading extends SampleEvent {
  readonly milligramsPerDeciliter: number;
  readonly unit: 'mg/dL' | 'mmol/L';
  readonly status: 'final' | 'amended' | 'cancelled';
  /** By a sensor under the skin instead of a meter; needs a `deviceMetric`. */
  readonly interstitial?: boolean;
  /** References of what belongs to it: carbohydrates eaten, for one. */
  readonly members?: readonly string[];
  readonly comment?: string;
}

/** A blood glucose Observation, profile `bg-observation`. */
export function glucoseObservation(reading: GlucoseReading): fhir.Observation {
  const value =
    reading.unit === 'mg/dL'
      ? reading.milligramsPerDeciliter
      : Math.round((reading.milligramsPerDeciliter / MG_PER_MMOL) * 10) / 10;
  return {
    resourceType: 'Observation',
    id: reading.id,
    meta: {
      versionId: String(reading.versionId),
      lastUpdated: reading.lastUpdated,
      profile: [`${PROFILE}bg-observation`],
    },
    identifier: [{ system: 'urn:ietf:rfc:3986', value: `urn:uuid:${reading.id}` }],
    status: reading.status,
    category: [category('clinical-observation')],
    code: glucoseCode(reading),
    subject: subjectOf(reading.patient),
    effectiveDateTime: reading.at,
    valueQuantity: { value, unit: reading.unit, system: UCUM, code: reading.unit },
    ...(reading.deviceMetric === undefined ? {} : { device: { reference: reading.deviceMetric } }),
    ...(reading.comment === undefined ? {} : { comment: reading.comment }),
    ...(reading.members === undefined
      ? {}
      : { related: reading.members.map((reference) => ({ type: 'has-member' as const, target: { reference } })) }),
  };
}

/** A meter's code stays the same with both units, as Roche sends it; sensors have one for each (SPECS §1.5, §6.2). */
function glucoseCode({ deviceMetric, interstitial, unit }: GlucoseReading): fhir.CodeableConcept {
  if (deviceMetric === undefined) return concept(SNOMED, '362943005', 'Manual entry');
  if (interstitial !== true) return concept(LOINC, '41653-7', 'Glucose [Mass/volume] in Capillary blood by Glucometer');
  return unit === 'mg/dL'
    ? concept(LOINC, '99504-3', 'Glucose [Mass/volume] in Interstitial fluid')
    : concept(LOINC, '14745-4', 'Glucose [Moles/volume] in Body fluid');
}

export interface CarbsEaten extends SampleEvent {
  readonly grams: number;
  /** Weighed, not estimated. */
  readonly measured?: boolean;
  readonly comment?: string;
}

/** Carbohydrates eaten, profile `observation-carbs`. */
export function carbsObservation(event: CarbsEaten): fhir.Observation {
  return {
    resourceType: 'Observation',
    id: event.id,
    meta: {
      versionId: String(event.versionId),
      lastUpdated: event.lastUpdated,
      profile: [`${PROFILE}observation-carbs`],
    },
    identifier: [{ system: 'urn:ietf:rfc:3986', value: `urn:uuid:${event.id}` }],
    status: 'final',
    category: [category('carb-observation'), concept(SNOMED, '84626001', 'Nutritional value')],
    code:
      event.measured === true
        ? concept(LOINC, '9060-5', 'Carbohydrate intake Measured')
        : concept(LOINC, '9059-7', 'Carbohydrate intake Estimated'),
    subject: subjectOf(event.patient),
    effectiveDateTime: event.at,
    valueQuantity: { value: event.grams, unit: 'g', system: UCUM, code: 'g' },
    ...(event.comment === undefined ? {} : { comment: event.comment }),
  };
}

/** A short-acting insulin bolus, profile `medication-administration`. */
export function insulinAdministration(
  event: SampleEvent & { readonly units: number; readonly status: 'completed' | 'entered-in-error' },
): fhir.MedicationAdministration {
  return {
    resourceType: 'MedicationAdministration',
    id: event.id,
    meta: {
      versionId: String(event.versionId),
      lastUpdated: event.lastUpdated,
      profile: [`${PROFILE}medication-administration`],
    },
    ...(event.deviceMetric === undefined
      ? {}
      : {
          extension: [{ url: `${PROFILE}parent-device-metric`, valueReference: { reference: event.deviceMetric } }],
        }),
    identifier: [{ system: 'urn:ietf:rfc:3986', value: `urn:uuid:${event.id}` }],
    status: event.status,
    medicationCodeableConcept: {
      coding: [
        { system: SNOMED, code: '411531001', display: 'Short-acting insulin' },
        { system: ROCHE_CODES, code: 'insulinDose' },
      ],
    },
    subject: subjectOf(event.patient),
    effectiveDateTime: event.at,
    dosage: {
      extension: [
        {
          url: `${PROFILE}medication-administration-dosage/admin-type`,
          valueCodeableConcept:
            event.deviceMetric === undefined
              ? concept(SNOMED, '61968008', 'Syringe')
              : { coding: [{ system: ROCHE_CODES, code: 'bolusStd' }] },
        },
      ],
      dose: { value: event.units, unit: 'IU', system: UCUM, code: '[iU]' },
    },
  };
}

/** What somebody says about what they take: no profile of Roche's. */
export function medicationStatement(event: SampleEvent): fhir.MedicationStatement {
  return {
    resourceType: 'MedicationStatement',
    id: event.id,
    meta: { versionId: String(event.versionId), lastUpdated: event.lastUpdated },
    status: 'active',
    taken: 'y',
    medicationCodeableConcept: concept(SNOMED, '109081006', 'Product containing metformin'),
    subject: subjectOf(event.patient),
    effectiveDateTime: event.at,
  };
}

/** A meter with its IEEE 11073 tree: Device, DeviceComponent, DeviceMetric. */
export function meterResources(
  patient: SamplePatient,
  lastUpdated: string,
): [fhir.Device, fhir.DeviceComponent, fhir.DeviceMetric] {
  const id = `meter-${patient.id}`;
  const meta = (profile: string): fhir.Meta => ({ versionId: '1', lastUpdated, profile: [`${PROFILE}${profile}`] });
  return [
    {
      resourceType: 'Device',
      id,
      meta: meta('phg-device'),
      identifier: [{ system: 'urn:oid:2.999.1.20', value: `SIMULATED-${patient.id}` }],
      udi: { deviceIdentifier: 'SIMULATED-00000000000000', name: 'Simulated meter' },
      status: 'active',
      type: concept(SNOMED, '337414009', 'Blood glucose meter'),
      manufacturer: 'Simulated',
      model: 'Simulated meter',
      version: '1.0',
      patient: subjectOf(patient),
    },
    {
      resourceType: 'DeviceComponent',
      id: `${id}-component`,
      meta: meta('phd-devicecomponent'),
      identifier: { system: 'urn:oid:2.999.1.21', value: `${id}-component` },
      type: concept('urn:iso:std:iso:11073:10101', '528401', 'MDC_DEV_SPEC_PROFILE_GLUCOSE'),
      source: { reference: `Device/${id}` },
    },
    {
      resourceType: 'DeviceMetric',
      id: `${id}-metric`,
      meta: meta('phd-devicemetric'),
      identifier: { system: 'http://roche.com/fhir/rdc/sid/devicemetric-identifier', value: `${id}-metric` },
      type: concept(LOINC, '41653-7', 'Glucose [Mass/volume] in Capillary blood by Glucometer'),
      unit: concept(UCUM, 'mg/dL', 'mg/dL'),
      source: { reference: `Device/${id}` },
      parent: { reference: `DeviceComponent/${id}-component` },
      category: 'measurement',
    },
  ];
}

/** `Bundle.type` `message` begins with this (SPECS §1.2). */
export function messageHeader(id: string, emrOid: string, timestamp: string): fhir.MessageHeader {
  return {
    resourceType: 'MessageHeader',
    id,
    meta: { profile: [`${PROFILE}message-header`] },
    event: { system: 'http://roche.com/fhir/rdc/message-type', code: 'new-bundle', display: 'New bundle generated' },
    timestamp,
    source: { endpoint: `urn:oid:${emrOid}`, software: 'Roche DC simulator', version: '1.0.0' },
  };
}

/** `meta` of a resource in one of Roche's profiles. */
export function profileMeta(profile: string, versionId: number, lastUpdated: string): fhir.Meta {
  return { versionId: String(versionId), lastUpdated, profile: [`${PROFILE}${profile}`] };
}

function category(code: string): fhir.CodeableConcept {
  return { coding: [{ system: ROCHE_CODES, code }] };
}

export function concept(system: string, code: string, display: string): fhir.CodeableConcept {
  return { coding: [{ system, code, display }] };
}

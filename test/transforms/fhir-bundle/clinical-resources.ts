/** Resources of all four types in Roche's profiles, in the words of STU3 and of R4. */
import { PATIENT } from './bundles';

type Json = Readonly<Record<string, unknown>>;

export const UCUM = 'http://unitsofmeasure.org';
export const ROCHE = 'http://roche.com/fhir/rdc/StructureDefinition/';
export const ROCHE_CODES = 'http://roche.com/fhir/rdc/cs';

export function concept(system: string, ...codes: string[]): Json {
  return { coding: codes.map((code) => ({ system, code })) };
}

export const loinc = (...codes: string[]): Json => concept('http://loinc.org', ...codes);
export const snomed = (...codes: string[]): Json => concept('http://snomed.info/sct', ...codes);

const SUBJECT = { reference: `Patient/${PATIENT.id}` };
const AT = '2024-03-01T08:15:00+01:00';

export function carbs(changes: Json = {}): Json {
  return {
    resourceType: 'Observation',
    id: 'carbs1',
    status: 'final',
    code: loinc('9059-7'),
    subject: SUBJECT,
    effectiveDateTime: AT,
    valueQuantity: { value: 45, unit: 'g', system: UCUM, code: 'g' },
    ...changes,
  };
}

export function measurement(changes: Json = {}): Json {
  return {
    ...carbs(),
    id: 'm1',
    code: loinc('29463-7'),
    valueQuantity: { value: 71.5, unit: 'kg', system: UCUM, code: 'kg' },
    ...changes,
  };
}

export function insulin(changes: Json = {}): Json {
  return {
    resourceType: 'MedicationAdministration',
    id: 'i1',
    status: 'completed',
    medicationCodeableConcept: snomed('411531001'),
    subject: SUBJECT,
    effectiveDateTime: AT,
    dosage: { dose: { value: 4.5, unit: 'IU', system: UCUM, code: '[iU]' } },
    ...changes,
  };
}

export function adminType(value: Json): Json {
  return { url: `${ROCHE}medication-administration-dosage/admin-type`, ...value };
}

/** Device, DeviceComponent and DeviceMetric as STU3 has them. */
export const METER: readonly Json[] = [
  {
    resourceType: 'Device',
    id: 'd',
    identifier: [{ system: 'urn:oid:2.999.5', value: 'METER-1' }],
    udi: { deviceIdentifier: '00000000000000', name: 'Some meter' },
    status: 'active',
    type: snomed('337414009'),
    manufacturer: 'Roche',
    model: 'Guide',
    version: '1.0',
  },
  {
    resourceType: 'DeviceComponent',
    id: 'c',
    identifier: { system: 'urn:x', value: 'c' },
    source: { reference: 'Device/d' },
    productionSpecification: [
      { specType: concept('http://hl7.org/fhir/specification-type', 'serial-number'), productionSpec: '9201' },
      { specType: { text: 'Firmware' }, productionSpec: '2.1.0' },
      { specType: { text: 'nothing' } },
    ],
  },
  {
    resourceType: 'DeviceMetric',
    id: 'm',
    identifier: { system: 'http://roche.com/fhir/rdc/sid/devicemetric-identifier', value: 'm' },
    type: loinc('41653-7'),
    unit: concept(UCUM, 'mg/dL'),
    parent: { reference: 'DeviceComponent/c' },
    category: 'measurement',
  },
];

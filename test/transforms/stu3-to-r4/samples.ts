/**
 * Random files for the FHIR and JSON forms: the four types of Roche's profiles with what STU3 has and R4 has not, and
 * texts and numbers of every kind.
 */
import fc from 'fast-check';
import { anyNumber, anyPatient, anyText, anyTime } from '../fhir-bundle/arbitraries';
import { raw } from '../fhir-bundle/bundles';

type Json = Readonly<Record<string, unknown>>;

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

/** Text of which FHIR can say that it is one: not only white space. */
const sayable = anyText.filter((text) => /[^\u0000-\u0020\s]/.test(text));
const id = fc.stringMatching(/^[A-Za-z0-9.-]{1,30}$/);
const identifiers = fc.array(
  fc.record({ system: fc.constantFrom('urn:ietf:rfc:3986', 'urn:oid:2.999.5', 'http://x.example/id'), value: sayable }),
  { minLength: 1, maxLength: 2 },
);
const concept = fc.record({
  coding: fc.array(
    fc.record({ system: fc.constantFrom('http://snomed.info/sct', 'urn:x'), code: anyText, display: sayable }),
    { minLength: 1, maxLength: 2 },
  ),
});
const status = fc.constantFrom('final', 'final', 'amended', 'preliminary', 'cancelled', 'entered-in-error');

function withoutUndefined(members: Json): Json {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

const ucum = (unit: string): Json => ({ unit, system: 'http://unitsofmeasure.org', code: unit });

const observation = fc
  .record({
    id,
    status,
    identifier: optional(identifiers),
    comment: optional(sayable),
    time: anyTime,
    value: anyNumber,
    unit: fc.constantFrom('mg/dL', 'mmol/L', 'g'),
    interpretation: optional(concept),
    kind: fc.constantFrom('has-member', 'derived-from', 'sequel-to', 'replaces', 'qualified-by', 'interfered-by'),
    target: optional(
      fc.constantFrom('Observation/other', 'Observation/a', 'urn:uuid:0b5d1f38-1111-4222-8333-444455556666'),
    ),
    device: fc.constantFrom(undefined, 'DeviceMetric/metric', 'Device/unknown'),
    context: optional(fc.constant({ reference: 'Encounter/e1' })),
  })
  .map(({ value, unit, time, kind, target, device, ...rest }) =>
    withoutUndefined({
      resourceType: 'Observation',
      ...rest,
      meta: { versionId: '1', profile: ['http://roche.com/fhir/rdc/StructureDefinition/bg-observation'] },
      code: { coding: [{ system: 'http://loinc.org', code: unit === 'g' ? '9059-7' : '41653-7' }] },
      subject: { reference: 'Patient/p1' },
      effectiveDateTime: time,
      valueQuantity: { value: raw(value), ...ucum(unit) },
      related: target === undefined ? undefined : [{ type: kind, target: { reference: target } }],
      device: device === undefined ? undefined : { reference: device },
    }),
  );

const insulin = fc
  .record({
    id,
    status: fc.constantFrom('completed', 'completed', 'in-progress', 'entered-in-error'),
    identifier: optional(identifiers),
    notGiven: fc.constantFrom(undefined, false, true),
    reasonNotGiven: optional(fc.array(concept, { minLength: 1, maxLength: 1 })),
    time: anyTime,
    dose: anyNumber,
    isRate: fc.boolean(),
    note: optional(fc.record({ text: sayable }).map((note) => [note])),
    prescription: optional(fc.constant({ reference: 'MedicationRequest/r1' })),
    performer: optional(
      fc.constant([{ actor: { reference: 'Practitioner/d' }, onBehalfOf: { reference: 'Organization/o' } }]),
    ),
  })
  .map(({ time, dose, isRate, ...rest }) =>
    withoutUndefined({
      resourceType: 'MedicationAdministration',
      ...rest,
      meta: { profile: ['http://roche.com/fhir/rdc/StructureDefinition/medication-administration'] },
      extension: [
        {
          url: 'http://roche.com/fhir/rdc/StructureDefinition/parent-device-metric',
          valueReference: { reference: 'DeviceMetric/metric' },
        },
      ],
      medicationCodeableConcept: { coding: [{ system: 'http://snomed.info/sct', code: '411531001' }] },
      subject: { reference: 'Patient/p1' },
      effectiveDateTime: time,
      dosage: isRate
        ? { rateSimpleQuantity: { value: raw(dose), unit: '[IU]/h', code: '[IU]/h' } }
        : { dose: { value: raw(dose), unit: '[IU]', system: 'http://unitsofmeasure.org', code: '[iU]' } },
    }),
  );

const devices = fc
  .record({ manufacturer: optional(sayable), model: optional(sayable), version: optional(sayable), serial: sayable })
  .map(({ serial, ...rest }) => [
    withoutUndefined({
      resourceType: 'Device',
      id: 'meter',
      identifier: [{ system: 'urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680', value: serial }],
      status: 'active',
      udi: { deviceIdentifier: '00012345678905', name: 'Meter', carrierHRF: '(01)00012345678905' },
      ...rest,
    }),
    {
      resourceType: 'DeviceComponent',
      id: 'component',
      identifier: { system: 'http://roche.com/fhir/rdc/sid/component', value: serial },
      type: { coding: [{ system: 'urn:iso:std:iso:11073:10101', code: '528401' }] },
      source: { reference: 'Device/meter' },
      operationalStatus: [{ text: 'on' }],
      productionSpecification: [
        {
          specType: { coding: [{ system: 'http://hl7.org/fhir/specification-type', code: 'serial-number' }] },
          productionSpec: serial,
        },
        { specType: { coding: [{ code: 'firmware-revision' }] }, productionSpec: '1.0' },
      ],
    },
    {
      resourceType: 'DeviceMetric',
      id: 'metric',
      identifier: { system: 'http://roche.com/fhir/rdc/sid/devicemetric-identifier', value: 'm1' },
      type: { coding: [{ system: 'http://loinc.org', code: '41653-7' }] },
      unit: { coding: [{ system: 'http://unitsofmeasure.org', code: 'mg/dL' }] },
      source: { reference: 'Device/meter' },
      parent: { reference: 'DeviceComponent/component' },
      category: 'measurement',
    },
  ]);

const other = fc.constantFrom(
  { resourceType: 'Communication', id: 'advice', status: 'completed', payload: [{ contentString: 'Drink water' }] },
  {
    resourceType: 'Observation',
    id: 'no-value',
    status: 'final',
    code: { text: 'x' },
    valueAttachment: { title: 'x' },
  },
);

/** Resources of a file: a patient, devices, readings, something without a mapping. */
export const anyFile = fc
  .record({
    patient: anyPatient,
    devices: optional(devices),
    readings: fc.uniqueArray(fc.oneof(observation, insulin), {
      selector: ({ resourceType, id: own }) => `${String(resourceType)}/${String(own)}`,
      minLength: 1,
      maxLength: 8,
    }),
    other: optional(other),
  })
  .map(({ patient: { system, value, family, given }, devices: tree = [], readings, other: more }) => [
    {
      resourceType: 'Patient',
      id: 'p1',
      identifier: [{ system, value }],
      name: [{ family, given: [given] }],
      birthDate: '1980-02-29',
      gender: 'other',
    },
    ...tree,
    ...readings,
    ...(more === undefined ? [] : [{ ...more, subject: { reference: 'Patient/p1' } }]),
  ]);

/** Elements from STU3 to R4, one by one. What HL7's maps say about each stands beside the rules in src. */
import { parseLossless, toJson } from '../../../src/transforms/fhir-bundle/lossless-json';
import { TimeZone } from '../../../src/transforms/model/time-zone';
import { convert } from '../../../src/transforms/stu3-to-r4';

type Json = Readonly<Record<string, unknown>>;

const zone = new TimeZone('Europe/Berlin');

/** The elements that a resource has in R4. */
function toR4(resource: Json): Json | undefined {
  return convert(resource, { zone })?.resource;
}

function elements(type: string, stu3: Json): Json {
  const { resourceType: _, ...rest } = toR4({ resourceType: type, ...stu3 }) ?? {};
  return rest;
}

const kept = (element: string, value: Json): Json => ({ extension: [{ url: `urn:ductus:stu3:${element}`, ...value }] });
const reference = { reference: 'Observation/2' };

describe('Observation', () => {
  it.each<[string, Json, Json]>([
    ['comment', { comment: 'after lunch' }, { note: [{ text: 'after lunch' }] }],
    ['comment and note', { comment: 'a', note: [{ text: 'b' }] }, { note: [{ text: 'a' }, { text: 'b' }] }],
    ['extensions of comment', { comment: 'a', _comment: { id: 'c1' } }, { note: [{ text: 'a', _text: { id: 'c1' } }] }],
    ['extensions of no comment', { _comment: { id: 'c1' } }, { note: [{ _text: { id: 'c1' } }] }],
    ['context', { context: { reference: 'Encounter/1' } }, { encounter: { reference: 'Encounter/1' } }],
    ['interpretation', { interpretation: { text: 'high' } }, { interpretation: [{ text: 'high' }] }],
    [
      'interpretation of a component',
      { component: [{ interpretation: { text: 'high' } }] },
      { component: [{ interpretation: [{ text: 'high' }] }] },
    ],
    ['has-member', { related: [{ type: 'has-member', target: reference }] }, { hasMember: [reference] }],
    ['derived-from', { related: [{ type: 'derived-from', target: reference }] }, { derivedFrom: [reference] }],
    [
      'sequel-to',
      { related: [{ type: 'sequel-to', target: reference }] },
      {
        extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/observation-sequelTo', valueReference: reference }],
      },
    ],
    [
      'replaces',
      { related: [{ type: 'replaces', target: reference }] },
      {
        extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/observation-replaces', valueReference: reference }],
      },
    ],
    [
      'interfered-by',
      { related: [{ type: 'interfered-by', target: reference }] },
      kept('Observation.related.interfered-by', { valueReference: reference }),
    ],
    [
      'related without a type',
      { related: [{ target: reference }] },
      kept('Observation.related', { valueReference: reference }),
    ],
    [
      'related without a target',
      { related: [{ type: 'has-member' }] },
      kept('Observation.related.has-member', { valueString: '{"type":"has-member"}' }),
    ],
    [
      'valueAttachment',
      { valueAttachment: { title: 'x' } },
      kept('Observation.valueAttachment', { valueAttachment: { title: 'x' } }),
    ],
    ['an unknown element', { mood: { level: 1 } }, kept('Observation.mood', { valueString: '{"level":1}' })],
    [
      'a code system that moved',
      { category: [{ coding: [{ system: 'http://hl7.org/fhir/observation-category', code: 'laboratory' }] }] },
      {
        category: [
          {
            coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' }],
          },
        ],
      },
    ],
    [
      'a table of HL7 v2',
      { interpretation: { coding: [{ system: 'http://hl7.org/fhir/v2/0078', code: 'H' }] } },
      { interpretation: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0078', code: 'H' }] }] },
    ],
    [
      'a code with white space at its ends',
      { code: { coding: [{ system: 'urn:x', code: ' a  b\n' }] } },
      {
        code: {
          coding: [
            { system: 'urn:x', code: 'a b', extension: [{ url: 'urn:ductus:as-sent', valueString: ' a  b\n' }] },
          ],
        },
      },
    ],
    [
      'a unit without its system',
      { valueQuantity: { value: 5, code: 'mg/dL' } },
      { valueQuantity: { value: 5, code: 'mg/dL', system: 'http://unitsofmeasure.org' } },
    ],
    [
      'a time without offset',
      { effectiveDateTime: '2024-03-01T08:15' },
      { effectiveDateTime: '2024-03-01T08:15:00+01:00' },
    ],
    ['a day', { effectiveDateTime: '2024-03-01' }, { effectiveDateTime: '2024-03-01' }],
    [
      'what is no time',
      { effectiveDateTime: 'yesterday' },
      kept('Observation.effectiveDateTime', { valueString: 'yesterday' }),
    ],
    ['an instant without a clock', { issued: '2024-03-01' }, kept('Observation.issued', { valueString: '2024-03-01' })],
    ['an empty text', { code: { text: '' }, status: 'final' }, { status: 'final' }],
    [
      'an identifier that says to be a URI and is none',
      { identifier: [{ system: 'urn:ietf:rfc:3986', value: '47' }] },
      {
        identifier: [{ value: '47', extension: [{ url: 'urn:ductus:as-sent', valueString: 'urn:ietf:rfc:3986' }] }],
      },
    ],
    [
      'a profile of STU3',
      { meta: { profile: ['http://roche.com/fhir/rdc/StructureDefinition/bg-observation', 'http://x.example/p'] } },
      {
        meta: {
          profile: ['http://x.example/p'],
          tag: [
            {
              system: 'urn:ductus:profile',
              code: 'http://roche.com/fhir/rdc/StructureDefinition/bg-observation',
            },
          ],
        },
      },
    ],
    [
      'contained resources',
      { contained: [{ resourceType: 'Device', id: 'd', model: 'M' }] },
      { contained: [{ resourceType: 'Device', id: 'd', modelNumber: 'M' }] },
    ],
  ])('should convert %s', (_, stu3, r4) => {
    expect(elements('Observation', stu3)).toEqual(r4);
  });

  it('should keep extensions of the sender in front of its own', () => {
    const own = { url: 'http://roche.com/fhir/rdc/StructureDefinition/x', valueString: 'y' };
    expect(elements('Observation', { extension: [own], mood: 'good' })).toEqual({
      extension: [own, { url: 'urn:ductus:stu3:Observation.mood', valueString: 'good' }],
    });
  });

  it.each(['5.0', '1e2', '0.10', '123456789012345678901.5'])('should keep the digits of %s', (number) => {
    const parsed = parseLossless(`{"resourceType":"Observation","valueQuantity":{"value":${number}}}`);
    if (typeof parsed !== 'object' || parsed === null) throw new Error('no object');
    expect(toJson(toR4({ ...parsed }))).toContain(`"value":${number}}`);
  });

  it('should write 0 without an exponent', () => {
    const parsed = parseLossless('{"resourceType":"Observation","valueQuantity":{"value":0e+3}}');
    if (typeof parsed !== 'object' || parsed === null) throw new Error('no object');
    expect(toJson(toR4({ ...parsed }))).toContain('"value":0}');
  });
});

describe('MedicationAdministration', () => {
  it.each<[string, Json, Json]>([
    ['prescription', { prescription: reference }, { request: reference }],
    ['notGiven false', { status: 'completed', notGiven: false }, { status: 'completed' }],
    [
      'notGiven true',
      { status: 'completed', notGiven: true, reasonNotGiven: [{ text: 'hypo' }] },
      {
        status: 'not-done',
        statusReason: [{ text: 'hypo' }],
        ...kept('MedicationAdministration.status', { valueCode: 'completed' }),
      },
    ],
    [
      'performer.onBehalfOf',
      { performer: [{ actor: reference, onBehalfOf: reference }] },
      {
        performer: [
          { actor: reference, ...kept('MedicationAdministration.performer.onBehalfOf', { valueReference: reference }) },
        ],
      },
    ],
    [
      'definition',
      { definition: [reference] },
      kept('MedicationAdministration.definition', { valueReference: reference }),
    ],
    [
      'dosage.rateSimpleQuantity',
      { dosage: { rateSimpleQuantity: { value: 1.5, unit: '[IU]/h', code: '[IU]/h' } } },
      {
        dosage: {
          rateQuantity: { value: 1.5, unit: '[IU]/h', code: '[IU]/h', system: 'http://unitsofmeasure.org' },
        },
      },
    ],
    [
      'a dosage without dose and rate',
      { dosage: { text: 'as needed' } },
      {
        dosage: {
          text: 'as needed',
          dose: {
            extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
          },
        },
      },
    ],
  ])('should convert %s', (_, stu3, r4) => {
    expect(elements('MedicationAdministration', stu3)).toEqual(r4);
  });
});

describe('Medication', () => {
  it('should convert ingredient.amount and keep what R4 has no place for', () => {
    const amount = { numerator: { value: 100 } };
    expect(
      elements('Medication', { isBrand: true, ingredient: [{ itemCodeableConcept: { text: 'x' }, amount }] }),
    ).toEqual({
      ingredient: [{ itemCodeableConcept: { text: 'x' }, strength: amount }],
      ...kept('Medication.isBrand', { valueString: 'true' }),
    });
  });
});

describe('Device', () => {
  it.each<[string, Json, Json]>([
    ['model', { model: 'Guide' }, { modelNumber: 'Guide' }],
    ['version', { version: '1.0' }, { version: [{ value: '1.0' }] }],
    [
      'udi',
      { udi: { deviceIdentifier: '0001', name: 'Meter', carrierHRF: '(01)0001' } },
      {
        udiCarrier: [{ deviceIdentifier: '0001', carrierHRF: '(01)0001' }],
        deviceName: [{ name: 'Meter', type: 'udi-label-name' }],
      },
    ],
    ['lotNumber', { lotNumber: 'L1', manufacturer: 'Roche' }, { lotNumber: 'L1', manufacturer: 'Roche' }],
  ])('should convert %s', (_, stu3, r4) => {
    expect(elements('Device', stu3)).toEqual(r4);
  });

  it('should make a Device of a DeviceComponent', () => {
    const serial = { coding: [{ code: 'serial-number' }] };
    const firmware = { coding: [{ code: 'firmware-revision' }] };
    const other = { specType: { coding: [{ code: 'gmdn' }] }, productionSpec: '44611' };
    expect(
      toR4({
        resourceType: 'DeviceComponent',
        identifier: { system: 'urn:x', value: 'c1' },
        type: { text: 'meter' },
        source: { reference: 'Device/d' },
        parent: { reference: 'DeviceComponent/c0' },
        operationalStatus: [{ text: 'on' }],
        measurementPrinciple: 'electrical',
        productionSpecification: [
          { specType: serial, productionSpec: 'SN1' },
          { specType: firmware, componentId: { value: 'f' }, productionSpec: '1.0' },
          other,
        ],
      }),
    ).toEqual({
      resourceType: 'Device',
      identifier: [{ system: 'urn:x', value: 'c1' }],
      type: { text: 'meter' },
      parent: { reference: 'Device/d' },
      serialNumber: 'SN1',
      version: [{ type: firmware, component: { value: 'f' }, value: '1.0' }],
      extension: [
        { url: 'urn:ductus:stu3:DeviceComponent.parent', valueReference: { reference: 'DeviceComponent/c0' } },
        { url: 'urn:ductus:stu3:DeviceComponent.operationalStatus', valueCodeableConcept: { text: 'on' } },
        { url: 'urn:ductus:stu3:DeviceComponent.measurementPrinciple', valueCode: 'electrical' },
        { url: 'urn:ductus:stu3:DeviceComponent.productionSpecification', valueString: JSON.stringify(other) },
      ],
    });
  });

  it('should give a DeviceMetric a list of identifiers', () => {
    expect(elements('DeviceMetric', { identifier: { value: 'm' }, category: 'measurement' })).toEqual({
      identifier: [{ value: 'm' }],
      category: 'measurement',
    });
  });
});

describe('Patient', () => {
  it('should make an extension of animal', () => {
    expect(elements('Patient', { animal: { species: { text: 'dog' } } })).toEqual({
      extension: [
        {
          url: 'http://hl7.org/fhir/StructureDefinition/patient-animal',
          extension: [{ url: 'species', valueCodeableConcept: { text: 'dog' } }],
        },
      ],
    });
  });
});

/** Resources with every element that is special to R4. */
const R4: readonly Json[] = [
  {
    resourceType: 'Observation',
    id: 'o1',
    meta: { profile: ['http://hl7.org/fhir/StructureDefinition/vitalsigns'], tag: [{ system: 'urn:x', code: 'y' }] },
    text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' },
    status: 'final',
    category: [
      { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' }] },
    ],
    code: { coding: [{ system: 'http://loinc.org', code: '41653-7' }] },
    subject: { reference: 'Patient/p1' },
    focus: [{ reference: 'Patient/p1' }],
    encounter: { reference: 'Encounter/e' },
    effectiveInstant: '2024-03-01T08:15:00.123Z',
    valueQuantity: { value: 104, unit: 'mg/dL', system: 'http://unitsofmeasure.org', code: 'mg/dL' },
    interpretation: [{ coding: [{ code: 'H' }] }],
    note: [{ text: 'a', time: '2024-03-01' }],
    device: { reference: 'DeviceMetric/m' },
    hasMember: [{ reference: 'Observation/o2' }],
    derivedFrom: [{ reference: 'Observation/o3' }],
    component: [{ code: { text: 'x' }, interpretation: [{ text: 'y' }] }],
  },
  {
    resourceType: 'MedicationAdministration',
    status: 'not-done',
    statusReason: [{ text: 'hypo' }],
    medicationCodeableConcept: { text: 'insulin' },
    subject: { reference: 'Patient/p1' },
    context: { reference: 'Encounter/e' },
    effectivePeriod: { start: '2024-03-01T08:00:00+01:00', end: '2024-03-01T09:00:00+01:00' },
    performer: [{ function: { text: 'x' }, actor: { reference: 'Patient/p1' } }],
    request: { reference: 'MedicationRequest/r' },
    dosage: { rateQuantity: { value: 1, unit: 'U/h', system: 'http://unitsofmeasure.org', code: '[iU]/h' } },
  },
  {
    resourceType: 'Device',
    identifier: [{ value: 'd' }],
    udiCarrier: [{ deviceIdentifier: '0001' }],
    deviceName: [{ name: 'Meter', type: 'model-name' }],
    modelNumber: 'Guide',
    version: [{ value: '1.0' }],
    parent: { reference: 'Device/e' },
  },
  { resourceType: 'DeviceMetric', identifier: [{ value: 'm' }], type: { text: 'x' }, category: 'measurement' },
  { resourceType: 'Patient', name: [{ family: 'Muster' }], communication: [{ language: { text: 'de' } }] },
];

describe('R4', () => {
  it.each(R4)('should pass $resourceType as it is', (resource) => {
    expect(JSON.stringify(toR4(resource))).toBe(JSON.stringify(resource));
  });

  it('should not know other types', () => {
    expect(convert({ resourceType: 'Communication' }, { zone })).toBeUndefined();
    expect(convert({ resourceType: 'constructor' }, { zone })).toBeUndefined();
    expect(convert({}, { zone })).toBeUndefined();
  });
});

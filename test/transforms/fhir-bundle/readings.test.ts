/** Carbohydrates, insulin and other measurements, as STU3 and R4 write them. */
import { DuctusError } from '../../../src/domain/errors';
import { readBundle } from '../../../src/transforms/fhir-bundle';
import type { Reading } from '../../../src/transforms/model/reading';
import { bundleBytes, glucose, PATIENT, raw } from './bundles';
import {
  adminType,
  carbs,
  concept,
  insulin,
  loinc,
  measurement,
  METER,
  ROCHE,
  ROCHE_CODES,
  snomed,
  UCUM,
} from './clinical-resources';

type Json = Readonly<Record<string, unknown>>;

function found(resource: Json, ...others: readonly Json[]) {
  const { resources } = readBundle(bundleBytes([PATIENT, ...others, resource]));
  const last = resources.at(-1);
  if (last === undefined) throw new Error('nothing was read');
  return last;
}

function readingOf(resource: Json, ...others: readonly Json[]): Reading {
  const { mapping } = found(resource, ...others);
  if (mapping.kind !== 'reading') throw new Error(mapping.kind === 'unmapped' ? mapping.why : mapping.kind);
  return mapping.reading;
}

function whyNot(resource: Json, ...others: readonly Json[]): string | undefined {
  const { mapping } = found(resource, ...others);
  return mapping.kind === 'unmapped' ? mapping.why : undefined;
}

describe('carbohydrates', () => {
  it.each([
    ['a LOINC code', {}, '9059-7'],
    ['a measured amount', { code: loinc('9060-5') }, '9060-5'],
    ['the MDC code', { code: concept('urn:iso:std:iso:11073:10101', '8417764') }, '8417764'],
    ['the profile', { code: concept('urn:x', 'bread'), meta: { profile: [`${ROCHE}observation-carbs`] } }, 'bread'],
    [
      'the category',
      { code: concept('urn:x', 'bread'), category: [concept(ROCHE_CODES, 'carb-observation')] },
      'bread',
    ],
    ['the SNOMED category', { code: concept('urn:x', 'bread'), category: [snomed('84626001')] }, 'bread'],
  ])('should be known by %s', (_, changes, code) => {
    const reading = readingOf(carbs(changes));
    expect([reading.kind, reading.codes[0]?.code, reading.value?.number, reading.unit]).toEqual([
      'carbs',
      code,
      '45',
      'g',
    ]);
  });

  it('should name the LOINC code, and put it first', () => {
    const code = {
      coding: [
        { system: 'urn:x', code: 'bread' },
        { system: 'http://loinc.org', code: '9059-7' },
      ],
    };
    expect(readingOf(carbs({ code })).codes).toEqual([
      { system: 'http://loinc.org', code: '9059-7', display: 'Carbohydrate intake Estimated' },
      { system: 'urn:x', code: 'bread', display: undefined },
    ]);
  });

  it('should not take another nutrient for carbohydrates', () => {
    const protein = carbs({ code: loinc('9076-1'), category: [snomed('84626001')] });
    expect(readingOf(protein).kind).toBe('measurement');
  });

  it.each([
    ['bread units', { value: 2, unit: 'BE' }],
    ['a label against the code', { value: 45, unit: 'kcal', code: 'g' }],
    ['no unit', { value: 45 }],
  ])('should not guess from %s', (_, valueQuantity) => {
    expect(whyNot(carbs({ valueQuantity }))).toBe('the unit is not g, or code and unit differ');
  });

  it('should take a deletion', () => {
    expect(readingOf(carbs({ status: 'cancelled', valueQuantity: undefined }))).toMatchObject({
      kind: 'carbs',
      standing: 'deleted',
      value: undefined,
    });
  });
});

const NO_VALUE = 'an Observation whose value is no quantity, nor a code or text under a code of LOINC or SNOMED CT';

describe('other measurements', () => {
  it('should keep the code, unit and digits of the sender', () => {
    const valueQuantity = { value: raw('71.50'), comparator: '<', unit: 'kilos', system: UCUM, code: 'kg' };
    expect(readingOf(measurement({ valueQuantity }))).toMatchObject({
      kind: 'measurement',
      codes: [{ system: 'http://loinc.org', code: '29463-7' }],
      value: { number: '71.50', comparator: '<' },
      unit: 'kg',
    });
  });

  it.each([
    ['components', { component: [{}] }, 'an Observation with components'],
    [
      'text under a code of the sender’s own',
      { code: concept('urn:x', 'mood'), valueQuantity: undefined, valueString: 'high' },
      NO_VALUE,
    ],
    ['text that says nothing', { valueQuantity: undefined, valueString: ' ' }, NO_VALUE],
    ['a concept that says nothing', { valueQuantity: undefined, valueCodeableConcept: { coding: [] } }, NO_VALUE],
    ['yes or no', { valueQuantity: undefined, valueBoolean: true }, NO_VALUE],
    [
      'components beside text',
      { valueQuantity: undefined, valueString: 'high', component: [{}] },
      'an Observation with components',
    ],
    ['text of a wrong type', { valueQuantity: undefined, valueString: 7 }, NO_VALUE],
    ['no value', { valueQuantity: undefined }, 'an Observation without a value of its own'],
    [
      'a unit of another system',
      { valueQuantity: { value: 1, system: 'urn:x', code: 'kg' } },
      'a quantity without a UCUM code',
    ],
    ['a code that is none', { valueQuantity: { value: 1, code: 'k g' } }, 'a quantity without a UCUM code'],
    ['no code', { code: { text: 'weight' } }, 'no code'],
    ['no time', { effectiveDateTime: undefined }, 'no effective time, or one that is not a date'],
    [
      'a modifier',
      { modifierExtension: [{ url: 'urn:not' }] },
      'an extension that changes the meaning of the resource',
    ],
  ])('should not be made of %s', (_, changes, why) => {
    expect(whyNot(measurement(changes))).toBe(why);
  });

  it.each<[string, Json, Reading['finding'], string]>([
    [
      'a concept',
      {
        valueCodeableConcept: {
          coding: [{ system: 'http://snomed.info/sct', code: '260385009', display: 'Negative' }],
        },
      },
      { kind: 'codes', codes: [{ system: 'http://snomed.info/sct', code: '260385009', display: 'Negative' }] },
      'valueCodeableConcept',
    ],
    [
      'a concept with words beside it',
      {
        valueCodeableConcept: {
          coding: [
            { code: 'n', display: 'no' },
            { system: 'urn:x', code: 'x' },
          ],
          text: 'none',
        },
      },
      {
        kind: 'codes',
        codes: [
          { system: undefined, code: 'n', display: 'no' },
          { system: 'urn:x', code: 'x', display: 'none' },
        ],
      },
      'valueCodeableConcept',
    ],
    [
      'a concept of words',
      { valueCodeableConcept: { text: 'none' } },
      { kind: 'text', text: 'none' },
      'valueCodeableConcept',
    ],
    ['text', { valueString: 'two\nlines' }, { kind: 'text', text: 'two\nlines' }, 'valueString'],
  ])('should have %s for a value', (_, value, finding, element) => {
    const resource = found(measurement({ valueQuantity: undefined, ...value }));
    expect(resource.mapping).toMatchObject({
      reading: { kind: 'measurement', finding, value: undefined, unit: undefined, elements: { value: element } },
    });
    expect(resource.unread).toEqual([]);
  });

  it('should name a second value that it did not read', () => {
    const concepts = { valueCodeableConcept: snomed('260385009'), valueString: 'negative' };
    expect(found(measurement({ valueQuantity: undefined, ...concepts })).unread).toEqual(['Observation.valueString']);
    const beside = found(measurement({ valueCodeableConcept: snomed('260385009') }));
    expect(beside.unread).toEqual(['Observation.valueCodeableConcept']);
    expect(beside.mapping).toMatchObject({ reading: { value: { number: '71.5' } } });
  });

  it('should be deleted by its id', () => {
    const deletion = measurement({
      status: 'entered-in-error',
      valueQuantity: undefined,
      effectiveDateTime: undefined,
    });
    expect(readingOf(deletion)).toMatchObject({ kind: 'measurement', standing: 'deleted', value: undefined });
  });
});

describe('insulin', () => {
  it.each([
    ['long-acting', snomed('25305005', '67866001'), '25305005'],
    ['the kind before the class', snomed('67866001', '411531001'), '411531001'],
    ['the class', snomed('67866001'), '67866001'],
    ['mixed', concept('urn:whatever', 'C0356369'), 'C0356369'],
    ['MDC', concept('urn:iso:std:iso:11073:10101', '8417796', '8417816'), '8417816'],
    ['only a dose', concept(ROCHE_CODES, 'insulinDose'), 'insulinDose'],
    [
      'a brand beside the dose',
      {
        coding: [
          { system: ROCHE_CODES, code: 'insulinDose' },
          { system: 'http://www.whocc.no/atc', code: 'A10AB05' },
        ],
      },
      'A10AB05',
    ],
  ])('should be known by its code: %s', (_, medicationCodeableConcept, main) => {
    const reading = readingOf(insulin({ medicationCodeableConcept }));
    expect([reading.kind, reading.codes[0]?.code]).toEqual(['insulin', main]);
    expect(reading.codes.length).toBe(
      medicationCodeableConcept['coding'] instanceof Array ? medicationCodeableConcept['coding'].length : 0,
    );
  });

  it.each([
    ['a dose', { dose: { value: raw('4.50'), unit: 'IU', code: '[iU]' } }, '4.50', '[iU]', 'dosage.dose.value'],
    ['a dose by label', { dose: { value: 4, unit: 'U' } }, '4', '[iU]', 'dosage.dose.value'],
    [
      'the rate of a pump',
      { dose: { value: raw('0.80'), unit: 'IU/h', code: '[IU]/h' } },
      '0.80',
      '[iU]/h',
      'dosage.dose.value',
    ],
    ['a rate of R4', { rateQuantity: { value: 1, code: '[iU]/h' } }, '1', '[iU]/h', 'dosage.rateQuantity.value'],
    [
      'a rate of STU3',
      { rateSimpleQuantity: { value: 1, unit: 'U/h' } },
      '1',
      '[iU]/h',
      'dosage.rateSimpleQuantity.value',
    ],
    [
      'a ratio',
      { rateRatio: { numerator: { value: raw('1.20'), code: '[iU]' }, denominator: { value: raw('1.0'), code: 'h' } } },
      '1.20',
      '[iU]/h',
      'dosage.rateRatio.numerator.value',
    ],
  ])('should be counted as %s', (_, dosage, number, unit, element) => {
    const reading = readingOf(insulin({ dosage }));
    expect([reading.value?.number, reading.unit, reading.insulin?.isRate, reading.elements.value]).toEqual([
      number,
      unit,
      unit === '[iU]/h',
      element,
    ]);
  });

  it.each([
    ['millilitres', { dose: { value: 1, unit: 'ml' } }, /unit/],
    ['a label against the code', { dose: { value: 1, unit: 'mL', code: '[iU]' } }, /unit/],
    ['a rate without a time', { rateQuantity: { value: 1, code: '[iU]' } }, /unit/],
    [
      'a rate per day',
      { rateRatio: { numerator: { value: 1, unit: 'U' }, denominator: { value: 1, unit: 'd' } } },
      /per hour/,
    ],
    [
      'a rate per nobody knows how many hours',
      { rateRatio: { numerator: { value: 1, unit: 'U' }, denominator: { unit: 'h' } } },
      /per hour/,
    ],
    ['no number', { dose: { unit: 'IU' } }, /neither a dose nor a rate/],
    ['no dosage', undefined, /neither a dose nor a rate/],
    ['a modifier', { dose: { value: 1, unit: 'U' }, modifierExtension: [{ url: 'x' }] }, /changes the meaning/],
  ])('should not be guessed from %s', (_, dosage, why) => {
    expect(whyNot(insulin({ dosage }))).toMatch(why);
  });

  it.each([
    ['completed', 'final'],
    ['stopped', 'final'],
    ['in-progress', 'preliminary'],
    ['on-hold', 'preliminary'],
    ['entered-in-error', 'deleted'],
  ])('should stand by its status: %s', (status, standing) => {
    expect(readingOf(insulin({ status })).standing).toBe(standing);
  });

  it('should never be sent when it was not given', () => {
    expect(whyNot(insulin({ notGiven: true }))).toBe('insulin that was not given');
    expect(whyNot(insulin({ status: 'not-done' }))).toBe('insulin that was not given');
    expect(readingOf(insulin({ notGiven: true, status: 'entered-in-error' })).standing).toBe('deleted');
    expect(whyNot(insulin({ status: 'unknown' }))).toMatch(/status/);
    expect(readingOf(insulin({ notGiven: false })).standing).toBe('final');
  });

  it('should be deleted without dose and time', () => {
    const deletion = insulin({ status: 'entered-in-error', dosage: undefined, effectiveDateTime: undefined });
    expect(readingOf(deletion)).toMatchObject({ standing: 'deleted', value: undefined, unit: undefined });
  });

  it.each([
    ['a concept on the dosage', true, adminType({ valueCodeableConcept: concept(ROCHE_CODES, 'basal') }), 'basal'],
    ['a coding', true, adminType({ valueCoding: { system: ROCHE_CODES, code: 'bolusExt' } }), 'bolusExt'],
    ['a code on the resource', false, adminType({ valueCode: 'bolusMul' }), 'bolusMul'],
  ])('should say how it was given by %s', (_, onDosage, extension, code) => {
    const dosage = { dose: { value: 1, unit: 'U' }, ...(onDosage ? { extension: [extension] } : {}) };
    const resource = insulin({ dosage, ...(onDosage ? {} : { extension: [extension] }) });
    const { insulin: delivery, elements } = readingOf(resource);
    expect(delivery?.adminType?.code).toBe(code);
    expect(elements.adminType).toBe(onDosage ? 'dosage.extension(admin-type)' : 'extension(admin-type)');
    expect(found(resource).unread).toEqual([]);
  });

  it('should take time and device from where they stand', () => {
    const extension = [{ url: `${ROCHE}parent-device-metric`, valueReference: { reference: 'DeviceMetric/m' } }];
    const effectivePeriod = { start: '2024-03-01T08:00:00Z', end: '2024-03-01T10:00:00Z' };
    const reading = readingOf(insulin({ extension, effectiveDateTime: undefined, effectivePeriod }), ...METER);
    expect(reading).toMatchObject({
      start: { digits: '20240301080000' },
      end: { digits: '20240301100000' },
      device: { value: 'METER-1' },
      elements: {
        start: 'effectivePeriod.start',
        end: 'effectivePeriod.end',
        device: 'extension(parent-device-metric)',
      },
    });
    expect(readingOf(insulin({ device: [{ reference: 'Device/d' }] }), ...METER).device?.value).toBe('METER-1');
  });

  it('should find its medication, in the bundle or contained', () => {
    const medication = { resourceType: 'Medication', id: 'med', code: snomed('25305005') };
    const byReference = (reference: string, more: Json = {}) =>
      insulin({ medicationCodeableConcept: undefined, medicationReference: { reference }, ...more });
    expect(readingOf(byReference('#med', { contained: [medication] })).codes[0]?.code).toBe('25305005');
    const { resources } = readBundle(bundleBytes([PATIENT, byReference('Medication/med'), medication]));
    expect(resources.map(({ mapping }) => mapping.kind)).toEqual(['context', 'reading', 'context']);
    expect(resources[1]?.mapping).toMatchObject({ reading: { elements: { codes: 'medicationReference' } } });
    expect(whyNot(byReference('Medication/elsewhere'))).toMatch(/something else than insulin/);
    expect(found({ ...medication }).mapping.kind).toBe('unmapped');
  });

  it('should be nothing but insulin', () => {
    expect(whyNot(insulin({ medicationCodeableConcept: snomed('387207008') }))).toMatch(/something else than insulin/);
    const profile = { meta: { profile: [`${ROCHE}medication-administration|2`] } };
    expect(readingOf(insulin({ ...profile, medicationCodeableConcept: concept('urn:x', 'y') })).kind).toBe('insulin');
  });

  it.each([
    ['notGiven', { notGiven: 'true' }, 'notGiven'],
    ['a dose', { dosage: { dose: { value: '4' } } }, 'dosage.dose.value'],
    ['a ratio', { dosage: { rateRatio: { numerator: [] } } }, 'dosage.rateRatio.numerator'],
    ['a note', { note: [{ text: 5 }] }, 'note[0].text'],
  ])('should refuse %s of a wrong type', (_, changes, element) => {
    const read = () => found(insulin(changes));
    expect(read).toThrow(DuctusError);
    expect(read).toThrow(`Bundle.entry[1].resource.${element}`);
  });
});

describe('what stands beside a value', () => {
  const stu3 = { interpretation: concept('http://hl7.org/fhir/v2/0078', 'H') };
  const r4 = { interpretation: [concept('http://hl7.org/fhir/v2/0078', 'H'), concept('urn:x', 'HH')] };

  it('should be read in both versions', () => {
    expect(readingOf(glucose(stu3)).interpretation?.map(({ code }) => code)).toEqual(['H']);
    expect(readingOf(glucose(r4)).interpretation?.map(({ code }) => code)).toEqual(['H', 'HH']);
    expect(readingOf(glucose()).interpretation).toBeUndefined();
  });

  it.each([
    ['both limits', [{ low: { value: raw('70.0'), unit: 'mg/dL' }, high: { value: 180 } }], '70.0-180'],
    ['a lower limit', [{ low: { value: 70, code: 'mg/dL' } }], '>70'],
    ['an upper limit', [{ high: { value: 180 } }], '<180'],
    ['words', [{ text: 'as agreed' }], 'as agreed'],
    ['limits in another unit', [{ low: { value: 3.9, unit: 'mmol/L' } }], undefined],
    ['two ranges', [{ text: 'a' }, { text: 'b' }], undefined],
    ['a range for some people', [{ text: 'a', appliesTo: [{ text: 'pregnant' }] }], undefined],
    ['text', 'x', undefined],
  ])('should give a range by %s', (_, referenceRange, text) => {
    const resource = glucose({ referenceRange });
    expect(readingOf(resource).referenceRange).toBe(text);
    expect(found(resource).unread).toEqual(text === undefined ? ['Observation.referenceRange'] : []);
  });

  it('should name what belongs to it as the file names it', () => {
    const fullUrl = 'urn:uuid:0b5d1f38-1111-4222-8333-444455556666';
    const related = [
      { type: 'has-member', target: { reference: fullUrl } },
      { type: 'has-member', target: { reference: 'https://x.example/fhir/Observation/o2/_history/1' } },
      { type: 'has-member', target: { reference: 'urn:uuid:unknown' } },
    ];
    const hasMember = [{ reference: 'Observation/carbs1' }];
    const read = (more: Json) => {
      const entry = [{ resource: PATIENT }, { fullUrl, resource: carbs() }, { resource: glucose(more) }];
      const last = readBundle(bundleBytes([], { entry })).resources.at(-1);
      return last?.mapping.kind === 'reading' ? [last.mapping.reading.members, last.unread] : [];
    };
    expect(read({ related })).toEqual([['Observation/carbs1', 'Observation/o2', 'urn:uuid:unknown'], []]);
    expect(read({ hasMember })).toEqual([['Observation/carbs1'], []]);
    expect(read({ related: [{ type: 'derived-from', target: { reference: 'Observation/x' } }] })).toEqual([
      undefined,
      ['Observation.related'],
    ]);
    expect(read({ hasMember: [{ reference: '#in' }, { display: 'x' }] })).toEqual([
      undefined,
      ['Observation.hasMember'],
    ]);
  });

  it('should say where it stood', () => {
    expect(readingOf(glucose({ comment: 'a' })).elements).toMatchObject({ comments: 'comment', related: 'related' });
    const inR4 = glucose({
      id: undefined,
      identifier: [{ value: 'x' }],
      note: [{ text: 'b' }],
      hasMember: [{ reference: 'Observation/1' }],
      effectiveDateTime: undefined,
      effectiveInstant: '2024-03-01T08:15:00Z',
      valueQuantity: { value: 5, unit: 'mmol/L' },
    });
    expect(readingOf(inR4).elements).toMatchObject({
      identifier: 'identifier',
      comments: 'note',
      related: 'hasMember',
      start: 'effectiveInstant',
      unit: 'valueQuantity.unit',
    });
    const end = { effectiveDateTime: undefined, effectivePeriod: { end: '2024-03-01' } };
    expect(readingOf(glucose(end))).toMatchObject({
      start: { digits: '20240301' },
      elements: { start: 'effectivePeriod.end' },
    });
    expect(readingOf(glucose()).elements).toBe(readingOf(glucose()).elements);
  });
});

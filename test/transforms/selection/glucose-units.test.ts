import fc from 'fast-check';
import type { Code } from '../../../src/transforms/model/reading';
import { codeProblem } from '../../../src/runtime/site/code-checks';
import { convertNumber, inGlucoseUnit } from '../../../src/transforms/selection/glucose-units';
import { LOINC, METER, reading } from './contents';

const NOON = '2024-03-01T12:00:00Z';
const loinc = (code: string): Code => ({ system: LOINC, code, display: undefined });

describe('glucose in the unit of the destination', () => {
  it.each([
    ['104', 'mmol/L', '5.8'],
    ['18', 'mmol/L', '1.0'],
    ['0', 'mmol/L', '0.0'],
    ['5.8', 'mg/dL', '104'],
    ['33.3', 'mg/dL', '600'],
    ['-1', 'mmol/L', '-0.1'],
    // 18.0156 × 0.05 mmol/L = 0.90078 mg/dL: the half of a tenth goes up, what is less does not.
    ['0.9007800', 'mmol/L', '0.1'],
    ['0.9007799', 'mmol/L', '0.0'],
    ['123456789012345678901234567890', 'mmol/L', '6852771432111374525479837912.1'],
  ] as const)('should give %s in %s as %s', (number, unit, expected) => {
    expect(convertNumber(number, unit)).toBe(expected);
  });

  it('should change value, unit and code together, keep the sender’s code, and say what it did', () => {
    const sent = reading(NOON, { value: { number: '104', comparator: '<' }, comments: ['before lunch'] });
    expect(inGlucoseUnit(sent, 'mmol/L')).toEqual({
      ...sent,
      codes: [
        { system: LOINC, code: '14743-9', display: 'Glucose [Moles/volume] in Capillary blood by Glucometer' },
        METER,
      ],
      unit: 'mmol/L',
      value: { number: '5.8', comparator: '<' },
      remarks: ['Converted from <104 mg/dL (÷ 18.0156), rounded to 1 decimal.'],
    });
    const moles = reading(NOON, {
      codes: [loinc('15074-8')],
      unit: 'mmol/L',
      value: { number: '5.8', comparator: undefined },
    });
    expect(inGlucoseUnit(moles, 'mg/dL')).toMatchObject({
      codes: [{ code: '2339-0' }, { code: '15074-8' }],
      value: { number: '104' },
      remarks: ['Converted from 5.8 mmol/L (× 18.0156), rounded to a whole number.'],
    });
  });

  it('should leave alone what is in that unit already, and what is no glucose', () => {
    const same = reading(NOON);
    expect(inGlucoseUnit(same, 'mg/dL')).toBe(same);
    const other = reading(NOON, { kind: 'measurement' });
    expect(inGlucoseUnit(other, 'mmol/L')).toBe(other);
    const unread = reading(NOON, { value: { number: '1e2', comparator: undefined } });
    expect(inGlucoseUnit(unread, 'mmol/L')).toBe(unread);
  });

  it('should keep a code that fits the wanted unit, as where 41653-7 was sent with mmol/L', () => {
    const odd = reading(NOON, { unit: 'mmol/L', value: { number: '5.8', comparator: undefined } });
    expect(inGlucoseUnit(odd, 'mg/dL').codes).toEqual([METER]);
  });

  it('should not name a code twice that the sender gave in both units', () => {
    const both = reading(NOON, { codes: [METER, loinc('14743-9')] });
    expect(inGlucoseUnit(both, 'mmol/L').codes.map(({ code }) => code)).toEqual(['14743-9', '41653-7']);
  });

  it('should say where it knows no code for the unit', () => {
    const local = reading(NOON, { codes: [{ system: 'urn:x', code: 'BG', display: undefined }] });
    const converted = inGlucoseUnit(local, 'mmol/L');
    expect(converted.codes).toBe(local.codes);
    expect(converted.remarks).toContain("No code is known for mmol/L: the code is the sender's.");
  });

  it('should convert deletions, with and without a value', () => {
    const gone = reading(NOON, { standing: 'deleted' });
    expect(inGlucoseUnit(gone, 'mmol/L')).toMatchObject({ unit: 'mmol/L', value: { number: '5.8' } });
    const bare = reading(undefined, { standing: 'deleted', value: undefined, unit: undefined });
    const converted = inGlucoseUnit(bare, 'mmol/L');
    expect(converted.codes[0]?.code).toBe('14743-9');
    expect(converted.remarks).toBeUndefined();
  });

  it.each([
    ['70-180', '3.9-10.0'],
    ['70 - 180', '3.9-10.0'],
    ['<140', '<7.8'],
    ['>= 70', '>=3.9'],
  ])('should convert the reference range %s to %s', (sent, expected) => {
    expect(inGlucoseUnit(reading(NOON, { referenceRange: sent }), 'mmol/L').referenceRange).toBe(expected);
  });

  it('should leave out a reference range in other words, and say so', () => {
    for (const range of ['normal', '70-180 mg/dL', '<70-180']) {
      const converted = inGlucoseUnit(reading(NOON, { referenceRange: range }), 'mmol/L');
      expect(converted).not.toHaveProperty('referenceRange');
      expect(converted.remarks?.at(-1)).toMatch(/reference range is left out/);
    }
  });

  it('should come back to the same whole number, or the one beside it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), (mg) => {
        const back = convertNumber(convertNumber(String(mg), 'mmol/L') ?? '', 'mg/dL');
        expect(Math.abs(Number(back) - mg)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('should come back to the very same number from mmol/L with one decimal', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), (tenths) => {
        const sent = `${Math.floor(tenths / 10)}.${tenths % 10}`;
        expect(convertNumber(convertNumber(sent, 'mg/dL') ?? '', 'mmol/L')).toBe(sent);
      }),
    );
  });

  it('should have codes with right check digits, each the counterpart of the other', () => {
    for (const code of ['41653-7', '32016-8', '2339-0', '2344-0', '99504-3']) {
      const [moles] = inGlucoseUnit(reading(NOON, { codes: [loinc(code)] }), 'mmol/L').codes;
      expect(codeProblem(LOINC, moles?.code ?? '')).toBeUndefined();
      const back = reading(NOON, { codes: moles === undefined ? [] : [moles], unit: 'mmol/L' });
      expect(inGlucoseUnit(back, 'mg/dL').codes[0]?.code).toBe(code);
    }
  });
});

import fc from 'fast-check';
import { codeProblem, isLoinc, isSnomed } from '../../../src/runtime/site/code-checks';
import { isKnownUcum } from '../../../src/runtime/site/ucum';

/** Codes of published lists. */
const LOINC = [
  '41653-7',
  '14743-9',
  '32016-8',
  '51596-5',
  '2339-0',
  '15074-8',
  '99504-3',
  '105272-9',
  '97507-8',
  '9059-7',
];
const SNOMED = [
  '362943005',
  '434910001',
  '25305005',
  '411531001',
  '67866001',
  '61968008',
  '84626001',
  '46635009',
  '900000000000207008',
];

describe('check digits', () => {
  it('should accept codes as they are published', () => {
    expect(LOINC.filter((code) => !isLoinc(code))).toEqual([]);
    expect(SNOMED.filter((code) => !isSnomed(code))).toEqual([]);
  });

  it('should find every single wrong digit', () => {
    const wrong = fc.tuple(fc.constantFrom(...LOINC, ...SNOMED), fc.nat(), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(wrong, ([code, at, by]) => {
        const place = [...code].map((sign, index) => (sign === '-' ? -1 : index)).filter((index) => index >= 0);
        const index = place[at % place.length] ?? 0;
        const digit = (Number(code.charAt(index)) + by) % 10;
        const changed = code.slice(0, index) + String(digit) + code.slice(index + 1);
        expect(code.includes('-') ? isLoinc(changed) : isSnomed(changed)).toBe(false);
      }),
    );
  });

  it('should find swapped digits of a SNOMED CT id', () => {
    expect(isSnomed('263943005')).toBe(false);
    expect(isSnomed('411513001')).toBe(false);
  });

  it('should refuse other forms', () => {
    expect(['', '41653', '41653-', 'LP41653-7', '416537', '41653-77'].filter(isLoinc)).toEqual([]);
    expect(['', '12345', '0362943005', '36294300a', '1234567890123456789'].filter(isSnomed)).toEqual([]);
  });

  it('should look at LOINC and SNOMED CT only, under both of their names', () => {
    expect(codeProblem('LN', '1-1')).toMatch(/LOINC/);
    expect(codeProblem('SCT', '123456')).toMatch(/SNOMED/);
    expect(codeProblem('99LAB', '1-1')).toBeUndefined();
  });
});

describe('units', () => {
  it.each([
    'mg/dL',
    'mg/dl',
    'mmol/L',
    'g',
    '[iU]',
    '[IU]/h',
    '[iU]/h',
    'kg',
    'kg/m2',
    'mm[Hg]',
    '%',
    '/min',
    '{beats}/min',
    '{count}',
    '1',
    '10*3/uL',
    'mL/min/{1.73_m2}',
    'mmol/mol',
    'Cel',
    'h',
    'kcal',
    'ug/mL',
    'L/min',
    'm.s-2',
  ])('should know %s', (unit) => expect(isKnownUcum(unit)).toBe(true));

  it.each(['', 'MG/DL', 'mg / dL', 'mmol/l/', 'IU', 'units', 'mgdL', '°C', 'g/', 'kmin'])(
    'should not know %j',
    (unit) => expect(isKnownUcum(unit)).toBe(false),
  );
});

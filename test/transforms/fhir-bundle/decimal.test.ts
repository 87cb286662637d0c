import { plainDecimal } from '../../../src/transforms/fhir-bundle/decimal';

describe('decimals for HL7', () => {
  it.each([
    ['5', '5'],
    ['5.0', '5.0'],
    ['-0.50', '-0.50'],
    ['1e2', '100'],
    ['1E+2', '100'],
    ['1.50e1', '15.0'],
    ['1.5e3', '1500'],
    ['56e-1', '5.6'],
    ['5e-1', '0.5'],
    ['5.0e-3', '0.0050'],
    ['0.05e2', '5'],
    ['0.056e2', '5.6'],
    ['0e0', '0'],
    ['-1.5e0', '-1.5'],
    ['1e30', `1${'0'.repeat(30)}`],
  ])('should write %s as %s', (source, plain) => {
    expect(plainDecimal(source)).toBe(plain);
  });

  it.each(['1e31', '1e-31', '1e999999999', 'NaN', '', '1,5', '5 '])('should refuse %p', (source) => {
    expect(plainDecimal(source)).toBeUndefined();
  });
});

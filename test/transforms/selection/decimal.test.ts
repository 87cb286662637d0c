import fc from 'fast-check';
import {
  addDecimals,
  compareDecimals,
  divideDecimals,
  formatDecimal,
  parseDecimal,
  roundDecimal,
  type Decimal,
} from '../../../src/transforms/selection/decimal';

function decimal(text: string): Decimal {
  const parsed = parseDecimal(text);
  if (parsed === undefined) throw new Error(`${text} is no decimal`);
  return parsed;
}

const anyDecimal = fc.record({
  units: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
  scale: fc.integer({ min: 0, max: 12 }),
});

describe('decimals', () => {
  it.each([
    ['0.5', 0, '1'],
    ['-0.5', 0, '-1'],
    ['0.49', 0, '0'],
    ['-0.04', 1, '0.0'],
    ['2.25', 1, '2.3'],
    ['2.35', 1, '2.4'],
    ['-2.25', 1, '-2.3'],
    ['7', 2, '7.00'],
  ])('should round %s to %i digits as %s: halves go away from zero', (text, digits, expected) => {
    expect(formatDecimal(roundDecimal(decimal(text), digits))).toBe(expected);
  });

  it('should keep the digits that were written', () => {
    for (const text of ['0', '5.0', '-0.10', '104', '123456789012345678901234567890.5']) {
      expect(formatDecimal(decimal(text))).toBe(text);
    }
    expect(['', '1e3', '.5', '5.', '0x1', '1,5', 'NaN'].map(parseDecimal)).toEqual(Array(7).fill(undefined));
  });

  it('should add 0.1 and 0.2', () => {
    expect(formatDecimal(addDecimals(decimal('0.1'), decimal('0.2')))).toBe('0.3');
  });

  it('should write what it can read again', () => {
    fc.assert(
      fc.property(anyDecimal, (value) => {
        expect(compareDecimals(decimal(formatDecimal(value)), value)).toBe(0);
      }),
    );
  });

  it('should divide so that nothing nearer to the quotient has as many digits', () => {
    const divisor = anyDecimal.filter(({ units }) => units !== 0n);
    fc.assert(
      fc.property(anyDecimal, divisor, fc.integer({ min: 0, max: 6 }), (a, b, digits) => {
        const quotient = divideDecimals(a, b, digits);
        // |a/b - q| <= half a unit of the last digit, without division: |2·10^digits·a − 2·Q·b| <= |b|, at one scale.
        const scale = BigInt(Math.max(a.scale, b.scale));
        const whole = ({ units, scale: own }: Decimal): bigint => units * 10n ** (scale - BigInt(own));
        const error = 2n * 10n ** BigInt(digits) * whole(a) - 2n * quotient.units * whole(b);
        const size = (value: bigint): bigint => (value < 0n ? -value : value);
        expect(size(error) <= size(whole(b))).toBe(true);
        expect(quotient.scale).toBe(digits);
      }),
    );
  });
});

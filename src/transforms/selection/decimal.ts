/**
 * Exact decimals for what Ductus calculates: conversions, sums, means. On `bigint`, since a `number` has no 0.1 and
 * would round twice.
 */

/** `units` × 10^-`scale`; `scale` is the number of digits after the point. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

const PLAIN_DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?$/;

/** @returns undefined when the text is not a decimal without exponent */
export function parseDecimal(text: string): Decimal | undefined {
  const parts = PLAIN_DECIMAL.exec(text);
  if (parts === null) return undefined;
  const [, sign = '', whole = '', fraction = ''] = parts;
  const size = BigInt(whole + fraction);
  return { units: sign === '-' ? -size : size, scale: fraction.length };
}

/** All digits that it has: `5.0` stays `5.0`. Zero has no sign. */
export function formatDecimal({ units, scale }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const sign = units < 0n ? '-' : '';
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: atScale(a, scale) + atScale(b, scale), scale };
}

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, scale: a.scale + b.scale };
}

/** Negative when a < b, zero when they are the same number. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const difference = atScale(a, scale) - atScale(b, scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** a ÷ b with `scale` digits after the point; halves go away from zero, as people round. */
export function divideDecimals(a: Decimal, b: Decimal, scale: number): Decimal {
  const shift = scale + b.scale - a.scale;
  const above = shift > 0 ? a.units * 10n ** BigInt(shift) : a.units;
  const below = shift < 0 ? b.units * 10n ** BigInt(-shift) : b.units;
  return { units: divideRounded(above, below), scale };
}

/** With `scale` digits after the point; halves go away from zero. */
export function roundDecimal(value: Decimal, scale: number): Decimal {
  return divideDecimals(value, { units: 1n, scale: 0 }, scale);
}

function atScale({ units, scale }: Decimal, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - scale);
}

function divideRounded(above: bigint, below: bigint): bigint {
  const negative = above < 0n !== below < 0n;
  const [size, by] = [above < 0n ? -above : above, below < 0n ? -below : below];
  const rounded = (2n * size + by) / (2n * by);
  return negative ? -rounded : rounded;
}

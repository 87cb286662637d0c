/**
 * JSON numbers as HL7 NM: optional sign, digits, optional point and digits, no exponent (HL7 v2.5.1 chapter 2A, NM).
 * Works on the text, so that no digit changes.
 */

/** More zeros than this are no measurement; FHIR decimals have 18 digits at the least (STU3 datatypes). */
const MAX_SHIFT = 30;

/**
 * @param source a JSON number, as in `5.0`, `1e2`
 * @returns the same number without exponent and with the same significant digits (`5.0`, `100`);
 *   undefined when it is not a JSON number or its exponent is beyond ±30
 */
export function plainDecimal(source: string): string | undefined {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source);
  if (parts === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent] = parts;
  if (exponent === undefined) return source;
  const shift = Number(exponent);
  if (Math.abs(shift) > MAX_SHIFT) return undefined;
  const digits = whole + fraction;
  const point = whole.length + shift;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  const left = digits
    .slice(0, point)
    .padEnd(point, '0')
    .replace(/^0+(?=\d)/, '');
  const right = digits.slice(point);
  return right === '' ? sign + left : `${sign}${left}.${right}`;
}

/** Numbers and units of FHIR quantities. A number is never changed; a unit only gets the spelling of UCUM. */
import type { Value } from '../model/reading';
import { plainDecimal } from './decimal';
import { decimalSource } from './lossless-json';
import type { NoMapping } from './no-mapping';
import type { Quantity } from './shapes';

/** An amount; both parts are absent only in a deletion. */
export interface Amount {
  readonly value: Value | undefined;
  readonly unit: string | undefined;
}

const MAX_DIGITS = 30;
const COMPARATORS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);
const UCUM = 'http://unitsofmeasure.org';
/** UCUM has only these characters in codes (UCUM §2.1: printable ASCII); more than 40 are none that anyone uses. */
const UCUM_CODE = /^[!-~]{1,40}$/;

/**
 * A number and its unit.
 * @param unit what the kind of reading makes of the quantity's unit; undefined: it cannot be that kind
 * @param wrongUnit why, in that case
 */
export function readAmount(
  quantity: Quantity | undefined,
  unit: string | undefined,
  wrongUnit: string,
  deleted: boolean,
): Amount | NoMapping {
  if (quantity?.value === undefined) {
    return deleted ? { value: undefined, unit } : { why: 'no valueQuantity with a number' };
  }
  if (unit === undefined) return deleted ? { value: undefined, unit } : { why: wrongUnit };
  const { comparator } = quantity;
  const number = plainNumber(quantity.value);
  if (number === TOO_LONG) return deleted ? { value: undefined, unit } : { why: 'a value with more than 30 digits' };
  if (number === undefined || (comparator !== undefined && !COMPARATORS.has(comparator))) {
    return deleted ? { value: undefined, unit } : { why: 'a number or comparator that HL7 cannot hold' };
  }
  return { value: { number, comparator }, unit };
}

const TOO_LONG = 'too long';

/** The digits as they were written, without exponent. */
function plainNumber(value: number | string): string | undefined {
  // Within these bounds JavaScript prints no exponent, and what is a number here prints as it was written.
  if (typeof value === 'number' && (value === 0 || (Math.abs(value) >= 1e-6 && Math.abs(value) < 1e21))) {
    return String(value);
  }
  const source = decimalSource(value) ?? '';
  const [digits = ''] = source.split(/[eE]/);
  // No measurement has as many, and receivers cut or refuse them.
  if (digits.replace(/[^0-9]/g, '').length > MAX_DIGITS) return TOO_LONG;
  return plainDecimal(source);
}

/**
 * The unit of a quantity by the names that are known for it.
 * @param named gives the unit in UCUM for a code or label, `''` for another unit, undefined for a word that is no unit
 * @returns undefined when there is none, or code and label contradict each other (then nobody can say what the number
 *   means). A label in other words beside a known code is only a label.
 */
export function unitByNames({ unit, code }: Quantity, named: (name: string) => string | undefined): string | undefined {
  const label = unit === undefined ? undefined : named(unit);
  const own = code === undefined || code === '' ? label : named(code);
  if (own === undefined || own === '' || (label !== undefined && label !== own)) return undefined;
  return own;
}

/** The UCUM code of any quantity; undefined when it has none. */
export function ucumUnit({ system, code }: Quantity): string | undefined {
  if (system !== undefined && system !== UCUM) return undefined;
  return code !== undefined && UCUM_CODE.test(code) ? code : undefined;
}

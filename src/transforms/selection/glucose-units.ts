/**
 * Glucose in the unit that a destination asks for. Value, unit, code and reference range change together, and a remark
 * says what the sender wrote and how it was rounded.
 */
import type { GlucoseUnit } from '../model/profile';
import type { Reading, Value } from '../model/reading';
import { divideDecimals, formatDecimal, multiplyDecimals, parseDecimal, roundDecimal, type Decimal } from './decimal';
import { codesForUnit } from './glucose-codes';

/**
 * mg/dL in 1 mmol/L: a tenth of the molar mass of glucose, 180.156 g/mol (SPECS §6.2; loinc.org gives the same mass).
 */
export const MG_PER_DL_IN_MMOL_PER_L = '18.0156';
const FACTOR: Decimal = { units: 180_156n, scale: 4 };

/** Meters show whole mg/dL, and one decimal of mmol/L. */
const DIGITS: Readonly<Record<GlucoseUnit, number>> = { 'mg/dL': 0, 'mmol/L': 1 };
const ROUNDED: Readonly<Record<GlucoseUnit, string>> = {
  'mg/dL': 'rounded to a whole number',
  'mmol/L': 'rounded to 1 decimal',
};

/** `70-180`, `<140`, `>= 4.0`: what OBX-7 of HL7 v2.5.1 (chapter 7) has for numeric ranges. */
const RANGE = /^(<=|>=|<|>)?\s*(\d+(?:\.\d+)?)(?:\s*-\s*(\d+(?:\.\d+)?))?$/;
const RANGE_DROPPED = 'The reference range is left out: it could not be converted with the value.';

/**
 * The reading in the wanted unit; the same object when it is in that unit already or is no glucose. Deletions change
 * too: they must name what the destination got.
 */
export function inGlucoseUnit(reading: Reading, wanted: GlucoseUnit): Reading {
  if (reading.kind !== 'glucose') return reading;
  if (reading.unit === undefined) {
    // A deletion without a value: only its code can say which of the two was sent.
    const { codes } = codesForUnit(reading.codes, wanted);
    return codes === reading.codes ? reading : { ...reading, codes };
  }
  if (reading.unit === wanted || !isGlucoseUnit(reading.unit)) return reading;
  return convert(reading, reading.unit, wanted);
}

function convert(reading: Reading, sent: GlucoseUnit, wanted: GlucoseUnit): Reading {
  const { value, referenceRange, ...rest } = reading;
  const number = value === undefined ? undefined : convertNumber(value.number, wanted);
  // A number that cannot be read stays as it is, with its unit and code: half a conversion would be a lie.
  if (value !== undefined && number === undefined) return reading;
  const { codes, fits } = codesForUnit(reading.codes, wanted);
  const remarks = [...(reading.remarks ?? [])];
  if (value !== undefined) remarks.push(conversionRemark(value, sent, wanted));
  if (!fits) remarks.push(`No code is known for ${wanted}: the code is the sender's.`);
  const range = referenceRange === undefined ? undefined : convertRange(referenceRange, wanted);
  if (referenceRange !== undefined && range === undefined) remarks.push(RANGE_DROPPED);
  return {
    ...rest,
    codes,
    unit: wanted,
    value: value === undefined || number === undefined ? undefined : { number, comparator: value.comparator },
    ...(range === undefined ? {} : { referenceRange: range }),
    remarks,
  };
}

/** @returns undefined when the text is no decimal */
export function convertNumber(number: string, wanted: GlucoseUnit): string | undefined {
  const decimal = parseDecimal(number);
  if (decimal === undefined) return undefined;
  const digits = DIGITS[wanted];
  return formatDecimal(
    wanted === 'mmol/L'
      ? divideDecimals(decimal, FACTOR, digits)
      : roundDecimal(multiplyDecimals(decimal, FACTOR), digits),
  );
}

function conversionRemark({ number, comparator = '' }: Value, sent: GlucoseUnit, wanted: GlucoseUnit): string {
  const sign = wanted === 'mmol/L' ? '÷' : '×';
  return `Converted from ${comparator}${number} ${sent} (${sign} ${MG_PER_DL_IN_MMOL_PER_L}), ${ROUNDED[wanted]}.`;
}

/** A range in other words than numbers is not converted: beside the new value it would be read in the wrong unit. */
function convertRange(range: string, wanted: GlucoseUnit): string | undefined {
  const [whole, comparator = '', low, high] = RANGE.exec(range) ?? [];
  if (whole === undefined || low === undefined || (comparator !== '' && high !== undefined)) return undefined;
  const numbers = [low, high].flatMap((number) =>
    number === undefined ? [] : [convertNumber(number, wanted) ?? number],
  );
  return comparator + numbers.join('-');
}

function isGlucoseUnit(unit: string): unit is GlucoseUnit {
  return unit === 'mg/dL' || unit === 'mmol/L';
}

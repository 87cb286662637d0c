/** A glucose Observation as far as HL7 needs it, or why it cannot become an OBX. */
import { glucoseCodes, glucoseUnit } from './codes';
import type { DeviceId, Elements, Reading, Value } from '../model/reading';
import { plainDecimal } from './decimal';
import { decimalSource } from './lossless-json';
import type { Glucose } from './shapes';
import { standingOf } from '../model/standing';
import { parseFhirTime } from '../model/time';

/** Why an Observation has no mapping, in words without its values. */
export interface NoMapping {
  readonly why: string;
}

const MAX_DIGITS = 30;

const AT_DATE_TIME: Elements = {
  identifier: 'id',
  status: 'status',
  codes: 'code',
  value: 'valueQuantity.value',
  comparator: 'valueQuantity.comparator',
  unit: 'valueQuantity.code',
  start: 'effectiveDateTime',
  comments: 'comment',
  device: 'device',
  subject: 'subject',
};
const AT_INSTANT: Elements = { ...AT_DATE_TIME, start: 'effectiveInstant' };
const IN_PERIOD: Elements = { ...AT_DATE_TIME, start: 'effectivePeriod.start', end: 'effectivePeriod.end' };
const COMPARATORS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);

/**
 * A deletion (`cancelled`, `entered-in-error`; SPECS §1.5) needs neither value nor time: it only has to say
 * which measurement goes. Everything else needs both, and nothing is guessed.
 */
export function readGlucose(observation: Glucose, deviceOf: () => DeviceId | undefined): Reading | NoMapping {
  const standing = standingOf(observation.status);
  if (standing === undefined) return { why: 'the status says neither valid nor deleted' };
  if ((observation.component ?? []).length > 0) return { why: 'an Observation with components' };
  const deleted = standing === 'deleted';

  const quantity = observation.valueQuantity;
  const unit = quantity === undefined ? undefined : glucoseUnit(quantity);
  const value = readValue(quantity);
  if (!deleted && quantity?.value === undefined) return { why: 'no valueQuantity with a number' };
  if (!deleted && unit === undefined) return { why: 'the unit is not mg/dL or mmol/L, or code and unit differ' };
  if (!deleted && hasTooManyDigits(quantity)) return { why: 'a value with more than 30 digits' };
  if (!deleted && value === undefined) return { why: 'a number or comparator that HL7 cannot hold' };

  const times = [
    observation.effectiveDateTime ?? observation.effectiveInstant ?? observation.effectivePeriod?.start,
    observation.effectivePeriod?.end,
  ].filter((time) => time !== undefined);
  const [start, end] = times.map(parseFhirTime);
  if (!deleted && (times.length === 0 || (start === undefined && end === undefined))) {
    return { why: 'no effective time, or one that is not a date' };
  }

  const codes = glucoseCodes(observation, unit);
  if (codes.length === 0) return { why: 'no code' };
  const comments = [observation.comment, ...(observation.note ?? []).map((note) => note.text)].map(
    (text) => text ?? '',
  );
  return {
    kind: 'glucose',
    standing,
    codes,
    value: unit === undefined ? undefined : value,
    unit,
    start,
    end,
    comments: comments.filter((comment) => comment !== ''),
    device: deviceOf(),
    elements: elementsOf(observation),
  };
}

/** The same object for all readings of a shape. */
function elementsOf({ effectiveDateTime, effectiveInstant }: Glucose): Elements {
  return effectiveDateTime !== undefined ? AT_DATE_TIME : effectiveInstant !== undefined ? AT_INSTANT : IN_PERIOD;
}

function readValue(quantity: Glucose['valueQuantity']): Value | undefined {
  const source = decimalSource(quantity?.value);
  const number = source === undefined ? undefined : plainDecimal(source);
  const comparator = quantity?.comparator;
  if (hasTooManyDigits(quantity)) return undefined;
  if (number === undefined || (comparator !== undefined && !COMPARATORS.has(comparator))) return undefined;
  return { number, comparator };
}

/** No measurement has as many, and receivers cut or refuse them. */
function hasTooManyDigits(quantity: Glucose['valueQuantity']): boolean {
  const [digits = ''] = (decimalSource(quantity?.value) ?? '').split(/[eE]/);
  return digits.replace(/[^0-9]/g, '').length > MAX_DIGITS;
}

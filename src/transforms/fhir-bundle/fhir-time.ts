/**
 * FHIR times to the second, the form in which nearly all of them come, read without a regular expression: a file has
 * thousands. What has another form, or is no time, is for parseFhirTime; both give the same.
 */
import { parseFhirTime, type FhirTime } from '../model/time';

const ZERO = 48;
/** `2024-03-01T08:15:00`, and with an offset or `Z`. */
const WITHOUT_OFFSET = 19;
const WITH_OFFSET = 25;
const MAX_OFFSET_HOURS = 13;

/** @returns undefined when the text is not a FHIR time, or there is no such day, time or offset */
export function readFhirTime(text: string): FhirTime | undefined {
  return readUsual(text) ?? parseFhirTime(text);
}

function readUsual(text: string): FhirTime | undefined {
  const { length } = text;
  const isUtc = length === WITHOUT_OFFSET + 1 && text.charAt(WITHOUT_OFFSET) === 'Z';
  if (!isUtc && length !== WITHOUT_OFFSET && length !== WITH_OFFSET) return undefined;
  if (!hasMarks(text)) return undefined;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  // Not a number (NaN) fails every comparison. Days past the 28th are left to who knows months.
  if (!(year >= 1000 && month >= 1 && month <= 12 && day >= 1 && day <= 28)) return undefined;
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return undefined;

  let offsetMinutes: number | undefined;
  let offsetText = '';
  if (isUtc) {
    offsetMinutes = 0;
    offsetText = '+0000';
  } else if (length === WITH_OFFSET) {
    const sign = text.charAt(19);
    const hours = twoDigits(text, 20);
    const minutes = twoDigits(text, 23);
    if ((sign !== '+' && sign !== '-') || text.charAt(22) !== ':') return undefined;
    if (!(hours <= MAX_OFFSET_HOURS && minutes <= 59)) return undefined;
    offsetMinutes = (sign === '-' ? -1 : 1) * (hours * 60 + minutes);
    offsetText = text.slice(19, 22) + text.slice(23);
  }
  return {
    digits: compact(text),
    localMs: Date.UTC(year, month - 1, day, hour, minute, second),
    offsetMinutes,
    offsetText,
    hasClock: true,
  };
}

function hasMarks(text: string): boolean {
  return (
    text.charAt(4) === '-' &&
    text.charAt(7) === '-' &&
    text.charAt(10) === 'T' &&
    text.charAt(13) === ':' &&
    text.charAt(16) === ':'
  );
}

/** NaN when there are no digits. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

/** The 14 digits alone, made at once: pieces put together would stay pieces. */
function compact(text: string): string {
  return String.fromCharCode(
    text.charCodeAt(0),
    text.charCodeAt(1),
    text.charCodeAt(2),
    text.charCodeAt(3),
    text.charCodeAt(5),
    text.charCodeAt(6),
    text.charCodeAt(8),
    text.charCodeAt(9),
    text.charCodeAt(11),
    text.charCodeAt(12),
    text.charCodeAt(14),
    text.charCodeAt(15),
    text.charCodeAt(17),
    text.charCodeAt(18),
  );
}

/** Times of HL7 v2 (DT, TS, DTM) in FHIR, and as instants. */
import { toFhirTime } from '../model/fhir-time';
import { parseHl7Time, toHl7Time, type FhirTime } from '../model/time';
import type { TimeZone } from '../model/time-zone';

/** Until v2.5, TS had a second component, the precision (L, D, H …); the first is the time in all versions. */
const BEFORE_ANYBODY = '0000';

/** Undefined when it is no HL7 time, there is no such day or time, or the year is 0. */
export function readTime(text: string): FhirTime | undefined {
  const time = parseHl7Time(text.trim());
  return time === undefined || time.digits.startsWith(BEFORE_ANYBODY) ? undefined : time;
}

/** `date` of FHIR; a time of day is left out. */
export function fhirDate({ digits }: FhirTime): string {
  return [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6, 8)].filter((part) => part !== '').join('-');
}

/** `dateTime` of FHIR; with the offset of the zone where none was given. */
export function fhirDateTime(time: FhirTime, zone: TimeZone): string {
  return toFhirTime(time, zone);
}

/** Milliseconds since 1970; a day begins at midnight of the zone. */
export function instantOf(time: FhirTime, zone: TimeZone): number {
  return toHl7Time(time, zone).instantMs;
}

/**
 * As `instantOf`, for the order of changes: a clock reading that occurs twice, when summer time ends, is the second one. The
 * door does not believe what is ahead of its own clock, so that in the first of the two hours the time of arrival counts; with
 * the first one, all of the second hour would be older than what came just before.
 */
export function orderInstantOf(time: FhirTime, zone: TimeZone): number {
  const { instantMs, change } = toHl7Time(time, zone);
  if (change !== 'repeated') return instantMs;
  return time.localMs - zone.offsetOf(instantMs + HOUR_MS) * MINUTE_MS;
}

/** No zone is set back by more. */
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

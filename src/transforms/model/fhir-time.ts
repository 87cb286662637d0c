/** A time of the model as FHIR and ISO 8601 write it. */
import type { FhirTime } from './time';
import type { TimeZone } from './time-zone';

/**
 * `2024-03-01T08:15:00+01:00`, or a year, month or day alone. A clock time gets seconds and, where it came without an
 * offset, that of the zone: FHIR R4 wants both (datatypes, dateTime).
 */
export function toFhirTime({ digits, hasClock, localMs, offsetMinutes, offsetText }: FhirTime, zone: TimeZone): string {
  const date = [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6, 8)].filter((part) => part !== '').join('-');
  if (!hasClock) return date;
  const seconds = digits.slice(12) === '' ? '00' : digits.slice(12);
  const offset =
    offsetMinutes === undefined
      ? offsetOf(zone.resolve(localMs).minutes)
      : `${offsetText.slice(0, 3)}:${offsetText.slice(3)}`;
  return `${date}T${digits.slice(8, 10)}:${digits.slice(10, 12)}:${seconds}${offset}`;
}

/** `+01:00` for 60. @param minutes east of UTC */
export function offsetOf(minutes: number): string {
  const size = Math.abs(minutes);
  const clock = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, '0')).join(':');
  return (minutes < 0 ? '-' : '+') + clock;
}

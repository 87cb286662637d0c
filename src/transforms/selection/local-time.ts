/** The clock hour and the day of a reading, in the organization's zone. */
import type { Reading } from '../model/reading';
import type { FhirTime } from '../model/time';
import type { TimeZone } from '../model/time-zone';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** When it was measured: the start, else the end. */
export function timeOf({ start, end }: Reading): FhirTime | undefined {
  return start ?? end;
}

/** The instant, and the offset that the zone has then, in minutes east of UTC. */
export function instantOf(time: FhirTime, zone: TimeZone): { readonly instantMs: number; readonly offset: number } {
  if (time.offsetMinutes === undefined) {
    const { minutes } = zone.resolve(time.localMs);
    return { instantMs: time.localMs - minutes * MINUTE, offset: minutes };
  }
  const instantMs = time.localMs - time.offsetMinutes * MINUTE;
  return { instantMs, offset: zone.offsetOf(instantMs) };
}

/**
 * The clock hour as a text. Where an hour occurs twice, the offset tells them apart.
 * @returns undefined for a time without a clock
 */
export function hourOf(
  time: FhirTime,
  zone: TimeZone,
): { readonly hour: string; readonly instantMs: number } | undefined {
  if (!time.hasClock) return undefined;
  const { instantMs, offset } = instantOf(time, zone);
  return { hour: `${Math.floor((instantMs + offset * MINUTE) / HOUR)} ${offset}`, instantMs };
}

/** The local day, as in `2024-03-01`; undefined for a month or a year. */
export function dayOf(time: FhirTime, zone: TimeZone): string | undefined {
  if (time.digits.length < 8) return undefined;
  if (!time.hasClock) return isoDay(time.localMs);
  const { instantMs, offset } = instantOf(time, zone);
  return isoDay(instantMs + offset * MINUTE);
}

/** Years before 0 and after 9999 do not occur: FHIR times have four digits. */
function isoDay(localMs: number): string {
  return new Date(localMs).toISOString().slice(0, 10);
}

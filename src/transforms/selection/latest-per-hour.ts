/** Density `latest-per-hour`: of the readings of one patient, kind and clock hour only the last is sent. */
import type { Item } from '../model/item';
import type { LeftOutReason } from '../model/message';
import type { ReadingKind } from '../model/reading';
import type { TimeZone } from '../model/time-zone';
import { hourOf, timeOf } from './local-time';

/** A reading's place among those of its hour. */
interface Latest {
  readonly instantMs: number;
  readonly reference: string;
}

/**
 * Leaves out what is not the last of its hour. What the destination has is always corrected and deleted; a reading
 * without a clock time belongs to no hour and goes.
 * @param kinds kinds of which the destination wants the last only
 * @param present readings of the file that are not sent, but of which the destination has, or may get, this version:
 *   they count as sent, so that a repeat of the file sends no second one for the hour
 */
export function onlyLatestOfHour(
  items: readonly Item[],
  present: readonly Item[],
  kinds: ReadonlySet<ReadingKind>,
  zone: TimeZone,
  leftOut: { reference: string; why: LeftOutReason }[],
): Item[] {
  const latest = new Map<string, Latest>();
  const places = items.map((item) => placeOf(item, kinds, zone));
  for (const place of [...places, ...present.map((item) => placeOf(item, kinds, zone))]) {
    if (place === undefined) continue;
    const known = latest.get(place.slot);
    if (known === undefined || isLater(place, known)) latest.set(place.slot, place);
  }
  return items.filter(({ reference, status }, position) => {
    const place = places[position];
    if (place === undefined || status === 'C' || latest.get(place.slot)?.reference === reference) return true;
    leftOut.push({ reference, why: 'filtered' });
    return false;
  });
}

/** Undefined for what does not compete. */
function placeOf(
  { content, status, patient, reference }: Item,
  kinds: ReadonlySet<ReadingKind>,
  zone: TimeZone,
): (Latest & { readonly slot: string }) | undefined {
  if (content.kind !== 'reading' || status === 'D' || !kinds.has(content.reading.kind)) return undefined;
  const time = timeOf(content.reading);
  const hour = time === undefined ? undefined : hourOf(time, zone);
  if (hour === undefined) return undefined;
  return { slot: JSON.stringify([patient.key, content.reading.kind, hour.hour]), instantMs: hour.instantMs, reference };
}

/** Two at the same instant: the greater reference, so that the order of the file decides nothing. */
function isLater(a: Latest, b: Latest): boolean {
  return a.instantMs > b.instantMs || (a.instantMs === b.instantMs && a.reference > b.reference);
}

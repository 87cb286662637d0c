/**
 * Density `daily-summary`: the readings of one patient, kind and local day become a count with minimum, mean and maximum
 * (glucose) or a sum (carbs, insulin). What has another unit, and insulin of another code, is summarised apart.
 *
 * A summary is about the readings of one file: a transform does not know what earlier files held.
 */
import type { Item } from '../model/item';
import type { LeftOutReason } from '../model/message';
import type { Reading, ReadingKind } from '../model/reading';
import type { TimeZone } from '../model/time-zone';
import { parseDecimal, type Decimal } from './decimal';
import { dayOf, timeOf } from './local-time';
import type { SummarizedKind } from './summary-codes';
import { summaryItems } from './summary-items';

/** Readings that are summarised together. */
export interface DayGroup {
  readonly kind: SummarizedKind;
  /** `2024-03-01`. */
  readonly day: string;
  readonly unit: string;
  readonly members: readonly { readonly item: Item; readonly reading: Reading; readonly number: Decimal }[];
  /** Deletions of readings that were summarised before. */
  readonly deleted: readonly Item[];
}

interface Day {
  readonly kind: SummarizedKind;
  readonly day: string;
  /** By unit, and code of insulin. */
  readonly groups: Map<string, { unit: string; members: DayGroup['members'][number][]; deleted: Item[] }>;
  readonly deleted: { item: Item; reading: Reading }[];
}

/**
 * Replaces the readings of these kinds by summaries, at the place of the day's first reading. What cannot be summarised
 * goes as it is: a rate (an hourly rate is no amount) and a time without a day.
 * @param redelivery the file was delivered before
 * @returns items in groups that were made of the same resources
 */
export function summarizeDays(
  items: readonly Item[],
  kinds: ReadonlySet<ReadingKind>,
  zone: TimeZone,
  redelivery: boolean,
  leftOut: { reference: string; why: LeftOutReason }[],
): Item[][] {
  const days = new Map<string, Day>();
  const places: (Item | Day)[] = [];
  for (const item of items) {
    const reading = item.content.kind === 'reading' ? item.content.reading : undefined;
    const kind = reading?.kind;
    if (reading === undefined || kind === undefined || kind === 'measurement' || !kinds.has(kind) || isRate(reading)) {
      places.push(item);
      continue;
    }
    const time = timeOf(reading);
    const day = time === undefined ? undefined : dayOf(time, zone);
    const number = reading.value === undefined ? undefined : parseDecimal(reading.value.number);
    const deleted = item.status === 'D';
    if (day === undefined && deleted) {
      // Nobody can say of which day it was, and by itself it names an observation that the destination never got.
      leftOut.push({ reference: item.reference, why: 'filtered' });
      continue;
    }
    if (day === undefined || (!deleted && (number === undefined || reading.unit === undefined))) {
      places.push(item);
      continue;
    }
    const key = JSON.stringify([item.patient.key, kind, day]);
    let found = days.get(key);
    if (found === undefined) {
      found = { kind, day, groups: new Map(), deleted: [] };
      days.set(key, found);
      places.push(found);
    }
    if (deleted) found.deleted.push({ item, reading });
    else if (number !== undefined) groupOf(found, reading).members.push({ item, reading, number });
  }
  return places.flatMap((place) => ('groups' in place ? summariesOf(place, zone.name, redelivery) : [[place]]));
}

function summariesOf(day: Day, zoneName: string, redelivery: boolean): Item[][] {
  for (const { item, reading } of day.deleted) {
    const own = day.groups.get(keyOf(reading));
    const [some = groupOf(day, reading)] = own === undefined ? day.groups.values() : [own];
    some.deleted.push(item);
  }
  return [...day.groups.values()].map((group) =>
    summaryItems({ kind: day.kind, day: day.day, ...group }, zoneName, redelivery),
  );
}

function groupOf(day: Day, reading: Reading) {
  const key = keyOf(reading);
  let group = day.groups.get(key);
  if (group === undefined) {
    group = { unit: reading.unit ?? '', members: [], deleted: [] };
    day.groups.set(key, group);
  }
  return group;
}

/** Milligrams and millimoles do not add up, and neither do units of two insulins. */
function keyOf({ kind, unit = '', codes: [main] }: Reading): string {
  return JSON.stringify(kind === 'insulin' ? [unit, main?.system, main?.code] : [unit]);
}

function isRate({ insulin }: Reading): boolean {
  return insulin?.isRate === true;
}

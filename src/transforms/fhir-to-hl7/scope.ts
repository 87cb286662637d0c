/** What the segments of one message share, and where an OBX stands in it. */
import type { Item, ResultStatus } from '../model/item';
import type { Hl7Profile } from '../model/profile';
import type { ElementName, Reading } from '../model/reading';
import { toHl7Time, type FhirTime, type Hl7Time } from '../model/time';
import type { TimeZone } from '../model/time-zone';

export interface Scope {
  readonly profile: Hl7Profile;
  readonly zone: TimeZone;
  /** True for an ORU^R01 of IHE PCD-01 (HL7 v2.6). */
  readonly isPcd: boolean;
  /** Time of the notification as HL7 writes it. */
  readonly createdAt: string;
}

/** An item of which OBX, or pharmacy segments, are made. */
export interface Entry {
  readonly item: Item;
  /** When it was measured or began. */
  readonly time: Hl7Time | undefined;
  /** When it ended, if it took time. */
  readonly end: Hl7Time | undefined;
}

export interface ReadingEntry extends Entry {
  readonly reading: Reading;
}

export interface ObxContext extends Entry {
  readonly scope: Scope;
  /** OBX-1. */
  readonly setId: number;
  /** OBX-4: tells observations of the same code under one OBR apart; empty when there is only one. */
  readonly subId: string;
}

export interface ReadingContext extends ObxContext {
  readonly reading: Reading;
}

/** An item with its times; one that is known only by its end is placed there. */
export function entryOf(item: Item, reading: Reading, zone: TimeZone): ReadingEntry {
  const start = hl7Time(reading.start, zone);
  const end = hl7Time(reading.end, zone);
  return { item, reading, time: start ?? end, end: start === undefined ? undefined : end };
}

function hl7Time(time: FhirTime | undefined, zone: TimeZone): Hl7Time | undefined {
  return time === undefined ? undefined : toHl7Time(time, zone);
}

/**
 * What OBX-11 and OBR-25 say: table 0085 has C for what replaces a final result, so that a correction that is itself not
 * final yet is a preliminary result again.
 */
export function resultStatus({ status, content }: Item): ResultStatus {
  return status === 'C' && content.kind === 'reading' && content.reading.standing === 'preliminary' ? 'P' : status;
}

/** Path of an element of a reading; of the whole resource where the reader did not say which. */
export function pathOf({ path }: Item, { elements }: Reading, name: ElementName): readonly string[] {
  const element = elements[name];
  return [element === undefined ? path : `${path}.${element}`];
}

/** {@link pathOf} as the `from` of a rule. */
export function from(
  name: ElementName,
): (context: { readonly item: Item; readonly reading: Reading }) => readonly string[] {
  return ({ item, reading }) => pathOf(item, reading, name);
}

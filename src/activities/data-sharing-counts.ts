/**
 * What a transform made of a file, in numbers, for the ledger and the metrics. A file goes to several destinations, which
 * take different parts of it: of each count the largest stands for the file.
 */
import type { KindCounts } from '../transforms/model/counts';
import type { MapResult } from '../transforms/model/message';

export type Counts = Readonly<Record<string, number>>;

export interface FileCounts {
  /** Items in the messages, by kind. */
  readonly kinds: Counts;
  /** Items that are readings. */
  readonly observations: number;
  readonly leftOut: number;
  readonly leftOutReasons: Counts;
  /** Resources without a mapping, by type. */
  readonly unmappedTypes: Counts;
  /** Elements that no mapping reads, as in `Observation.bodySite`. */
  readonly unreadElements: Counts;
}

/** More names than this say nothing more; a sender could make up any number of them. */
const MAX_NAMES = 50;
const OTHER = 'other';
/** Names of FHIR types and element paths, extensions by their URL. Anything else in a file's keys is not repeated. */
const NAME = /^[A-Z][A-Za-z]{1,63}([.:[\]()#/\w-]{0,128})$/;

/** The counts of a file for one destination. */
export function countResult({ kinds, leftOut, unmapped, unread }: MapResult): FileCounts {
  return {
    kinds,
    observations: observationsIn(kinds),
    leftOut: leftOut.length,
    leftOutReasons: tally(leftOut, ({ why }) => why),
    unmappedTypes: tally(unmapped, ({ type }) => type),
    unreadElements: unread,
  };
}

/** The largest of each. */
export function largest(all: readonly FileCounts[]): FileCounts {
  return {
    kinds: largestOfEach(all.map(({ kinds }) => kinds)),
    observations: Math.max(0, ...all.map(({ observations }) => observations)),
    leftOut: Math.max(0, ...all.map(({ leftOut }) => leftOut)),
    leftOutReasons: largestOfEach(all.map(({ leftOutReasons }) => leftOutReasons)),
    unmappedTypes: largestOfEach(all.map(({ unmappedTypes }) => unmappedTypes)),
    unreadElements: largestOfEach(all.map(({ unreadElements }) => unreadElements)),
  };
}

/** The most frequent names; the rest, and what is no name, as `other`. */
export function boundNames(...all: readonly Counts[]): Counts {
  const named = new Map<string, number>();
  let rest = 0;
  for (const [name, count] of all.flatMap((counts) => Object.entries(counts))) {
    if (NAME.test(name)) named.set(name, (named.get(name) ?? 0) + count);
    else rest += count;
  }
  // By name where the counts are the same, so that a repeat writes the same.
  const sorted = [...named].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  for (const [, count] of sorted.slice(MAX_NAMES)) rest += count;
  const kept = sorted.slice(0, MAX_NAMES);
  return Object.fromEntries(rest === 0 ? kept : [...kept, [OTHER, rest]]);
}

function tally<T>(all: readonly T[], nameOf: (each: T) => string): Counts {
  const counts = new Map<string, number>();
  for (const each of all) {
    const name = nameOf(each);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

function largestOfEach(all: readonly Counts[]): Counts {
  const largest = new Map<string, number>();
  for (const [name, count] of all.flatMap((counts) => Object.entries(counts))) {
    largest.set(name, Math.max(largest.get(name) ?? 0, count));
  }
  return Object.fromEntries(largest);
}

/** What counts as an observation: a mapped item, not a device, a report, or what is only carried. */
function observationsIn(kinds: KindCounts): number {
  const { glucose = 0, carbs = 0, insulin = 0, measurement = 0, summary = 0 } = kinds;
  return glucose + carbs + insulin + measurement + summary;
}

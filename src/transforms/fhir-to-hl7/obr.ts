/** OBR: the report under which observations stand. */
import { shortHash } from '../model/short-hash';
import type { Hl7Time } from '../model/time';
import { DUCTUS_CODES, toV2, type V2Code } from './codes';
import { ce, configured } from './fields';
import { instanceIdentifier, NAMESPACE } from './instance-identifier';
import { resultStatus, type Entry, type ReadingEntry, type Scope } from './scope';
import { SegmentTable } from './segment-table';

export interface ObrContext {
  readonly setId: number;
  readonly scope: Scope;
  readonly code: V2Code;
  /** OBR-3, as an EI. */
  readonly filler: string;
  readonly entries: readonly Entry[];
  /** The reading that the only one of the group belongs to, when it has an OBR of its own. */
  readonly parent?: Entry | undefined;
  readonly range: TimeRange;
}

interface Moment {
  readonly time: Hl7Time;
  readonly entry: Entry;
}

export interface TimeRange {
  readonly first: Moment | undefined;
  readonly last: Moment | undefined;
}

/**
 * OBR-4 for a set of readings: LOINC's panel for what people track themselves about their diabetes. It is the
 * panel with 41653-7 (glucose by glucometer) as a member that makes no claim about a laboratory order.
 */
export const DIABETES_PANEL: V2Code = { code: '55399-0', text: 'Diabetes tracking panel', system: 'LN' };
export const CARRIED_PANEL: V2Code = { code: 'FHIR', text: 'FHIR resources without a mapping', system: '99FHR' };
export const DEVICE_PANEL: V2Code = { code: 'DEVICE', text: 'Description of a device', system: DUCTUS_CODES };

export const OBR = new SegmentTable<ObrContext>([
  { id: 'obr-1', target: 'OBR-1', source: 'counted', why: 'v2.5.1 §7.4.1.1', write: ({ setId }) => String(setId) },
  {
    id: 'obr-3',
    target: 'OBR-3',
    source:
      'hash of the resources and of the notification; with `grouping: observation`, and for a device: the id of the resource',
    why: 'a report of its own for every message, so that no receiver takes it for a replacement of an earlier one; with an OBR for each reading a correction has the filler number of the original',
    write: ({ filler }) => filler,
  },
  {
    id: 'obr-4',
    target: 'OBR-4',
    source: 'constant; with `grouping: observation` the code of the reading',
    why: '55399-0 is LOINC’s panel of what people track about their diabetes: glucose, carbohydrates, insulin; devices and carried resources have local codes',
    write: ({ code }) => ce(code),
  },
  {
    id: 'obr-7',
    target: 'OBR-7',
    source: 'the earliest time of the observations',
    why: 'compared as instants: 08:15 at +01:00 is before 11:45 at +00:00',
    from: ({ range }) => momentPath(range.first),
    write: ({ range }) => range.first?.time.text ?? '',
  },
  {
    id: 'obr-8',
    target: 'OBR-8',
    source: 'the latest time of the observations',
    why: 'the end of the period that the report is about (§7.4.1.8)',
    from: ({ range }) => momentPath(range.last),
    write: ({ range }) => range.last?.time.text ?? '',
  },
  {
    id: 'obr-16',
    target: 'OBR-16',
    source: 'configuration: hl7.orderingProvider',
    why: 'some EMRs file results by the provider who is in charge',
    write: ({ scope }) => configured(scope.profile.orderingProvider),
  },
  {
    id: 'obr-22',
    target: 'OBR-22',
    source: 'time of the notification, UTC',
    why: 'since when the report has its status (§7.4.1.22)',
    write: ({ scope }) => scope.createdAt,
  },
  {
    id: 'obr-25',
    target: 'OBR-25',
    source: 'the statuses of the observations',
    why: 'C when one of them corrects or deletes (table 0123 has no code for a deletion), else P when one is preliminary, else F',
    write: ({ entries }) => reportStatus(entries),
  },
  {
    id: 'obr-29',
    target: 'OBR-29',
    source: 'with `grouping: observation`: OBR-3 of the reading that it belongs to',
    why: 'across OBRs this, and not OBX-4, says what belongs together (§7.4.1.29)',
    from: ({ parent }) => (parent === undefined ? [] : [parent.item.path]),
    write: ({ parent }) =>
      parent === undefined ? '' : `^${instanceIdentifier(parent.item.reference).replaceAll('^', '&')}`,
  },
]);

/** Earliest and latest time of a group. */
export function timeRange(entries: readonly Entry[]): TimeRange {
  let first: Moment | undefined;
  let last: Moment | undefined;
  for (const entry of entries) {
    for (const time of [entry.time, entry.end]) {
      if (time === undefined) continue;
      if (first === undefined || time.instantMs < first.time.instantMs) first = { time, entry };
      if (last === undefined || time.instantMs >= last.time.instantMs) last = { time, entry };
    }
  }
  return { first, last };
}

function momentPath(moment: Moment | undefined): readonly string[] {
  return moment === undefined ? [] : [moment.entry.item.path];
}

function reportStatus(entries: readonly Entry[]): string {
  let isPreliminary = false;
  for (const { item } of entries) {
    const status = resultStatus(item);
    if (status === 'C' || status === 'D') return 'C';
    if (status === 'P') isPreliminary = true;
  }
  return isPreliminary ? 'P' : 'F';
}

/**
 * OBR-3 of a panel: a report of its own for every notification and set of resources, so that no receiver takes a
 * later message for a replacement of an earlier one. Which observation is meant in a correction stands in OBX-21.
 */
export function panelFiller(entries: readonly Entry[], seed: string): string {
  const content = JSON.stringify([seed, ...entries.map(({ item }) => item.reference)]);
  return `${shortHash(content, 15)}^${NAMESPACE}`;
}

/** OBR-4 of a reading that has an OBR of its own. */
export function readingCode({ reading }: ReadingEntry): V2Code {
  const [code] = reading.codes;
  return code === undefined ? DIABETES_PANEL : toV2(code);
}

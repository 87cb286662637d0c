/** ORDER_OBSERVATION groups of an ORU^R01: OBR and the OBX under it. */
import type { Mapping, ParsedResource } from './bundle';
import { ce, segment } from './fields';
import type { V2Code } from './codes';
import { standingOf } from './glucose';
import { carriedSegment, glucoseSegments, instanceIdentifier, resultStatus, type ResultStatus } from './obx';
import type { Hl7Profile } from './profile';
import { CarriedShape } from './shapes';
import { shortHash } from './short-hash';
import { parseFhirTime, toHl7Time, utcTime, type FhirTime, type Hl7Time } from './time';
import type { TimeZone } from './time-zone';

/** What becomes one OBX. */
export interface Item {
  readonly reference: string;
  readonly kind: 'glucose' | 'carried';
  /** OBR-4 when the item has an OBR of its own. */
  readonly code: V2Code;
  readonly status: ResultStatus;
  /** When it was measured, and until when if it took time. */
  readonly times: readonly Hl7Time[];
  /** The segments, once the place in the message is known. */
  readonly write: (setId: number, subId: string) => string;
}

/**
 * OBR-4 for a set of readings: LOINC's panel for what people track themselves about their diabetes. It is the
 * panel with 41653-7 (glucose by glucometer) as a member that makes no claim about a laboratory order.
 */
const DIABETES_PANEL: V2Code = { code: '55399-0', text: 'Diabetes tracking panel', system: 'LN' };
const CARRIED_PANEL: V2Code = { code: 'FHIR', text: 'FHIR resources without a mapping', system: '99FHR' };

export function glucoseItem(
  reference: string,
  { reading, device }: Extract<Mapping, { kind: 'glucose' }>,
  hasEarlier: boolean,
  zone: TimeZone,
): Item {
  const times = hl7Times([reading.start, reading.end], zone);
  const status = resultStatus(reading.standing, hasEarlier);
  const [code = DIABETES_PANEL] = reading.codes;
  return {
    reference,
    kind: 'glucose',
    code,
    status,
    times,
    write: (setId, subId) => glucoseSegments({ setId, subId, status, reference }, reading, device, times[0], zone.name),
  };
}

/** A resource that goes as it is. Its status and time are read where they are usual, and not missed elsewhere. */
export function carriedItem({ reference, type, raw }: ParsedResource, hasEarlier: boolean, zone: TimeZone): Item {
  const parsed = CarriedShape.safeParse(raw);
  const found = parsed.success ? parsed.data : {};
  const start = found.effectiveDateTime ?? found.effectivePeriod?.start;
  const times = hl7Times([start === undefined ? undefined : parseFhirTime(start)], zone);
  const status = resultStatus(standingOf(found.status) === 'deleted' ? 'deleted' : 'final', hasEarlier);
  return {
    reference,
    kind: 'carried',
    code: CARRIED_PANEL,
    status,
    times,
    write: (setId, subId) => carriedSegment({ setId, subId, status, reference }, type, raw, times[0]),
  };
}

/** The groups of one message, in the order of the items; carried resources come last, under an OBR of their own. */
export function orderGroups(
  items: readonly Item[],
  profile: Hl7Profile,
  { createdAtMs, seed }: { readonly createdAtMs: number; readonly seed: string },
): string {
  const glucose = items.filter(({ kind }) => kind === 'glucose');
  const carried = items.filter(({ kind }) => kind === 'carried');
  const groups =
    profile.grouping === 'observation'
      ? glucose.map((item) => ({ code: item.code, filler: instanceIdentifier(item.reference), items: [item] }))
      : [{ code: DIABETES_PANEL, filler: panelFiller(glucose, seed), items: glucose }];
  groups.push({ code: CARRIED_PANEL, filler: panelFiller(carried, seed), items: carried });
  return groups
    .filter((group) => group.items.length > 0)
    .map((group, position) => obrSegment(position + 1, group, createdAtMs) + group.items.map(write).join(''))
    .join('');
}

interface Group {
  readonly code: V2Code;
  readonly filler: string;
  readonly items: readonly Item[];
}

/** OBX-4 counts the observations of a group, since most have the same OBX-3. */
function write(item: Item, position: number, group: readonly Item[]): string {
  return item.write(position + 1, group.length === 1 ? '' : String(position + 1));
}

function obrSegment(setId: number, { code, filler, items }: Group, createdAtMs: number): string {
  const times = items.flatMap((item) => item.times).toSorted((a, b) => a.instantMs - b.instantMs);
  const statuses = new Set(items.map(({ status }) => status));
  // Table 0123 has no code for a deletion: taking a result back corrects the report.
  const status = statuses.has('C') || statuses.has('D') ? 'C' : statuses.has('P') ? 'P' : 'F';
  const obr = segment('OBR', {
    1: String(setId),
    3: filler,
    4: ce([code]),
    7: times[0]?.text ?? '',
    8: times.at(-1)?.text ?? '',
    22: utcTime(createdAtMs),
    25: status,
  });
  return `${obr}\r`;
}

/**
 * OBR-3 of a panel: a report of its own for every notification and set of resources, so that no receiver takes a
 * later message for a replacement of an earlier one. Which observation is meant in a correction stands in OBX-21.
 */
function panelFiller(items: readonly Item[], seed: string): string {
  const content = JSON.stringify([seed, ...items.map(({ reference }) => reference)]);
  return `${shortHash(content, 15)}^DUCTUS`;
}

function hl7Times(times: readonly (FhirTime | undefined)[], zone: TimeZone): Hl7Time[] {
  return times.flatMap((time) => (time === undefined ? [] : [toHl7Time(time, zone)]));
}

/** ORDER_OBSERVATION groups of an ORU^R01: OBR and the OBX under it. */
import { CarriedShape } from '../fhir-bundle/shapes';
import type { Item, ResultStatus } from '../model/item';
import type { Hl7Profile } from '../model/profile';
import { shortHash } from '../model/short-hash';
import { parseFhirTime, toHl7Time, utcTime, type FhirTime, type Hl7Time } from '../model/time';
import type { TimeZone } from '../model/time-zone';
import { toV2, type V2Code } from './codes';
import { ce, segment } from './fields';
import { carriedSegment, instanceIdentifier, readingSegments } from './obx';

/** What becomes one OBX. */
interface Observation {
  readonly reference: string;
  readonly kind: 'reading' | 'carried';
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

function observationOf(item: Item, zone: TimeZone): Observation {
  const { reference, status, content } = item;
  if (content.kind !== 'reading') return carriedObservation(item, zone);
  const { reading } = content;
  const times = hl7Times([reading.start, reading.end], zone);
  const [code] = reading.codes;
  return {
    reference,
    kind: 'reading',
    code: code === undefined ? DIABETES_PANEL : toV2(code),
    status,
    times,
    write: (setId, subId) => readingSegments({ setId, subId, status, reference }, reading, times[0], zone.name),
  };
}

/** A resource that goes as it is. Its status and time are read where they are usual, and not missed elsewhere. */
function carriedObservation({ reference, resourceType, raw, status }: Item, zone: TimeZone): Observation {
  const parsed = CarriedShape.safeParse(raw);
  const found = parsed.success ? parsed.data : {};
  const start = found.effectiveDateTime ?? found.effectivePeriod?.start;
  const times = hl7Times([start === undefined ? undefined : parseFhirTime(start)], zone);
  return {
    reference,
    kind: 'carried',
    code: CARRIED_PANEL,
    status,
    times,
    write: (setId, subId) => carriedSegment({ setId, subId, status, reference }, resourceType, raw, times[0]),
  };
}

/** The groups of one message, in the order of the items; carried resources come last, under an OBR of their own. */
export function orderGroups(
  items: readonly Item[],
  profile: Hl7Profile,
  { createdAtMs, seed }: { readonly createdAtMs: number; readonly seed: string },
  zone: TimeZone,
): string {
  const observations = items.map((item) => observationOf(item, zone));
  const readings = observations.filter(({ kind }) => kind === 'reading');
  const carried = observations.filter(({ kind }) => kind === 'carried');
  const groups =
    profile.grouping === 'observation'
      ? readings.map((item) => ({ code: item.code, filler: instanceIdentifier(item.reference), items: [item] }))
      : [{ code: DIABETES_PANEL, filler: panelFiller(readings, seed), items: readings }];
  groups.push({ code: CARRIED_PANEL, filler: panelFiller(carried, seed), items: carried });
  return groups
    .filter((group) => group.items.length > 0)
    .map((group, position) => obrSegment(position + 1, group, createdAtMs) + group.items.map(write).join(''))
    .join('');
}

interface Group {
  readonly code: V2Code;
  readonly filler: string;
  readonly items: readonly Observation[];
}

/** OBX-4 counts the observations of a group, since most have the same OBX-3. */
function write(item: Observation, position: number, group: readonly Observation[]): string {
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
function panelFiller(items: readonly Observation[], seed: string): string {
  const content = JSON.stringify([seed, ...items.map(({ reference }) => reference)]);
  return `${shortHash(content, 15)}^DUCTUS`;
}

function hl7Times(times: readonly (FhirTime | undefined)[], zone: TimeZone): Hl7Time[] {
  return times.flatMap((time) => (time === undefined ? [] : [toHl7Time(time, zone)]));
}

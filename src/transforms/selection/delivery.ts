/** What becomes of each resource of a file: new, correction or deletion by what the destination has, or left out. */
import type { FileContent, ParsedResource } from '../model/content';
import type { Item, ItemKind, ResultStatus } from '../model/item';
import type { LeftOutReason, MapContext, Selection } from '../model/message';
import type { PatientContext } from '../model/patient';
import type { SelectionProfile } from '../model/profile';
import type { Standing } from '../model/reading';
import { standingOf } from '../model/standing';
import { DevicePatients } from './device-patients';
import { kindsWith } from './kinds-with';

/** A version that cannot be read does not undo the one before it, and an operator must know that one stands. */
const STANDS = '; the destination keeps the earlier version that it has';
const NO_PATIENT = 'names no patient, and the file is about several or none';

export interface Sorted {
  readonly items: Item[];
  readonly leftOut: { reference: string; why: LeftOutReason }[];
  readonly unmapped: Selection['unmapped'][number][];
  /** Readings that are left out and that the destination has or may get in this version (see latest-per-hour). */
  readonly present: Item[];
  /** Items that the destination has under another patient: a correction would leave that one with the old value. */
  readonly moved: Item[];
}

/** Each resource but context ends in exactly one of items, left out and unmapped; carried ones are unmapped as well. */
export function sortByDelivery(content: FileContent, profile: SelectionProfile, context: MapContext): Sorted {
  const leftOut: Sorted['leftOut'] = content.superseded.map((reference) => ({ reference, why: 'superseded' }));
  const sorted: Sorted = { items: [], leftOut, unmapped: [], present: [], moved: [] };
  const taken: ReadonlySet<ItemKind> = new Set(profile.kinds);
  const hourly = kindsWith(profile.density, 'latest-per-hour');
  const patients = new DevicePatients(content.resources);
  const carries = profile.unmapped === 'carry' && taken.has('carried');
  const keepPresent = (resource: ParsedResource, kind: ItemKind): void => {
    const { subject, mapping } = resource;
    if (subject === undefined || mapping.kind !== 'reading' || !hourly.has(mapping.reading.kind)) return;
    sorted.present.push(toItem(resource, kind, subject, statusOf(resource, context)));
  };

  for (const resource of content.resources) {
    const { reference, type, mapping } = resource;
    if (mapping.kind === 'context') continue;
    if (mapping.kind === 'device' && profile.describeDevices === false) continue;
    const kind = kindOf(resource);
    if (context.leaveOut.has(reference)) {
      leftOut.push({ reference, why: 'operator' });
      keepPresent(resource, kind);
      continue;
    }
    if (mapping.kind === 'unmapped') {
      const stands = context.delivered.get(reference) === 'earlier' && !carries;
      sorted.unmapped.push({ reference, type, why: stands ? mapping.why + STANDS : mapping.why });
      if (!carries) continue;
    } else if (!taken.has(kind)) {
      leftOut.push({ reference, why: 'filtered' });
      continue;
    }
    // A resource that names nobody goes with the only patient of the file.
    const patient = resource.subject ?? patients.of(resource);
    const why = reasonToLeaveOut(resource, context);
    if (patient === undefined) {
      // One that is carried is named as unmapped already.
      if (mapping.kind !== 'unmapped') sorted.unmapped.push({ reference, type, why: NO_PATIENT });
    } else if (why === undefined) {
      const item = toItem(resource, kind, patient, statusOf(resource, context));
      sorted.items.push(item);
      if (isMoved(item, context)) sorted.moved.push(item);
    } else {
      // What is carried and left out is named in both lists.
      leftOut.push({ reference, why });
      if (why === 'current') keepPresent(resource, kind);
    }
  }
  return sorted;
}

/** Undefined: it is sent. */
function reasonToLeaveOut(resource: ParsedResource, { delivered, redelivery }: MapContext): LeftOutReason | undefined {
  const state = delivered.get(resource.reference);
  if (state === 'newer') return 'superseded';
  if (state === 'current' && !redelivery) return 'current';
  if (state === undefined && standingOfResource(resource) === 'deleted') return 'never-sent';
  return undefined;
}

/** A device is used by one patient after the other; what was found in a patient stays that patient's. */
function isMoved({ content, reference, patient }: Item, { recipients }: MapContext): boolean {
  const before = recipients?.delivered.get(reference);
  if (before === undefined || content.kind === 'device') return false;
  return recipients?.marks.get(patient.key)?.includes(before) !== true;
}

/** What the destination has in any version is corrected. */
function statusOf(resource: ParsedResource, { delivered }: MapContext): ResultStatus {
  const standing = standingOfResource(resource);
  if (standing === 'deleted') return 'D';
  if (delivered.has(resource.reference)) return 'C';
  return standing === 'preliminary' ? 'P' : 'F';
}

function kindOf({ mapping }: ParsedResource): ItemKind {
  switch (mapping.kind) {
    case 'reading':
      return mapping.reading.kind;
    case 'device':
    case 'report':
      return mapping.kind;
    case 'unmapped':
    case 'context':
      return 'carried';
  }
}

function toItem(resource: ParsedResource, kind: ItemKind, patient: PatientContext, status: ResultStatus): Item {
  const { mapping, reference, path, raw, type, fullUrl, context } = resource;
  return {
    kind,
    content: mapping.kind === 'unmapped' || mapping.kind === 'context' ? { kind: 'carried' } : mapping,
    status,
    patient,
    reference,
    references: [reference],
    path,
    resourceType: type,
    raw,
    fullUrl,
    context,
  };
}

function standingOfResource({ mapping, raw }: ParsedResource): Standing {
  switch (mapping.kind) {
    case 'reading':
      return mapping.reading.standing;
    case 'device':
      return mapping.device.standing;
    case 'report':
      return 'final';
    case 'unmapped':
    case 'context': {
      const { status } = raw;
      return standingOf(typeof status === 'string' ? status : undefined) === 'deleted' ? 'deleted' : 'final';
    }
  }
}

/**
 * What of a file goes to one destination, and as what: new, correction or deletion, by what the destination has. Nothing
 * vanishes here: what is not among the items is named with the reason.
 */
import { DuctusError } from '../../domain/errors';
import type { FileContent, ParsedResource } from '../model/content';
import type { Item, ItemKind, ResultStatus } from '../model/item';
import type { LeftOutReason, MapContext, Selection } from '../model/message';
import type { PatientContext } from '../model/patient';
import type { SelectionProfile } from '../model/profile';
import type { Standing } from '../model/reading';
import { standingOf } from '../model/standing';

/**
 * Sorts the resources into what is sent, what is left out, and what has no mapping (and may be carried all the same).
 * @throws DuctusError DUCTUS_BUNDLE_UNMAPPED when the profile parks what has no mapping; the details count it by type
 */
export function select(content: FileContent, profile: SelectionProfile, context: MapContext): Selection {
  const { delivered, leaveOut } = context;
  const leftOut: { reference: string; why: LeftOutReason }[] = content.superseded.map((reference) => ({
    reference,
    why: 'superseded',
  }));
  const items: Item[] = [];
  const unmapped: { reference: string; type: string; why: string }[] = [];
  const onlyPatient = theOnly(content);

  for (const resource of content.resources) {
    const { reference, type, mapping } = resource;
    if (mapping.kind === 'context') continue;
    if (leaveOut.has(reference)) {
      leftOut.push({ reference, why: 'operator' });
      continue;
    }
    if (mapping.kind === 'unmapped') unmapped.push({ reference, type, why: mapping.why });
    if (mapping.kind === 'unmapped' && profile.unmapped !== 'carry') continue;
    // A resource that names nobody (a device, say) goes with the only patient of the file.
    const patient = resource.subject ?? onlyPatient;
    if (patient === undefined) continue;
    const state = delivered.get(reference);
    const standing = standingOfResource(resource);
    if (state === 'current') leftOut.push({ reference, why: 'current' });
    else if (state === 'newer') leftOut.push({ reference, why: 'superseded' });
    else if (state === undefined && standing === 'deleted') leftOut.push({ reference, why: 'never-sent' });
    else items.push(toItem(resource, patient, resultStatus(standing, state === 'earlier')));
  }
  if (profile.unmapped === 'park' && unmapped.length > 0) throw parked(unmapped);
  return { items, leftOut, unmapped, unread: {} };
}

function theOnly({ resources }: FileContent): PatientContext | undefined {
  const people = new Map(resources.flatMap(({ subject }) => (subject === undefined ? [] : [[subject.key, subject]])));
  return people.size === 1 ? [...people.values()][0] : undefined;
}

function toItem(resource: ParsedResource, patient: PatientContext, status: ResultStatus): Item {
  const { mapping, reference, path, raw, type } = resource;
  const rest = { status, patient, reference, references: [reference], path, resourceType: type, raw };
  switch (mapping.kind) {
    case 'reading':
      return { kind: mapping.reading.kind satisfies ItemKind, content: mapping, ...rest };
    case 'device':
    case 'report':
      return { kind: mapping.kind, content: mapping, ...rest };
    default:
      return { kind: 'carried', content: { kind: 'carried' }, ...rest };
  }
}

/** @param hasEarlier true when the destination has an earlier version */
function resultStatus(standing: Standing, hasEarlier: boolean): ResultStatus {
  if (standing === 'deleted') return 'D';
  if (hasEarlier) return 'C';
  return standing === 'preliminary' ? 'P' : 'F';
}

function standingOfResource({ mapping, raw }: ParsedResource): Standing {
  switch (mapping.kind) {
    case 'reading':
      return mapping.reading.standing;
    case 'device':
      return mapping.device.standing;
    case 'report':
      return 'final';
    default: {
      const { status } = raw;
      return standingOf(typeof status === 'string' ? status : undefined) === 'deleted' ? 'deleted' : 'final';
    }
  }
}

/** More types than this say nothing more to an operator; the rest is counted as `other`. */
const MAX_TYPES = 20;

function parked(unmapped: Selection['unmapped']): DuctusError {
  const counts: Record<string, number> = {};
  for (const { type } of unmapped) {
    const name = Object.hasOwn(counts, type) || Object.keys(counts).length < MAX_TYPES ? type : 'other';
    counts[name] = (counts[name] ?? 0) + 1;
  }
  const list = Object.entries(counts).map(([type, count]) => `${type} (${count})`);
  return new DuctusError(
    'DUCTUS_BUNDLE_UNMAPPED',
    `The bundle holds resources that have no mapping: ${list.join(', ')}.`,
    { details: counts },
  );
}

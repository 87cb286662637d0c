/** ORU^R01 of HL7 v2.5.1 from a bundle: who gets a message, what stands in it, and what is left out and why. */
import { DuctusError } from '../../domain/errors';
import { MessageControlIdSchema, type MessageControlId } from '../../domain/identifiers';
import type { BundleContent, ParsedResource } from './bundle';
import { hd } from './fields';
import { standingOf } from './glucose';
import { carriedItem, glucoseItem, orderGroups, type Item } from './order-groups';
import type { PatientContext } from './patient';
import { pidSegment } from './pid';
import type { DeliveryState, Hl7Profile } from './profile';
import { shortHash } from './short-hash';
import { utcTime } from './time';
import { TimeZone } from './time-zone';

export interface OruContext {
  /** Time of the notification: MSH-7 and OBR-22, since the transform has no clock. */
  readonly createdAtMs: number;
  /** Organization, notification and destination: what makes MSH-10 differ where the content is the same. */
  readonly seed: string;
  readonly delivered: DeliveryState;
  /** References that an operator leaves out. */
  readonly leaveOut: ReadonlySet<string>;
}

export interface OruMessage {
  readonly controlId: MessageControlId;
  /** Segments, each ended by CR. */
  readonly text: string;
  readonly references: readonly string[];
  readonly patient: string;
}

export interface OruResult {
  readonly messages: readonly OruMessage[];
  readonly leftOut: readonly {
    readonly reference: string;
    readonly why: 'current' | 'superseded' | 'never-sent' | 'operator';
  }[];
  readonly unmapped: readonly { readonly reference: string; readonly type: string; readonly why: string }[];
  /** Mapped observations in the messages. */
  readonly observations: number;
}

/**
 * Makes the messages: for each patient one, or several when there are more observations than the profile allows.
 * The same input gives the same bytes.
 * @throws DuctusError DUCTUS_BUNDLE_UNMAPPED when the profile parks what has no mapping; the details count it by type
 */
export function bundleToOru(bundle: BundleContent, profile: Hl7Profile, context: OruContext): OruResult {
  const chosen = choose(bundle, profile, context);
  if (profile.unmapped === 'park' && chosen.unmapped.length > 0) throw parked(chosen.unmapped);

  const zone = new TimeZone(profile.timeZone);
  const patients = new Map<string, { patient: PatientContext; items: Item[] }>();
  for (const { resource, patient, hasEarlier } of chosen.sent) {
    const known = patients.get(patient.key);
    const item =
      resource.mapping.kind === 'glucose'
        ? glucoseItem(resource.reference, resource.mapping, hasEarlier, zone)
        : carriedItem(resource, hasEarlier, zone);
    if (known === undefined) patients.set(patient.key, { patient, items: [item] });
    else known.items.push(item);
    // One reference may lead to the Patient resource where another does not.
    if (known !== undefined && known.patient.details === undefined) known.patient = patient;
  }

  const messages: OruMessage[] = [];
  for (const { patient, items } of patients.values()) {
    const pid = pidSegment(patient, profile);
    for (let first = 0; first < items.length; first += profile.maxObservationsPerMessage) {
      const some = items.slice(first, first + profile.maxObservationsPerMessage);
      const body = `${pid}\r${orderGroups(some, profile, context)}`;
      messages.push({
        ...withHeader(body, profile, context),
        references: some.map(({ reference }) => reference),
        patient: patient.key,
      });
    }
  }
  const observations = chosen.sent.filter(({ resource }) => resource.mapped).length;
  return { messages, leftOut: chosen.leftOut, unmapped: chosen.unmapped, observations };
}

interface Chosen {
  readonly sent: { resource: ParsedResource; patient: PatientContext; hasEarlier: boolean }[];
  readonly leftOut: { reference: string; why: OruResult['leftOut'][number]['why'] }[];
  readonly unmapped: { reference: string; type: string; why: string }[];
}

/** Sorts the resources into what is sent, what is left out, and what has no mapping (and may be carried all the same). */
function choose(bundle: BundleContent, profile: Hl7Profile, { delivered, leaveOut }: OruContext): Chosen {
  const leftOut: Chosen['leftOut'] = bundle.superseded.map((reference) => ({ reference, why: 'superseded' }));
  const chosen: Chosen = { sent: [], leftOut, unmapped: [] };
  const people = new Map(
    bundle.resources.flatMap(({ subject }) => (subject === undefined ? [] : [[subject.key, subject]])),
  );
  const [onlyPatient] = people.size === 1 ? [...people.values()] : [];

  for (const resource of bundle.resources) {
    const { reference, type, mapping } = resource;
    if (mapping.kind === 'context') continue;
    if (leaveOut.has(reference)) {
      chosen.leftOut.push({ reference, why: 'operator' });
      continue;
    }
    if (mapping.kind === 'unmapped') chosen.unmapped.push({ reference, type, why: mapping.why });
    if (mapping.kind === 'unmapped' && profile.unmapped !== 'carry') continue;
    // A resource that names nobody (a device, say) goes with the only patient of the bundle.
    const patient = resource.subject ?? onlyPatient;
    if (patient === undefined) continue;
    const state = delivered.get(reference);
    if (state === 'current') chosen.leftOut.push({ reference, why: 'current' });
    else if (state === 'newer') chosen.leftOut.push({ reference, why: 'superseded' });
    else if (state === undefined && isDeleted(resource)) chosen.leftOut.push({ reference, why: 'never-sent' });
    else chosen.sent.push({ resource, patient, hasEarlier: state === 'earlier' });
  }
  return chosen;
}

function isDeleted({ mapping, raw }: ParsedResource): boolean {
  if (mapping.kind === 'glucose') return mapping.reading.standing === 'deleted';
  const { status } = raw;
  return standingOf(typeof status === 'string' ? status : undefined) === 'deleted';
}

/** MSH before the body. MSH-10 is a hash of all the rest, so that the same id always means the same bytes. */
function withHeader(
  body: string,
  profile: Hl7Profile,
  { createdAtMs, seed }: OruContext,
): Pick<OruMessage, 'controlId' | 'text'> {
  const names = [
    profile.sendingApplication,
    profile.sendingFacility,
    profile.receivingApplication,
    profile.receivingFacility,
  ];
  const before = `MSH|^~\\&|${names.map(hd).join('|')}|${utcTime(createdAtMs)}||ORU^R01^ORU_R01|`;
  const after = `|${profile.processingId}|2.5.1||||||${profile.characterSet}\r${body}`;
  const controlId = MessageControlIdSchema.parse(shortHash(`${seed.length} ${seed}${before}${after}`, 20));
  return { controlId, text: before + controlId + after };
}

/** More types than this say nothing more to an operator; the rest is counted as `other`. */
const MAX_TYPES = 20;

function parked(unmapped: OruResult['unmapped']): DuctusError {
  const counts: Record<string, number> = {};
  for (const { type } of unmapped) {
    const name = Object.hasOwn(counts, type) || Object.keys(counts).length < MAX_TYPES ? type : 'other';
    counts[name] = (counts[name] ?? 0) + 1;
  }
  const list = Object.entries(counts).map(([type, count]) => `${type} (${count})`);
  return new DuctusError(
    'DUCTUS_BUNDLE_UNMAPPED',
    `The bundle holds resources that have no mapping: ${list.join(', ')}.`,
    {
      details: counts,
    },
  );
}

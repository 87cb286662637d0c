/** FHIR R4 transaction Bundles: which items stand in which, their order, requests and references. */
import { MessageControlIdSchema } from '../../domain/identifiers';
import { isObject, toJson } from '../fhir-bundle/lossless-json';
import { relativeReference } from '../fhir-bundle/references';
import { withinStack } from '../fhir-bundle/shapes';
import { byPatient } from '../model/by-patient';
import { countKinds } from '../model/counts';
import type { ContextResource } from '../model/content';
import type { Item } from '../model/item';
import type { MappedMessage, WriteContext } from '../model/message';
import type { PatientContext } from '../model/patient';
import type { FhirProfile } from '../model/profile';
import type { DeviceId } from '../model/reading';
import { shortHash } from '../model/short-hash';
import { TimeZone } from '../model/time-zone';
import type { Trace } from '../model/trace';
import type { Draft, Json } from './conversion';
import {
  contextKey,
  contextPlace,
  contextType,
  devicePlace,
  itemKey,
  itemPlace,
  itemType,
  make,
  patientPlace,
  type EntryContext,
  type Place,
} from './entry';
import { authoritySystem, identifierQuery, keyText, logicalReference, type Key } from './identity';
import { traceEntry } from './lineage';
import { MESSAGE_SYSTEM } from './names';

/**
 * Makes the transactions: for each patient one, or several when there are more entries than the profile allows. An item
 * and what it needs are never parted, so a limit that is smaller than that is exceeded. The same input gives the same
 * bytes.
 * @param timeZone IANA zone of times that come without an offset
 */
export function itemsToFhir(
  items: readonly Item[],
  profile: FhirProfile,
  timeZone: string,
  context: WriteContext,
): MappedMessage[] {
  const zone = new TimeZone(timeZone);
  // What is carried beside a mapped item, since that has elements without a mapping, is in that item's resource here.
  const whole = items.filter(({ content, beside }) => content.kind !== 'carried' || beside === undefined);
  const shared = sharedKeys(whole);
  const devices = new Map<ContextResource, Place>();
  const messages: MappedMessage[] = [];
  for (const { patient: given, items: own } of byPatient(whole)) {
    const patient = withAuthority(given, profile);
    for (const some of chunks(own, patient, profile.maxEntriesPerBundle, shared, devices)) {
      const trace = context.traceOf?.(messages.length);
      const { controlId, text } = write(some.places, patient, profile, zone, context, trace);
      messages.push({
        controlId,
        form: 'fhir',
        text,
        references: some.items.flatMap(({ references }) => references),
        patient: patient.key,
        kinds: countKinds(some.items),
      });
    }
  }
  return messages;
}

/** A number needs a system: without one a server finds nobody, and makes a patient of its own. */
function withAuthority(patient: PatientContext, { patientAssigningAuthority = '' }: FhirProfile): PatientContext {
  const { emr, identifier } = patient;
  if (emr === undefined && (identifier.system ?? '') === '') {
    return { ...patient, identifier: { ...identifier, system: authoritySystem(patientAssigningAuthority) } };
  }
  if (emr === undefined || emr.assigningAuthority !== '') return patient;
  return { ...patient, emr: { ...emr, assigningAuthority: patientAssigningAuthority } };
}

interface Chunk {
  readonly items: Item[];
  /** By UUID: what several items need stands once. */
  readonly places: Map<string, Place>;
}

function chunks(
  items: readonly Item[],
  patient: PatientContext,
  limit: number,
  shared: ReadonlySet<string>,
  devices: Map<ContextResource, Place>,
): Chunk[] {
  const all: Chunk[] = [];
  let chunk: Chunk | undefined;
  for (const item of items) {
    const places = placesOf(item, shared, devices);
    const open = chunk;
    const added = open === undefined ? 0 : places.filter(({ uuid }) => !open.places.has(uuid)).length;
    // What has no resource of its own stays with the item before it (model/by-patient.ts).
    const isFull = item.references.length > 0 && (chunk?.places.size ?? 0) + added > limit;
    if (chunk === undefined || isFull) {
      const subject = patientPlace(patient);
      chunk = { items: [], places: new Map([[subject.uuid, subject]]) };
      all.push(chunk);
    }
    chunk.items.push(item);
    for (const place of places) {
      const known = chunk.places.get(place.uuid);
      // An item says more than the context of another: status, patient.
      if (known === undefined || (known.source.kind !== 'item' && place.source.kind === 'item')) {
        chunk.places.set(place.uuid, place);
      }
    }
  }
  return all;
}

/** The entries of an item: the devices that it leads to, then the item. */
function placesOf(item: Item, shared: ReadonlySet<string>, devices: Map<ContextResource, Place>): Place[] {
  const places = (item.context ?? []).map((resource) => {
    // Thousands of readings come from one device.
    const place = devices.get(resource) ?? contextPlace(resource, shared, keyText);
    devices.set(resource, place);
    return place;
  });
  const id = bareDevice(item);
  if (id !== undefined) places.push(devicePlace(id));
  return [...places, itemPlace(item, shared, keyText)];
}

/** The device of a reading that the file, or the resource itself, does not describe. */
function bareDevice({ content, context, raw }: Item): DeviceId | undefined {
  if (content.kind !== 'reading' || (context ?? []).length > 0) return undefined;
  const { device } = raw;
  const reference = isObject(device) ? device['reference'] : undefined;
  return typeof reference === 'string' && reference.startsWith('#') ? undefined : content.reading.device;
}

/** Identifiers that more than one resource of the file has, by type: a number of a patient or an order, say. */
function sharedKeys(items: readonly Item[]): ReadonlySet<string> {
  const owners = new Map<string, string>();
  const shared = new Set<string>();
  const see = (type: string, key: Key | undefined, reference: string): void => {
    if (key === undefined) return;
    const text = `${type} ${keyText(key)}`;
    const owner = owners.get(text);
    if (owner === undefined) owners.set(text, reference);
    else if (owner !== reference) shared.add(text);
  };
  const seen = new Set<ContextResource>();
  for (const item of items) {
    see(itemType(item), itemKey(item), item.reference);
    for (const resource of item.context ?? []) {
      // Thousands of readings come from one device.
      if (seen.has(resource)) continue;
      seen.add(resource);
      see(contextType(resource), contextKey(resource), resource.reference);
    }
  }
  return shared;
}

function write(
  places: ReadonlyMap<string, Place>,
  patient: PatientContext,
  profile: FhirProfile,
  zone: TimeZone,
  { createdAtMs, seed }: WriteContext,
  trace: Trace | undefined,
): Pick<MappedMessage, 'controlId' | 'text'> {
  const context = entryContext(places, patient, zone);
  const entry = [...places.values()].map((place, position) => {
    const made = make(place, context);
    if (trace !== undefined) traceEntry(trace, position, place, made);
    return toEntry(place, made.resource, profile);
  });
  const timestamp = new Date(createdAtMs).toISOString();
  const body = withinStack('Bundle', () => fhirJson({ type: 'transaction', timestamp, entry })).slice(1);
  const controlId = MessageControlIdSchema.parse(shortHash(`${seed.length} ${seed}${body}`, 20));
  const head = { resourceType: 'Bundle', id: controlId, identifier: { system: MESSAGE_SYSTEM, value: controlId } };
  return { controlId, text: `${JSON.stringify(head).slice(0, -1)},${body}` };
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\\b': '\\u0008', '\\f': '\\u000c' };

/** JSON without the escapes `\b` and `\f`, which HAPI's parser refuses. */
function fhirJson(value: unknown): string {
  const text = toJson(value);
  return /\\[bf]/.test(text) ? text.replace(/\\./g, (escape) => SHORT_ESCAPES[escape] ?? escape) : text;
}

function entryContext(places: ReadonlyMap<string, Place>, patient: PatientContext, zone: TimeZone): EntryContext {
  const addresses = new Map<string, string>();
  for (const { uuid, addresses: own } of places.values()) {
    for (const address of own) if (!addresses.has(address)) addresses.set(address, uuid);
  }
  const subject = { reference: `urn:uuid:${patientPlace(patient).uuid}` };
  // Thousands of readings come from one device, and share the object that names it.
  const devices = new Map<DeviceId, Draft | undefined>();
  return {
    zone,
    subject,
    has: (uuid) => places.has(uuid),
    reference: (reference: Json): Json => {
      const { reference: literal } = reference;
      if (typeof literal !== 'string' || literal.startsWith('#')) return reference;
      const uuid = addresses.get(literal) ?? addresses.get(relativeReference(literal));
      if (uuid === undefined) return logicalReference(reference);
      return { ...reference, reference: `urn:uuid:${uuid}` };
    },
    device: (id): Draft | undefined => {
      if (devices.has(id)) return devices.get(id);
      const { uuid } = devicePlace(id);
      const known = places.get(uuid)?.source.kind === 'device' ? { reference: `urn:uuid:${uuid}` } : undefined;
      devices.set(id, known);
      return known;
    },
  };
}

function toEntry({ type, key, uuid, source }: Place, resource: Draft, { upsert }: FhirProfile): Draft {
  const fullUrl = `urn:uuid:${uuid}`;
  // A patient, or a device of which only the number is known, is made when the server has none, and never overwritten:
  // the hospital knows its patients better than a device does.
  if (source.kind === 'patient' || source.kind === 'device') {
    const request = { method: 'POST', url: type, ifNoneExist: identifierQuery(key) };
    return { fullUrl, resource: withId(resource, undefined), request };
  }
  if (upsert === 'id') {
    return { fullUrl, resource: withId(resource, uuid), request: { method: 'PUT', url: `${type}/${uuid}` } };
  }
  const request = { method: 'PUT', url: `${type}?${identifierQuery(key)}` };
  return { fullUrl, resource: withId(resource, undefined), request };
}

/** The resource with the id that it shall have; its version and time are the server's to give. */
function withId(resource: Draft, id: string | undefined): Draft {
  const { resourceType, meta } = resource;
  const draft: Draft = id === undefined ? { resourceType } : { resourceType, id };
  if (isObject(meta)) Object.assign(draft, metaWithoutVersion(meta));
  for (const name in resource) {
    if (name !== 'resourceType' && name !== 'id' && name !== 'meta') draft[name] = resource[name];
  }
  return draft;
}

function metaWithoutVersion({ versionId: _, lastUpdated: __, ...meta }: Json): Draft {
  return Object.keys(meta).length === 0 ? {} : { meta };
}

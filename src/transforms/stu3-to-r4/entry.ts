/** Entries of a transaction: the resources of items, the devices behind them, the patient. */
import { isObject, toJson } from '../fhir-bundle/lossless-json';
import type { ContextResource } from '../model/content';
import type { Item } from '../model/item';
import type { PatientContext } from '../model/patient';
import type { DeviceId } from '../model/reading';
import type { TimeZone } from '../model/time-zone';
import { applyReading } from './apply';
import { Conversion, list, type Change, type Draft, type Json } from './conversion';
import { convert, r4Type } from './convert';
import { identifierOf, ownKey, patientKey, referenceKey, resourceUuid, type Key } from './identity';
import { completeMetric } from './device';
import { DEVICE_SYSTEM, STU3_EXTENSION } from './names';
import { carriedOf, documentIdentifier, documentOf, observationOf } from './made';
import { patientResource } from './patient-resource';

/** An entry before its content is made: what references need. */
export interface Place {
  readonly type: string;
  readonly key: Key;
  readonly uuid: string;
  /** What other resources call it: `Observation/1`, a fullUrl. */
  readonly addresses: readonly string[];
  readonly source: Source;
}

type Source =
  | { readonly kind: 'item'; readonly item: Item }
  | { readonly kind: 'context'; readonly resource: ContextResource }
  | { readonly kind: 'device'; readonly id: DeviceId }
  | { readonly kind: 'patient'; readonly patient: PatientContext };

/** @param shared keys that several resources of the file have: they name none of them */
export function itemPlace(item: Item, shared: ReadonlySet<string>, textOf: (key: Key) => string): Place {
  const type = itemType(item);
  const own = itemKey(item);
  const key = own === undefined || shared.has(`${type} ${textOf(own)}`) ? referenceKey(item.reference) : own;
  const addresses = [item.reference, ...(item.fullUrl === undefined ? [] : [item.fullUrl])];
  return { type, key, uuid: resourceUuid(type, key), addresses, source: { kind: 'item', item } };
}

/** The R4 type of an item's resource. */
export function itemType({ content, kind, raw }: Item): string {
  if (content.kind === 'report') return 'DocumentReference';
  if (kind === 'summary') return 'Observation';
  const type = raw['resourceType'];
  return (typeof type === 'string' && isComplete(content, raw) ? r4Type(type) : undefined) ?? 'DocumentReference';
}

/** The sender's own identifier of an item. */
export function itemKey(item: Item): Key | undefined {
  const { content } = item;
  if (item.kind === 'summary') return undefined;
  if (content.kind === 'report') {
    // A new version takes the place of the one before: two current documents of one set would contradict each other.
    const { set, id } = content.report;
    const { system, value } = documentIdentifier(set ?? id);
    return typeof system === 'string' && typeof value === 'string' ? { system, value } : undefined;
  }
  // The document that carries a resource is not that resource.
  return itemType(item) === 'DocumentReference' || isComponent(item.raw) ? undefined : ownKey(item.raw);
}

/** What was carried without a mapping is converted only when R4's required elements are there. */
function isComplete(content: Item['content'], raw: Json): boolean {
  if (content.kind !== 'carried') return true;
  const has = (...names: readonly string[]): boolean => names.some((name) => raw[name] !== undefined);
  switch (raw['resourceType']) {
    case 'Observation':
      return typeof raw['status'] === 'string' && OBSERVATION_STATUSES.has(raw['status']) && has('code');
    case 'MedicationAdministration':
      return (
        typeof raw['status'] === 'string' &&
        MEDICATION_STATUSES.has(raw['status']) &&
        has('medicationCodeableConcept', 'medicationReference') &&
        has('effectiveDateTime', 'effectivePeriod')
      );
    case 'DeviceMetric':
      return has('type') && has('category');
    default:
      return true;
  }
}

const OBSERVATION_STATUSES: ReadonlySet<string> = new Set(
  'registered preliminary final amended corrected cancelled entered-in-error unknown'.split(' '),
);
const MEDICATION_STATUSES: ReadonlySet<string> = new Set(
  'in-progress not-done on-hold completed entered-in-error stopped unknown'.split(' '),
);

/** A part of a device is a Device in R4, and may have the number of the device: it is never found by that. */
function isComponent(raw: Json): boolean {
  return raw['resourceType'] === 'DeviceComponent';
}

export function contextType({ raw }: ContextResource): string {
  const stu3 = raw['resourceType'];
  return (typeof stu3 === 'string' ? r4Type(stu3) : undefined) ?? 'Device';
}

/** The sender's own identifier of a device resource. */
export function contextKey({ raw }: ContextResource): Key | undefined {
  return isComponent(raw) ? undefined : ownKey(raw);
}

/** @param shared as for {@link itemPlace} */
export function contextPlace(
  resource: ContextResource,
  shared: ReadonlySet<string>,
  textOf: (key: Key) => string,
): Place {
  const type = contextType(resource);
  const own = contextKey(resource);
  const key = own === undefined || shared.has(`${type} ${textOf(own)}`) ? referenceKey(resource.reference) : own;
  const addresses = [resource.reference, ...(resource.fullUrl === undefined ? [] : [resource.fullUrl])];
  return { type, key, uuid: resourceUuid(type, key), addresses, source: { kind: 'context', resource } };
}

/** A device of which only the number is known. */
export function devicePlace(id: DeviceId): Place {
  const key = { system: id.system ?? DEVICE_SYSTEM, value: id.value };
  return { type: 'Device', key, uuid: resourceUuid('Device', key), addresses: [], source: { kind: 'device', id } };
}

export function patientPlace(patient: PatientContext): Place {
  const key = patientKey(patient);
  return {
    type: 'Patient',
    key,
    uuid: resourceUuid('Patient', key),
    addresses: [],
    source: { kind: 'patient', patient },
  };
}

/** What an entry needs to know of its bundle. */
export interface EntryContext {
  readonly zone: TimeZone;
  /** Reference to the patient's entry. */
  readonly subject: Draft;
  readonly reference: (reference: Json) => Json;
  /** True for an entry of this UUID. */
  readonly has: (uuid: string) => boolean;
  /** The entry of a device of which only the number is known. */
  readonly device: (id: DeviceId) => Draft | undefined;
}

export interface Made {
  readonly resource: Draft;
  readonly changes: readonly Change[];
  /** Element path in the input. */
  readonly path: string;
}

/** The resource of an entry, without id. */
export function make({ key, source }: Place, context: EntryContext): Made {
  switch (source.kind) {
    case 'patient':
      return { resource: patientResource(source.patient, key), changes: [], path: source.patient.path };
    case 'device':
      return { resource: { resourceType: 'Device', identifier: [identifierOf(key)] }, changes: [], path: '' };
    case 'context': {
      const { raw, reference, path } = source.resource;
      const { resource, conversion } = converted(raw, context);
      const whole = resource['resourceType'] === 'DeviceMetric' ? completeMetric(resource) : resource;
      const own = isComponent(raw) ? withoutNumberOfDevice(whole, context, conversion) : whole;
      return { resource: named(own, key, referenceKey(reference)), changes: conversion.changes, path };
    }
    case 'item':
      return makeItem(source.item, key, context);
  }
}

function makeItem(item: Item, key: Key, context: EntryContext): Made {
  const { content, reference, path } = item;
  const own = referenceKey(reference);
  if (content.kind === 'report') {
    const document = documentOf(content.report, item.status, context.zone);
    return { resource: named(placed(document, context.subject, 'subject'), key, own), changes: [], path };
  }
  if (content.kind === 'reading' && item.kind === 'summary') {
    const observation = observationOf(content.reading, item.status, context.zone);
    return { resource: named(placed(observation, context.subject, 'subject'), key, own), changes: [], path };
  }
  if (itemType(item) === 'DocumentReference') {
    return { resource: named(placed(carriedOf(item), context.subject, 'subject'), key, own), changes: [], path };
  }
  const { resource, conversion } = converted(item.raw, context);
  if (content.kind === 'reading') {
    applyReading(resource, item, content.reading, conversion);
    addDevice(resource, content.reading.device, context, conversion);
  } else if (item.status === 'D' && resource['resourceType'] !== 'DeviceMetric') {
    deleted(resource, conversion);
  }
  const element = subjectElement(resource['resourceType']);
  const final = element === undefined ? resource : placed(withoutPatient(resource, element), context.subject, element);
  return { resource: named(final, key, own), changes: conversion.changes, path };
}

/** A Device or what was carried: `inactive` says that it is out of use, which is what the sender said. */
function deleted(resource: Draft, conversion: Conversion): void {
  if (resource['status'] === 'entered-in-error' || resource['status'] === 'inactive') return;
  resource['status'] = 'entered-in-error';
  conversion.changed('status', 'status', 'status');
}

function subjectElement(type: unknown): 'subject' | 'patient' | undefined {
  if (type === 'Device') return 'patient';
  return type === 'DeviceMetric' || type === 'Patient' ? undefined : 'subject';
}

/** A contained Patient that only the subject led to is now an entry (invariant dom-3: contained resources are referred to). */
function withoutPatient(resource: Draft, element: string): Draft {
  const inner = list(resource['contained']);
  const subject = resource[element];
  const reference = isObject(subject) ? subject['reference'] : undefined;
  if (inner.length === 0 || typeof reference !== 'string' || !reference.startsWith('#')) return resource;
  const others = inner.filter((one) => !(isObject(one) && `#${String(one['id'])}` === reference));
  const { contained: _, ...rest } = resource;
  // Something else may lead to it too, as a performer does.
  if (toJson({ ...rest, [element]: undefined, others }).includes(`"${reference}"`)) return resource;
  return others.length === 0 ? rest : { ...rest, contained: others };
}

/** What searches for the device must not find its part too: an identifier that both have is kept beside. */
function withoutNumberOfDevice(resource: Draft, { has }: EntryContext, conversion: Conversion): Draft {
  const identifiers = list(resource['identifier']);
  const isOfDevice = (one: unknown): boolean => {
    const key = isObject(one) ? ownKey({ identifier: one }) : undefined;
    return key !== undefined && has(resourceUuid('Device', key));
  };
  const taken = identifiers.filter(isOfDevice);
  if (taken.length === 0) return resource;
  const extensions = list(resource['extension']);
  taken.forEach((_, position) => {
    conversion.changed('kept', `extension[${extensions.length + position}]`, 'identifier');
  });
  const url = `${STU3_EXTENSION}DeviceComponent.identifier`;
  return {
    ...resource,
    identifier: identifiers.filter((one) => !isOfDevice(one)),
    extension: [...extensions, ...taken.map((valueIdentifier) => ({ url, valueIdentifier }))],
  };
}

/** The device by its number, when the resource names none that is in the message. */
function addDevice(resource: Draft, id: DeviceId | undefined, { device }: EntryContext, conversion: Conversion): void {
  const reference = id === undefined ? undefined : device(id);
  if (reference === undefined) return;
  const sent = resource['device'];
  if (resource['resourceType'] === 'Observation') resource['device'] = displayed(sent, reference);
  else resource['device'] = [reference];
  conversion.changed('device', 'device', 'device');
}

/** What the sender called it stays. */
function displayed(sent: unknown, reference: Draft): Draft {
  return isObject(sent) && sent['display'] !== undefined ? { ...reference, display: sent['display'] } : reference;
}

function converted(raw: Json, { zone, reference }: EntryContext): { resource: Draft; conversion: Conversion } {
  const result = convert(raw, { zone, reference });
  // Only types that convert knows get here (itemType, contextPlace).
  return result ?? { resource: { resourceType: 'Device' }, conversion: new Conversion({ zone, reference }) };
}

function placed(resource: Draft, subject: Draft, element: string): Draft {
  return { ...resource, [element]: subject };
}

/** With the identifiers by which it is found, behind the sender's own. */
function named(resource: Draft, ...keys: readonly Key[]): Draft {
  const identifiers = [...list(resource['identifier'])];
  for (const key of keys) {
    const isThere = identifiers.some(
      (one) => isObject(one) && one['value'] === key.value && (one['system'] ?? '') === key.system,
    );
    if (!isThere) identifiers.push(identifierOf(key));
  }
  return { ...resource, identifier: identifiers };
}

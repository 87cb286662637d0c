/** By what a resource is found again: its identifiers, the URL of its upsert, its UUID, and references to it. */
import { isObject } from '../fhir-bundle/lossless-json';
import { relativeReference } from '../fhir-bundle/references';
import type { PatientContext } from '../model/patient';
import { list, type Draft, type Json } from './conversion';
import { r4Type } from './convert';
import { REFERENCE_SYSTEM, URI, URI_SYSTEM } from './names';
import { nameUuid } from './uuid';

/** An identifier with a system: what a conditional request can search for. `''`: one that has no system. */
export interface Key {
  readonly system: string;
  readonly value: string;
}

/** The first identifier of the sender that has a system and a value. */
export function ownKey(raw: Json): Key | undefined {
  for (const identifier of list(raw['identifier'])) {
    if (!isObject(identifier)) continue;
    const { system, value, use } = identifier;
    if (typeof system !== 'string' || typeof value !== 'string' || use === 'old') continue;
    // White space alone, or a number that the parser marked, is no name.
    if (system === URI_SYSTEM && !URI.test(value)) continue;
    if (system.trim() !== '' && value.trim() !== '' && !CONTROL.test(system + value)) return { system, value };
  }
  return undefined;
}

const CONTROL = /[\u0000-\u001f\u007f]/;

/** The identifier that Ductus gives: the reference by which the ledger knows the resource. */
export function referenceKey(reference: string): Key {
  return { system: REFERENCE_SYSTEM, value: reference };
}

export function keyText({ system, value }: Key): string {
  return `${system.replace(/[\\|]/g, '\\$&')}|${value}`;
}

/** The UUID of a resource: the same in every message and for every organization. */
export function resourceUuid(type: string, key: Key): string {
  return nameUuid(`${type}?identifier=${keyText(key)}`);
}

/** `identifier=system|value` of a search; `\`, `$`, `,` and `|` are escaped (R4 search.html, escaping search parameters). */
export function identifierQuery({ system, value }: Key): string {
  const [escapedSystem, escapedValue] = [system, value].map((text) => text.toWellFormed().replace(/[\\$,|]/g, '\\$&'));
  return `identifier=${encodeURIComponent(`${escapedSystem ?? ''}|${escapedValue ?? ''}`)}`;
}

export function identifierOf({ system, value }: Key): Draft {
  return { ...(system === '' ? {} : { system }), value };
}

/** The identifier by which the patient goes to the destination: the hospital's own number, or the one that was sent. */
export function patientKey({ identifier, emr }: PatientContext): Key {
  if (emr === undefined) return { system: identifier.system ?? '', value: identifier.value };
  return { system: authoritySystem(emr.assigningAuthority), value: emr.value };
}

/** The system of numbers of an authority (`NAME&universal id&type`); empty when it has no universal id. */
export function authoritySystem(authority: string): string {
  const [, universalId = ''] = authority.split('&');
  return universalIdUri(universalId);
}

/** A universal id of an HD as a URI: OIDs and UUIDs get their URN, a URI stays. */
function universalIdUri(id: string): string {
  if (/^[0-9]+(\.[0-9]+)+$/.test(id)) return `urn:oid:${id}`;
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return `urn:uuid:${id.toLowerCase()}`;
  return id;
}

/**
 * A reference to what is not in this message: by identifier, since a server refuses a literal one to what it does not
 * have under that id. Other resources carry the same identifier, so the receiver can follow it.
 */
export function logicalReference(reference: Json): Draft {
  const { reference: literal, ...rest } = reference;
  if (typeof literal !== 'string') return { ...rest };
  const relative = relativeReference(literal);
  const stu3 = /^([A-Z][A-Za-z]+)[/?]/.exec(relative)?.[1];
  const type = stu3 === undefined ? undefined : (r4Type(stu3) ?? stu3);
  const isAddress = /^urn:(?:uuid|oid):/.test(literal);
  const identifier = isAddress ? { system: URI_SYSTEM, value: literal } : identifierOf(referenceKey(relative));
  return { ...rest, ...(type === undefined ? {} : { type }), identifier: rest['identifier'] ?? identifier };
}

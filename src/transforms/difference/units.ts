/**
 * Messages taken apart by resource, for a comparison: what the receiver gets for each. Left out is what differs from one
 * message to the next without saying anything about a resource: ids, places and times of the message itself.
 */
import { hash } from 'node:crypto';
import type { MessageForm } from '../model/message';
import { hl7Units } from './hl7-units';
import { jsonUnits } from './json-units';

/** A segment, or a FHIR resource, without what does not count. */
export interface Part {
  /** `OBX`, `Observation`. */
  readonly label: string;
  readonly text: string;
}

/** What a message says about one resource, with what it says about all of them (patient, order group, header). */
export interface Unit {
  /** How the receiver knows the resource: OBX-21, the URL of an upsert. */
  readonly key: string;
  readonly parts: readonly Part[];
}

/** Takes a message apart. */
export function unitsOf(form: MessageForm, text: string): readonly Unit[] {
  return form === 'hl7' ? hl7Units(text) : jsonUnits(text);
}

/** The same for two units that say the same: 128 bits, hexadecimal. */
export function signatureOf(units: readonly Unit[]): string {
  return hash(
    'sha256',
    JSON.stringify(units.map(({ key, parts }) => [key, ...parts.map(({ text }) => text)])),
    'hex',
  ).slice(0, 32);
}

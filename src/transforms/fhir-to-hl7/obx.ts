/** OBX and NTE: one measurement, or one FHIR resource carried as it is. */
import { escapeFormattedText, escapeText } from './escape';
import { ce, ei } from './fields';
import { toV2 } from './codes';
import type { ResultStatus } from '../model/item';
import type { Reading } from '../model/reading';
import { toJson } from '../fhir-bundle/lossless-json';
import { withinStack } from '../fhir-bundle/shapes';
import type { Hl7Time } from '../model/time';
import type { ClockChange } from '../model/time-zone';

/** Namespace of OBX-21: the resource ids are Roche's, and Ductus is who vouches for them. */
const NAMESPACE = 'DUCTUS';

/** The place of an OBX in its message and what the EMR shall do with it. */
export interface ObxPlace {
  /** OBX-1. */
  readonly setId: number;
  /** OBX-4: tells observations of the same code under one OBR apart; empty when there is only one. */
  readonly subId: string;
  readonly status: ResultStatus;
  readonly reference: string;
}

/** OBX of a reading, followed by an NTE for each comment and for a time that had to be interpreted. */
export function readingSegments(
  { setId, subId, status, reference }: ObxPlace,
  { codes, value, unit, comments, device }: Reading,
  time: Hl7Time | undefined,
  timeZone: string,
): string {
  const type = value?.comparator === undefined ? 'NM' : 'SN';
  const result =
    value === undefined ? '' : value.comparator === undefined ? value.number : `${value.comparator}^${value.number}`;
  const units = unit === undefined ? '' : `${unit}^${unit}^UCUM`;
  const equipment = device === undefined ? '' : ei(device.value, '', device.system);
  let text =
    `OBX|${setId}|${type}|${ce(codes.slice(0, 2).map(toV2))}|${subId}|${result}|${units}|||||${status}|||${time?.text ?? ''}` +
    `||||${equipment}|||${instanceIdentifier(reference)}\r`;
  let note = 0;
  // NTE-2, table 0105: L = from the system that produced the result; O = other, here: Ductus.
  for (const comment of comments) text += `NTE|${(note += 1)}|L|${escapeFormattedText(comment)}\r`;
  if (time?.change !== undefined) text += `NTE|${note + 1}|O|${escapeText(clockNote(time.change, timeZone))}\r`;
  return text;
}

/** OBX of a resource without a mapping: the JSON itself, as encapsulated data (ED). */
export function carriedSegment(
  { setId, subId, status, reference }: ObxPlace,
  type: string,
  raw: unknown,
  time: Hl7Time | undefined,
): string {
  const data = Buffer.from(
    withinStack(type, () => toJson(raw)),
    'utf8',
  ).toString('base64');
  return (
    `OBX|${setId}|ED|${type}^FHIR ${type}^99FHR|${subId}|^application^x-fhir+json^Base64^${data}||||||${status}` +
    `|||${time?.text ?? ''}|||||||${instanceIdentifier(reference)}\r`
  );
}

/**
 * OBX-21 (HL7 v2.6, whose fields v2.5.1 keeps free for it): the same for every version of a resource, so
 * that the EMR finds what to correct or delete. An Observation goes by its id; other types carry their name
 * too, since ids are unique only within a type.
 */
export function instanceIdentifier(reference: string): string {
  const [, type = '', separator = '', rest = ''] = /^([A-Za-z]+)([/?])(.*)$/s.exec(reference) ?? [];
  const owner = type === 'Observation' ? '' : `${type}/`;
  if (separator === '/') return ei(owner + rest, NAMESPACE, undefined);
  const identifier = /^identifier=((?:[^\\|]|\\.)*)\|(.*)$/s.exec(rest);
  if (identifier === null) return ei(owner + rest.replace('sha256=', 'sha256-'), NAMESPACE, undefined);
  const [, escaped = '', value = ''] = identifier;
  const system = escaped.replace(/\\(.)/gs, '$1');
  return ei(owner + value, system === '' ? NAMESPACE : '', system);
}

function clockNote(change: ClockChange, timeZone: string): string {
  const why = change === 'repeated' ? 'occurs twice' : 'does not occur';
  return `The device gave this time without an offset. It ${why} in ${timeZone}, where clocks change; it was read with the offset before the change.`;
}

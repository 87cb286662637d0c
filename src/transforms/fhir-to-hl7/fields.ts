/** HL7 v2.5.1 data types as text. Every function here escapes what it is given. */
import type { Code } from '../model/reading';
import { systemName, type V2Code } from './codes';
import { escapeText } from './escape';

/** CE (CWE in v2.6 begins alike): one or two codes. A second without a system is the sender's word for it. */
export function ce(first: V2Code, second?: V2Code): string {
  const text = triplet(first.code, first.text, first.system);
  if (second === undefined) return text;
  if (second.system === '') return `${text}^${escapeText(second.code)}^${escapeText(second.text)}`;
  return `${text}^${triplet(second.code, second.text, second.system)}`;
}

/**
 * CE of the first two of a list of codes.
 * @param words the sender's own, as the alternate text where there is no second code
 */
export function ceOf([first, second]: readonly Code[], words?: string): string {
  if (first === undefined) return '';
  const text = triplet(first.code, first.display ?? '', systemName(first.system));
  if (second === undefined) return words === undefined ? text : `${text}^^${escapeText(words)}`;
  return `${text}^${triplet(second.code, second.display ?? '', systemName(second.system))}`;
}

/**
 * CWE (v2.5.1 §2.A.13) of the first two of a list of codes.
 * @param words the original text, component 9
 */
export function cwe(codes: readonly Code[], words: string | undefined): string {
  const text = ceOf(codes);
  if (words === undefined) return text;
  const missing = codes.length > 1 ? 3 : 6;
  return `${text}${'^'.repeat(missing)}${escapeText(words)}`;
}

/** TX (v2.5.1 §2.A.79): a repetition for each line. */
export function tx(text: string): string {
  return text.split(LINE_BREAK).map(escapeText).join('~');
}

/** @returns true when the text is more than ST has room for (199 characters, v2.5.1 §2.A.74), or has lines */
export function isLongText(text: string): boolean {
  return text.length > ST_LENGTH || LINE_BREAK.test(text);
}

const LINE_BREAK = /\r\n|\r|\n/;
const ST_LENGTH = 199;

function triplet(code: string, text: string, system: string): string {
  return `${escapeText(code)}^${escapeText(text)}^${escapeText(system)}`;
}

/** EI: an identifier and who gave it. */
export function ei(value: string, namespace: string, system: string | undefined): string {
  if (system === undefined || system === '') {
    return namespace === '' ? escapeText(value) : `${escapeText(value)}^${escapeText(namespace)}`;
  }
  const [id, type] = universalId(system);
  return `${escapeText(value)}^${escapeText(namespace)}^${id}^${type}`;
}

/** CX for PID-3: the authority from the configuration (`NAME&id&type`), or from the identifier's system. */
export function cx(value: string, system: string | undefined, authority: string, type: string): string {
  const assigner = authority === '' ? ['', ...universalId(system)] : authority.split('&').map(escapeText);
  return trimmed([escapeText(value), '', '', trimmed(assigner, '&'), escapeText(type)], '^');
}

/** HD from the configuration: `NAME`, or `NAME^universal id^type`. */
export function hd(name: string): string {
  return trimmed(name.split('^').map(escapeText), '^');
}

/** A field that is configured with its components (`4711^Muster^Maxi^^^^^^HIS&2.999&ISO`): each part is escaped. */
export function configured(text: string): string {
  const components = text.split('^').map((component) => trimmed(component.split('&').map(escapeText), '&'));
  return trimmed(components, '^');
}

/** A FHIR identifier system as universal id and its type (table 0301). */
export function universalId(system: string | undefined): [string, string] {
  if (system === undefined || system === '') return ['', ''];
  if (/^urn:oid:[0-9.]+$/i.test(system)) return [system.slice('urn:oid:'.length), 'ISO'];
  if (/^urn:uuid:[0-9a-f-]+$/i.test(system)) return [system.slice('urn:uuid:'.length), 'UUID'];
  return [escapeText(system), 'URI'];
}

/** Components without the empty ones at the end. */
export function trimmed(components: readonly string[], separator: string): string {
  const last = components.findLastIndex((component) => component !== '');
  return components.slice(0, last + 1).join(separator);
}

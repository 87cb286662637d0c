/** HL7 v2.5.1 data types as text. Every function here escapes what it is given. */
import { escapeText } from './escape';
import type { V2Code } from './codes';

/** A segment from its fields by number; empty fields at the end are left out. */
export function segment(name: string, fields: Readonly<Record<number, string>>): string {
  const last = Math.max(0, ...Object.entries(fields).map(([number, text]) => (text === '' ? 0 : Number(number))));
  let text = name;
  for (let number = 1; number <= last; number += 1) text += `|${fields[number] ?? ''}`;
  return text;
}

/** CE: one or two codes. */
export function ce(codes: readonly V2Code[]): string {
  return codes
    .map(({ code, text, system }) => `${escapeText(code)}^${escapeText(text)}^${escapeText(system)}`)
    .join('^');
}

/** EI: an identifier and who gave it. */
export function ei(value: string, namespace: string, system: string | undefined): string {
  return trimmed([escapeText(value), escapeText(namespace), ...universalId(system)], '^');
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

/** A FHIR identifier system as universal id and its type (table 0301). */
function universalId(system: string | undefined): [string, string] {
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

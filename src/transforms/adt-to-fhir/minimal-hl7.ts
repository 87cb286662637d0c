/**
 * A message with nothing in it that the mapping does not read: what is stored of a patient is what is sent of him, and no
 * more (GDPR article 5, data minimisation). Under the standard delimiters, whatever the sender's were.
 */
import type { Delimiters } from '../../protocols/hl7-v2/delimiters';
import { STANDARD_DELIMITERS } from '../../protocols/hl7-v2/delimiters';
import { unescapeValue } from '../../protocols/hl7-v2/escapes';
import type { Hl7Message, Hl7Segment } from '../../protocols/hl7-v2/message';
import { escapeText } from '../fhir-to-hl7/escape';
import type { HeaderFacts } from './message-header';
import type { FoundNumber } from './patient-number';

/** PID without its numbers: PID-19 (SSN), race, religion, account and the like are not in it. */
const PID_FIELDS = [5, 7, 8, 9, 11, 12, 13, 14, 15, 16, 24, 25, 29, 30, 40] as const;
const DG1_FIELDS = [2, 3, 4, 5, 6, 19, 21] as const;

/** What needs to be written anew: escapes, control characters, lone surrogates. */
const NOT_PLAIN = /[\\\u0000-\u001f\u007f\p{Surrogate}]/u;
const NULL = '""';

export interface MinimalParts {
  readonly facts: HeaderFacts;
  readonly pid: Hl7Segment;
  readonly number: FoundNumber;
  readonly prior: FoundNumber | undefined;
  /** Those about diabetes. */
  readonly diagnoses: readonly Hl7Segment[];
}

/** The same message about the same patient, so that to read it again gives the same. */
export function minimalHl7(message: Hl7Message, { facts, pid, number, prior, diagnoses }: MinimalParts): string {
  const write = (raw: string) => standard(raw, message.delimiters, message.characterSet);
  const { header } = message;
  const evn = message.first('EVN');
  const lines = [
    `MSH|^~\\&|||||${time(header, 7)}||ADT^${facts.event}|${escapeText(facts.controlId)}|${escapeText(facts.processingId)}|${facts.version}`,
    ...(evn === undefined ? [] : [`EVN||${time(evn, 2)}`]),
    segment('PID', pid, PID_FIELDS, write, new Map([...times(pid, [7, 29]), [number.field, write(number.raw)]])),
    ...(prior === undefined ? [] : [`MRG|${write(prior.raw)}`]),
    ...diagnoses.map((dg1) => segment('DG1', dg1, DG1_FIELDS, write, new Map(times(dg1, [5, 19])))),
  ];
  return `${lines.join('\r')}\r`;
}

/** As it is read: a time has one component. */
function time(from: Hl7Segment, field: number): string {
  const value = from.value(field).trim();
  return value === NULL ? NULL : escapeText(value);
}

function times(from: Hl7Segment, fields: readonly number[]): [number, string][] {
  return fields.map((field) => [field, time(from, field)]);
}

function segment(
  name: string,
  from: Hl7Segment,
  fields: readonly number[],
  write: (raw: string) => string,
  others: ReadonlyMap<number, string> = new Map(),
): string {
  const last = fields.at(-1) ?? 0;
  let text = name;
  let bars = '';
  for (let field = 1; field <= last; field += 1) {
    bars += '|';
    const value = others.get(field) ?? (fields.includes(field) ? write(from.rawField(field)) : '');
    if (value === '') continue;
    text += bars + value;
    bars = '';
  }
  return text;
}

/** A field under the standard delimiters, its escapes written in one way. */
function standard(raw: string, delimiters: Delimiters, characterSet: string): string {
  if (raw === '' || (isStandard(delimiters) && !NOT_PLAIN.test(raw))) return raw;
  const value = (part: string) => (part === NULL ? NULL : escapeText(unescapeValue(part, delimiters, characterSet)));
  return split(raw, delimiters.repetition)
    .map((repetition) =>
      split(repetition, delimiters.component)
        .map((component) => split(component, delimiters.subcomponent).map(value).join('&'))
        .join('^'),
    )
    .join('~');
}

function split(text: string, delimiter: string): string[] {
  return delimiter === '' ? [text] : text.split(delimiter);
}

function isStandard({ field, component, repetition, escape, subcomponent }: Delimiters): boolean {
  return (
    field === STANDARD_DELIMITERS.field &&
    component === STANDARD_DELIMITERS.component &&
    repetition === STANDARD_DELIMITERS.repetition &&
    escape === STANDARD_DELIMITERS.escape &&
    subcomponent === STANDARD_DELIMITERS.subcomponent
  );
}

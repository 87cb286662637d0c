/**
 * HL7 v2 messages by resource. ORU^R01: an OBX, known by OBX-21, with its NTE, its OBR and the segments of the patient.
 * RAS^O17: an order group, known by ORC-3. MDM: the one document. Structures: HL7 v2.5.1 §4.13.9, §7.3.1, §9.6.
 */
import { escapeFormattedText } from '../fhir-to-hl7/escape';
import { APART } from '../fhir-to-hl7/nte';
import type { Part, Unit } from './units';

/**
 * Fields that do not count (HL7 v2.5.1). They name the message or the receiver (MSH-3 to 8, 10, 11, 13), count within it
 * (set ids, OBX-4), or follow from which resources stand together and when they were sent (OBR-3, 7, 8, 22, 25, 29;
 * ORC-1, 9; TXA-13; EVN). MSH-9, 12 and 18 stay: type, version and character set decide how the rest is read.
 */
const WITHOUT: Readonly<Record<string, ReadonlySet<number>>> = {
  MSH: new Set([3, 4, 5, 6, 7, 8, 10, 11, 13]),
  EVN: new Set([1, 2]),
  OBR: new Set([1, 2, 3, 7, 8, 22, 25, 29]),
  OBX: new Set([1, 4]),
  NTE: new Set([1]),
  ORC: new Set([1, 9]),
  RXA: new Set([1, 2]),
  TXA: new Set([1, 13]),
};

/** Statuses that differ since it is sent again: a first, a preliminary and a corrected result count as one (table 0085). */
const STATUS: Readonly<Record<string, { readonly field: number; readonly standing: ReadonlySet<string> }>> = {
  OBX: { field: 11, standing: new Set(['F', 'C', 'P']) },
  // Table 0323: A add, U update.
  RXA: { field: 21, standing: new Set(['A', 'U']) },
};

const APART_WRITTEN = escapeFormattedText(APART);

/** Takes a message apart. */
export function hl7Units(text: string): readonly Unit[] {
  const segments = text.split('\r').filter((segment) => segment !== '');
  const header = segments[0]?.split('|') ?? [];
  const type = (header[8] ?? '').split('^')[0];
  const builder = new Builder();
  for (const segment of segments) {
    const fields = segment.split('|');
    const label = fields[0] ?? '';
    // Follows, as OBX-4 and OBR-29 do, from what stands together.
    if (label === 'NTE' && fields[3]?.startsWith(APART_WRITTEN) === true) continue;
    const part: Part = { label, text: normalized(label, fields, type) };
    if (type === 'MDM') {
      if (label === 'TXA') builder.start(fields[12] ?? '');
      builder.add(part);
    } else if (label === 'ORC' || (label === 'OBR' && builder.last !== 'ORC')) {
      builder.group();
      if (type === 'RAS') builder.start(fields[3] ?? '');
      builder.add(part);
    } else {
      const key = label === 'OBX' ? (fields[21] ?? '') : '';
      if (type === 'RAS' || label !== 'OBX') builder.add(part);
      else if (key === '') builder.skip();
      else {
        builder.start(key);
        builder.add(part);
      }
    }
  }
  return builder.units();
}

/** Collects parts under what they belong to: the message, an order group, a resource. */
class Builder {
  last = '';
  readonly #message: Part[] = [];
  #group: Part[] | undefined;
  #own: Part[] | undefined;
  readonly #units = new Map<string, { readonly context: readonly Part[][]; readonly own: Part[] }>();

  group(): void {
    this.#group = [];
    this.#own = undefined;
  }

  /** A row about no resource: the containment tree of PCD-01, whose place depends on what else is in the message. */
  skip(): void {
    this.#own = [];
  }

  start(key: string): void {
    const known = this.#units.get(key);
    this.#own = known?.own ?? [];
    if (known !== undefined) return;
    const context = this.#group === undefined ? [this.#message] : [this.#message, this.#group];
    this.#units.set(key, { context, own: this.#own });
  }

  add(part: Part): void {
    this.last = part.label;
    (this.#own ?? this.#group ?? this.#message).push(part);
  }

  units(): readonly Unit[] {
    return [...this.#units].map(([key, { context, own }]) => ({ key, parts: [...context.flat(), ...own] }));
  }
}

/** The segment with the fields that do not count left empty, and without empty fields at its end. */
function normalized(label: string, fields: string[], type: string | undefined): string {
  const without = WITHOUT[label];
  const status = STATUS[label];
  // MSH-1 is the separator itself, so the other fields of MSH stand one place further to the left.
  const shift = label === 'MSH' ? 1 : 0;
  if (without !== undefined) {
    for (const field of without) {
      if (field - shift < fields.length) fields[field - shift] = '';
    }
  }
  if (status !== undefined && status.standing.has(fields[status.field] ?? '')) fields[status.field] = '';
  // A document that replaces another is another event of the same type (MDM^T02, T10).
  if (label === 'MSH' && type === 'MDM') fields[8] = 'MDM';
  let end = fields.length;
  while (end > 1 && fields[end - 1] === '') end -= 1;
  return fields.slice(0, end).join('|');
}

export interface Change {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

/** Compares two segments of one kind, by field, repetition and component. */
export function compareSegments(label: string, before: string, after: string): readonly Change[] {
  const changes: Change[] = [];
  const shift = label === 'MSH' ? 1 : 0;
  const [old, now] = [before.split('|'), after.split('|')];
  for (let index = 1; index < Math.max(old.length, now.length); index += 1) {
    const [a, b] = [old[index] ?? '', now[index] ?? ''];
    if (a !== b) compareField(`${label}-${String(index + shift)}`, a, b, changes);
  }
  return changes;
}

function compareField(field: string, before: string, after: string, changes: Change[]): void {
  const [old, now] = [before.split('~'), after.split('~')];
  const count = Math.max(old.length, now.length);
  for (let index = 0; index < count; index += 1) {
    const place = count === 1 ? field : `${field}[${String(index + 1)}]`;
    const [a, b] = [(old[index] ?? '').split('^'), (now[index] ?? '').split('^')];
    const components = Math.max(a.length, b.length);
    for (let component = 0; component < components; component += 1) {
      const [x, y] = [a[component] ?? '', b[component] ?? ''];
      if (x !== y) {
        changes.push({ field: components === 1 ? place : `${place}.${String(component + 1)}`, before: x, after: y });
      }
    }
  }
}

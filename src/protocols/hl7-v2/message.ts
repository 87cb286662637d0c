/**
 * An HL7 v2 message as it is read: segments, fields, repetitions, components and subcomponents, values without escapes.
 *
 * Why not `Hl7Message` of @medplum/core: it undoes no escapes, and by the time it has split a field nobody can tell an
 * escaped delimiter from a real one when the message names its own; a message with fewer than four encoding characters
 * falls into single letters; and it splits at every LF, so that a line break inside a text begins a segment.
 */
import { DuctusError } from '../../domain/errors';
import { readDelimiters, STANDARD_DELIMITERS, type Delimiters } from './delimiters';
import { unescapeValue } from './escapes';

/** HL7 null: the field is to be emptied (v2.5.1 §2.6). */
const NULL = '""';

/** One repetition of a field. Positions count from 1, as in the standard. */
export class Hl7Field {
  readonly raw: string;
  readonly #message: Hl7Message;
  #components: readonly string[] | undefined;

  constructor(raw: string, message: Hl7Message) {
    this.raw = raw;
    this.#message = message;
  }

  /** True for `""`: the sender wants it deleted. */
  get isNull(): boolean {
    return this.raw === NULL;
  }

  /** True when nothing is said, or deleted. */
  get isEmpty(): boolean {
    return this.raw === '' || this.isNull;
  }

  /**
   * A component, with what stands in its subcomponents: an `&` that nobody escaped is more often text than not. '' when
   * there is none, or null.
   */
  text(component = 1): string {
    return this.#value(this.#component(component));
  }

  /** As `text`, with `&` between subcomponents, whatever the sender's delimiter is: the same under the standard delimiters. */
  standardText(component = 1): string {
    const raw = this.#component(component);
    const { subcomponent } = this.#message.delimiters;
    if (subcomponent === '' || subcomponent === STANDARD_DELIMITERS.subcomponent || !raw.includes(subcomponent)) {
      return this.#value(raw);
    }
    return raw
      .split(subcomponent)
      .map((part) => this.#value(part))
      .join(STANDARD_DELIMITERS.subcomponent);
  }

  /** A subcomponent; '' when there is none, or null. */
  part(component: number, subcomponent: number): string {
    const raw = this.#component(component);
    const { subcomponent: delimiter } = this.#message.delimiters;
    if (delimiter === '' || !raw.includes(delimiter)) return subcomponent === 1 ? this.#value(raw) : '';
    return this.#value(raw.split(delimiter)[subcomponent - 1] ?? '');
  }

  /** Number of subcomponents of a component. */
  sizeOf(component: number): number {
    const { subcomponent } = this.#message.delimiters;
    return subcomponent === '' ? 1 : this.#component(component).split(subcomponent).length;
  }

  #split(): readonly string[] {
    const { component } = this.#message.delimiters;
    this.#components ??= this.raw.split(component);
    return this.#components;
  }

  #component(position: number): string {
    return this.#split()[position - 1] ?? '';
  }

  #value(raw: string): string {
    return raw === NULL ? '' : unescapeValue(raw, this.#message.delimiters, this.#message.characterSet);
  }
}

/** One segment. */
export class Hl7Segment {
  readonly name: string;
  readonly raw: string;
  /** Which of the segments of this name, from 1. */
  readonly sequence: number;
  readonly #message: Hl7Message;
  #fields: readonly string[] | undefined;

  constructor(raw: string, sequence: number, message: Hl7Message) {
    this.name = raw.slice(0, 3);
    this.raw = raw;
    this.sequence = sequence;
    this.#message = message;
  }

  /** A field as it came, with its repetitions; '' when there is none. */
  rawField(position: number): string {
    this.#fields ??= this.raw.split(this.#message.delimiters.field);
    if (this.name !== 'MSH') return this.#fields[position] ?? '';
    // MSH-1 is the delimiter that the segment was split at.
    return position === 1 ? this.#message.delimiters.field : (this.#fields[position - 1] ?? '');
  }

  /** The repetitions of a field; none when it is empty. */
  repetitions(position: number): Hl7Field[] {
    const raw = this.rawField(position);
    if (raw === '') return [];
    const { repetition } = this.#message.delimiters;
    const all = repetition === '' ? [raw] : raw.split(repetition);
    return all.map((one) => new Hl7Field(one, this.#message));
  }

  /** The first repetition of a field. */
  field(position: number): Hl7Field {
    const raw = this.rawField(position);
    const { repetition } = this.#message.delimiters;
    const end = repetition === '' || this.#isDelimiters(position) ? -1 : raw.indexOf(repetition);
    return new Hl7Field(end < 0 ? raw : raw.slice(0, end), this.#message);
  }

  /** A component of the first repetition; '' when there is none, or null. */
  value(position: number, component = 1): string {
    return this.field(position).text(component);
  }

  #isDelimiters(position: number): boolean {
    return this.name === 'MSH' && position <= 2;
  }
}

/** One message. Segments are split when they are looked at: most are not. */
export class Hl7Message {
  readonly delimiters: Delimiters;
  readonly header: Hl7Segment;
  /** MSH-18, first repetition; '' when the message has none. */
  readonly characterSet: string;
  readonly #segments: readonly string[];

  /**
   * @param text decoded; segments end with CR (or CR LF, or LF where there is no CR at all)
   * @throws DuctusError DUCTUS_HL7_INVALID when it is no HL7 v2 message
   */
  constructor(text: string) {
    const segments = splitSegments(text);
    const [header = ''] = segments;
    if (!header.startsWith('MSH')) {
      throw new DuctusError('DUCTUS_HL7_INVALID', 'What came is no HL7 v2 message: it does not begin with MSH.');
    }
    this.delimiters = readDelimiters(header);
    this.characterSet = '';
    this.#segments = segments;
    this.header = new Hl7Segment(header, 1, this);
    this.characterSet = this.header.value(18);
  }

  /** The first segment of a name. */
  first(name: string): Hl7Segment | undefined {
    const raw = this.#segments.find((segment) => this.#is(segment, name));
    return raw === undefined ? undefined : new Hl7Segment(raw, 1, this);
  }

  /** All segments of a name, in their order. */
  all(name: string): Hl7Segment[] {
    const found: Hl7Segment[] = [];
    for (const raw of this.#segments) {
      if (this.#is(raw, name)) found.push(new Hl7Segment(raw, found.length + 1, this));
    }
    return found;
  }

  #is(raw: string, name: string): boolean {
    return raw.startsWith(name) && (raw.length === 3 || raw.charAt(3) === this.delimiters.field);
  }
}

/**
 * Where a message has carriage returns they alone end segments, as the standard has it (§2.5.4): a line feed in a text is
 * a part of the text, and cannot bring a segment of its own.
 */
function splitSegments(text: string): string[] {
  // White space and a byte order mark before MSH are the transport's.
  const message = text.trimStart();
  const lines = message.includes('\r') ? message.split('\r') : message.split('\n');
  return lines.map(trimLineFeeds).filter((segment) => segment !== '');
}

function trimLineFeeds(line: string): string {
  let start = 0;
  let end = line.length;
  while (line.charCodeAt(start) === 10) start += 1;
  while (end > start && line.charCodeAt(end - 1) === 10) end -= 1;
  return line.slice(start, end);
}

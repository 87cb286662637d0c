/**
 * What all resource types have in common on their way from STU3 to R4: elements are copied in their order, names and
 * shapes that changed are changed, and what R4 has no place for is kept as an extension. R4 input comes out as it went
 * in.
 */
import { plainDecimal } from '../fhir-bundle/decimal';
import { readFhirTime } from '../fhir-bundle/fhir-time';
import { decimalSource, isObject, parseLossless, toJson } from '../fhir-bundle/lossless-json';
import { offsetOf } from '../model/fhir-time';
import type { TimeZone } from '../model/time-zone';
import { toR4CodeSystem } from './code-systems';
import { AS_SENT_EXTENSION, PROFILE_SYSTEM, ROCHE_PROFILES, STU3_EXTENSION, UCUM, URI, URI_SYSTEM } from './names';

export type Json = Readonly<Record<string, unknown>>;
export type Draft = Record<string, unknown>;

/** An element that is not a copy, for the lineage. `element` and `from` are relative to the resource. */
export interface Change {
  readonly rule: string;
  readonly element: string;
  readonly from: readonly string[];
}

export interface ConversionOptions {
  /** Zone of clock times without an offset; R4 wants one (datatypes, dateTime). */
  readonly zone: TimeZone;
  /** What becomes of a Reference; by default it stays. */
  readonly reference?: ((reference: Json) => Json) | undefined;
}

/** Elements with a dateTime or instant, of any type and depth. */
const TIMES: ReadonlySet<string> = new Set([
  ...['effectiveDateTime', 'valueDateTime', 'deceasedDateTime', 'lastSystemChange', 'manufactureDate'],
  ...['expirationDate', 'start', 'end', 'time', 'event', 'authoredOn', 'creation'],
]);
const INSTANTS: ReadonlySet<string> = new Set(['issued', 'effectiveInstant', 'valueInstant', 'lastUpdated']);
/** `2024-03-01T08:15`. */
const TO_THE_MINUTE = 16;
/** HAPI, on which most servers stand, does not take `0e1` for a decimal. */
const ZERO_WITH_EXPONENT = /^-?0(?:\.0+)?[eE]/;
/** What Java and FHIR take for white space at the ends of a code. */
const CODE_SPACE = /[\u0000-\u0020\s]+/g;

/** One resource on its way. */
export class Conversion {
  readonly changes: Change[] = [];
  readonly zone: TimeZone;
  readonly #extensions: Json[] = [];
  readonly #reference: ((reference: Json) => Json) | undefined;
  #type = '';
  /** Names of the elements from the resource to what is copied: put together only for what is no copy. */
  readonly #path: string[] = [];

  constructor({ zone, reference }: ConversionOptions) {
    this.zone = zone;
    this.#reference = reference;
  }

  /** States for the lineage what an element was made of. */
  changed(rule: string, element: string, ...from: string[]): void {
    this.changes.push({ rule, element, from });
  }

  /** Keeps an element that R4 has no place for. @param value in R4; its type is named by `valueType`, as in `Reference` */
  keep(element: string, valueType: string, value: unknown): void {
    if (value === undefined || value === null) return;
    const text = valueType === 'String' && typeof value !== 'string' ? toJson(value) : value;
    const position = this.#extensions.push({ url: STU3_EXTENSION + element, [`value${valueType}`]: text }) - 1;
    this.changed('kept', `extension[${position}]`, element.slice(element.indexOf('.') + 1));
  }

  /** Adds an extension that R4 defines. */
  extend(extension: Json): void {
    this.#extensions.push(extension);
  }

  /** The resource with what was kept. Extensions of the sender stay in front. */
  finish(resource: Draft): Draft {
    if (this.#extensions.length === 0) return resource;
    const own = list(resource['extension']);
    const extension = [...own, ...this.#extensions];
    // Positions in the lineage count from the sender's extensions on.
    if (own.length > 0) this.#renumber(own.length);
    return { ...resource, extension };
  }

  /** Copies a value of any depth. @param type of the resource, for names of what is kept */
  copy(value: unknown, name: string, type = this.#type): unknown {
    this.#type = type;
    this.#path.length = 0;
    return this.#copy(value, name);
  }

  /** meta without what only the sender's server means, and without profiles that an R4 server would check in vain. */
  meta(meta: unknown): unknown {
    if (!isObject(meta)) return undefined;
    const profiles: readonly unknown[] = Array.isArray(meta['profile']) ? meta['profile'] : [];
    const stu3 = profiles.filter((profile) => typeof profile === 'string' && profile.startsWith(ROCHE_PROFILES));
    const copied = this.copy(meta, 'meta');
    if (stu3.length === 0 || !isObject(copied)) return copied;
    const tags: readonly unknown[] = Array.isArray(copied['tag']) ? copied['tag'] : [];
    const others = profiles.filter((profile) => !stu3.includes(profile));
    const { profile: _, ...rest } = copied;
    this.changed('profile', 'meta.tag', 'meta.profile');
    return {
      ...rest,
      ...(others.length === 0 ? {} : { profile: others }),
      tag: [...tags, ...stu3.map((code) => ({ system: PROFILE_SYSTEM, code }))],
    };
  }

  /** A FHIR time as R4 wants it: with seconds and offset. undefined when it is no time. */
  time(text: string): string | undefined {
    const time = readFhirTime(text);
    if (time === undefined) return undefined;
    if (!time.hasClock) return text;
    const hasSeconds = text.charAt(TO_THE_MINUTE) === ':';
    const full = hasSeconds ? text : `${text.slice(0, TO_THE_MINUTE)}:00${text.slice(TO_THE_MINUTE)}`;
    if (time.offsetMinutes !== undefined) return full;
    return full + offsetOf(this.zone.resolve(time.localMs).minutes);
  }

  #copy(value: unknown, name: string): unknown {
    if (typeof value === 'string') {
      const number = decimalSource(value);
      if (number === undefined) return this.#text(value, name);
      return ZERO_WITH_EXPONENT.test(number) ? exactNumber(plainDecimal(number) ?? '0') : value;
    }
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (const item of value) {
        const copied = this.#copy(item, name);
        if (copied !== undefined) items.push(copied);
      }
      return items.length === 0 ? undefined : items;
    }
    if (!isObject(value)) return value;
    const draft: Draft = {};
    let isEmpty = true;
    this.#path.push(name);
    for (const member in value) {
      const inner = this.#copy(value[member], member);
      if (inner === undefined) continue;
      draft[member] = inner;
      isEmpty = false;
    }
    this.#path.pop();
    return isEmpty ? undefined : this.#object(draft, value);
  }

  #text(text: string, name: string): string | undefined {
    // FHIR has no empty strings; they say nothing (R4 datatypes, string).
    if (text === '') return undefined;
    const isInstant = INSTANTS.has(name);
    if (!isInstant && !TIMES.has(name)) return text;
    const time = this.time(text);
    const isFull = time !== undefined && (!isInstant || time.includes('T'));
    if (isFull && time === text) return text;
    const path = [...this.#path, name].join('.');
    if (!isFull) {
      this.keep(`${this.#type}.${path}`, 'String', text);
      return undefined;
    }
    this.changed('time', path, path);
    return time;
  }

  /** What changed in data types. */
  #object(draft: Draft, source: Json): Json {
    const { code, system, reference } = draft;
    if (typeof code === 'string' && decimalSource(code) === undefined) {
      const allowed = isPlain(code) ? code : code.replace(CODE_SPACE, ' ').trim();
      if (allowed !== code) {
        draft['extension'] = [...list(draft['extension']), { url: AS_SENT_EXTENSION, valueString: code }];
        if (allowed === '') delete draft['code'];
        else draft['code'] = allowed;
      }
      if (typeof system === 'string') draft['system'] = toR4CodeSystem(system);
      // Quantity: a code needs its system (invariant qty-3), and FHIR's units are UCUM.
      else if (draft['code'] !== undefined && 'value' in source) draft['system'] = UCUM;
    }
    // An identifier in the system of URIs must be one (R4 datatypes, Identifier); some senders write other numbers there.
    const { value } = draft;
    if (system === URI_SYSTEM && isText(value) && !URI.test(value)) {
      draft['extension'] = [...list(draft['extension']), { url: AS_SENT_EXTENSION, valueString: system }];
      delete draft['system'];
    }
    return this.#reference === undefined || typeof reference !== 'string' ? draft : this.#reference(draft);
  }

  #renumber(first: number): void {
    this.changes.forEach((change, position) => {
      const index = /^extension\[(\d+)\]$/.exec(change.element)?.[1];
      if (index === undefined) return;
      this.changes[position] = { ...change, element: `extension[${Number(index) + first}]` };
    });
  }
}

/** A number with exactly these digits, as the lossless parser makes it. */
export function exactNumber(digits: string): unknown {
  const parsed = parseLossless(`{"value":${digits}}`);
  return isObject(parsed) ? parsed['value'] : undefined;
}

/** False for a number that the parser marked. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && decimalSource(value) === undefined;
}

const PLAIN_CODE = /^[^\u0000-\u0020\s]+(?: [^\u0000-\u0020\s]+)*$/;

/** A code may hold single spaces inside (R4 datatypes, code). */
function isPlain(code: string): boolean {
  return PLAIN_CODE.test(code);
}

/** An array of what may be one, several or none. */
export function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

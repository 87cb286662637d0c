/**
 * What few Observations have beside value and time: interpretation, reference range, and what belongs to them. Nothing
 * here keeps a measurement from being read: what is not as FHIR has it is named as unread.
 */
import type { Code, Reading } from '../model/reading';
import { codesOf } from './codes';
import { isConcept, isQuantity, isReference } from './guards';
import { decimalSource, isObject, isText } from './lossless-json';
import type { Links } from './references';
import { ucumUnit } from './quantity';
import type { Quantity } from './shapes';

type Json = Readonly<Record<string, unknown>>;

export interface Extras {
  readonly parts: Pick<Reading, 'interpretation' | 'referenceRange' | 'members'>;
  /** As in `Observation.referenceRange`. */
  readonly unread: readonly string[];
}

export function hasExtras(raw: Json): boolean {
  return (
    raw['interpretation'] !== undefined ||
    raw['referenceRange'] !== undefined ||
    raw['related'] !== undefined ||
    raw['hasMember'] !== undefined
  );
}

/** @param value the quantity that a reference range is about */
export function readExtras(raw: Json, value: Quantity | undefined, links: Links): Extras {
  const unread: string[] = [];
  const interpretation = readInterpretation(raw['interpretation'], unread);
  const referenceRange = readReferenceRange(raw['referenceRange'], value, unread);
  const members = readMembers(raw, links, unread);
  return {
    parts: {
      ...(interpretation.length === 0 ? {} : { interpretation }),
      ...(referenceRange === undefined ? {} : { referenceRange }),
      ...(members.length === 0 ? {} : { members }),
    },
    unread,
  };
}

/** STU3 has one CodeableConcept, R4 a list. */
function readInterpretation(element: unknown, unread: string[]): Code[] {
  if (element === undefined) return [];
  const concepts: readonly unknown[] = Array.isArray(element) ? element : [element];
  let complete = true;
  const codes = concepts.flatMap((concept) => {
    const own = isConcept(concept) ? codesOf(concept) : [];
    if (own.length === 0) complete = false;
    return own;
  });
  if (!complete) unread.push('Observation.interpretation');
  return codes;
}

/** What a range may have beside its limits and still be the plain one. */
const PLAIN_RANGE: ReadonlySet<string> = new Set(['low', 'high', 'text', 'id']);

/**
 * OBX-7 (HL7 v2.5.1 chapter 7.4.2.7): `low-high`, `>low` or `<high`, in the unit of the value; else the text. Of several
 * ranges, or one for some people only, none is taken: which of them applies is not for Ductus to say.
 */
function readReferenceRange(element: unknown, value: Quantity | undefined, unread: string[]): string | undefined {
  if (element === undefined) return undefined;
  const ranges: readonly unknown[] = Array.isArray(element) ? element : [];
  const [range] = ranges;
  if (ranges.length !== 1 || !isObject(range) || !Object.keys(range).every((name) => PLAIN_RANGE.has(name))) {
    unread.push('Observation.referenceRange');
    return undefined;
  }
  const { low, high, text } = range;
  if (low === undefined && high === undefined && isText(text) && text !== '') return text;
  const from = limit(low, value);
  const to = limit(high, value);
  if ((low !== undefined && from === undefined) || (high !== undefined && to === undefined)) {
    unread.push('Observation.referenceRange');
    return undefined;
  }
  if (text !== undefined || (from === undefined && to === undefined)) unread.push('Observation.referenceRange');
  if (from === undefined) return to === undefined ? undefined : `<${to}`;
  return to === undefined ? `>${from}` : `${from}-${to}`;
}

/** The digits of a limit as they were written; undefined when it is not in the unit of the value. */
function limit(element: unknown, value: Quantity | undefined): string | undefined {
  if (!isQuantity(element) || element.comparator !== undefined) return undefined;
  const unit = ucumUnit(element) ?? element.unit;
  const isSame = unit === undefined || (value !== undefined && (unit === value.code || unit === value.unit));
  return isSame ? decimalSource(element.value) : undefined;
}

/** STU3 `related` of type `has-member`, R4 `hasMember`. */
function readMembers(raw: Json, links: Links, unread: string[]): string[] {
  const members: string[] = [];
  for (const name of ['related', 'hasMember'] as const) {
    const element = raw[name];
    if (element === undefined) continue;
    let complete = Array.isArray(element);
    const list: readonly unknown[] = Array.isArray(element) ? element : [];
    for (const item of list) {
      const target = name === 'hasMember' ? item : isObject(item) && item['type'] === 'has-member' ? item['target'] : 0;
      const reference = isReference(target) ? target.reference : undefined;
      if (reference === undefined || reference === '' || reference.startsWith('#')) complete = false;
      else members.push(links.nameOf(reference));
    }
    if (!complete) unread.push(`Observation.${name}`);
  }
  return members;
}

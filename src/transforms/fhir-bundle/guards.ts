/**
 * Checks of FHIR data types by hand. The shapes (shapes.ts) say the same and name what is wrong; for thousands of
 * resources they take longer than all the rest, so that they only speak where a check here has failed.
 */
import { isDecimal, isObject, isText } from './lossless-json';
import type { Coding, Concept, Period, Quantity, Reference } from './shapes';

type Json = Readonly<Record<string, unknown>>;

export function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}

export function isOptionalList(value: unknown, isItem: (item: unknown) => boolean): boolean {
  if (value === undefined) return true;
  if (!Array.isArray(value)) return false;
  for (const item of value) if (!isItem(item)) return false;
  return true;
}

export function isIdentifier(value: unknown): boolean {
  return (
    isObject(value) && isOptionalText(value['use']) && isOptionalText(value['system']) && isOptionalText(value['value'])
  );
}

export function isReference(value: unknown): value is Reference {
  return (
    isObject(value) &&
    isOptionalText(value['reference']) &&
    (value['identifier'] === undefined || isIdentifier(value['identifier']))
  );
}

export function isCoding(value: unknown): value is Coding {
  return (
    isObject(value) &&
    isOptionalText(value['system']) &&
    isOptionalText(value['code']) &&
    isOptionalText(value['display'])
  );
}

export function isConcept(value: unknown): value is Concept {
  return isObject(value) && isOptionalText(value['text']) && isOptionalList(value['coding'], isCoding);
}

export function isPeriod(value: unknown): value is Period {
  return isObject(value) && isOptionalText(value['start']) && isOptionalText(value['end']);
}

export function isQuantity(value: unknown): value is Quantity {
  return (
    isObject(value) &&
    (value['value'] === undefined || isDecimal(value['value'])) &&
    isOptionalText(value['comparator']) &&
    isOptionalText(value['unit']) &&
    isOptionalText(value['system']) &&
    isOptionalText(value['code'])
  );
}

/** An Annotation, as far as it is read. */
export function isNote(value: unknown): boolean {
  return isObject(value) && isOptionalText(value['text']);
}

/** What both Observation and MedicationAdministration say about their kind and time. */
export function hasEventElements(raw: Json): boolean {
  return (
    isOptionalText(raw['status']) &&
    isOptionalText(raw['effectiveDateTime']) &&
    (raw['effectivePeriod'] === undefined || isPeriod(raw['effectivePeriod'])) &&
    isOptionalList(raw['note'], isNote)
  );
}

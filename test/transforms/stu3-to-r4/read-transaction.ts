/** A transaction as a receiver reads it: numbers with their digits. */
import { isObject, parseLossless } from '../../../src/transforms/fhir-bundle/lossless-json';

export type Json = Readonly<Record<string, unknown>>;

export interface ReadEntry {
  readonly fullUrl: string;
  readonly resource: Json;
  readonly request: Json;
}

export function readTransaction(text: string): ReadEntry[] {
  return objects(member(parseLossless(text), 'entry')).map((entry) => ({
    fullUrl: String(entry['fullUrl']),
    resource: object(entry['resource']),
    request: object(entry['request']),
  }));
}

/** The entry whose resource has the identifier that Ductus gives. */
export function entryOf(entries: readonly ReadEntry[], reference: string): ReadEntry | undefined {
  return entries.find(({ resource }) =>
    objects(resource['identifier']).some(
      ({ system, value }) => system === 'urn:ductus:reference' && value === reference,
    ),
  );
}

/** The value under a path of member names and positions; undefined when there is none. */
export function member(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, step) => {
    const list: readonly unknown[] = Array.isArray(inner) ? inner : [];
    if (typeof step === 'number') return list[step];
    return isObject(inner) ? inner[step] : undefined;
  }, value);
}

export function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function object(value: unknown): Json {
  return isObject(value) ? value : {};
}

/** All `reference` members, at any depth. */
export function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'reference' && typeof inner === 'string' ? [inner] : referencesIn(inner),
  );
}

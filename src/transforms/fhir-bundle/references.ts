/** FHIR references inside a bundle: by `fullUrl`, by `Type/id`, into `contained`, or by identifier. */
import { type Identifier } from './shapes';
import { isObject } from './lossless-json';

export class ReferenceIndex<T> {
  readonly #targets = new Map<string, T>();

  /** The first resource under an address stays: which of two is meant cannot be known, so it must not depend on luck. */
  add(address: string | undefined, target: T): void {
    if (address !== undefined && address !== '' && !this.#targets.has(address)) this.#targets.set(address, target);
  }

  /** @param reference `Reference.reference` as written */
  find(reference: string): T | undefined {
    return this.#targets.get(reference) ?? this.#targets.get(relativeReference(reference));
  }
}

/** `Patient/1` for `https://server/fhir/Patient/1/_history/2`; other forms come back as they are. */
export function relativeReference(reference: string): string {
  const path = /(?:^|\/)([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64})(?:\/_history\/[^/]+)?$/.exec(reference);
  return path?.[1] ?? reference;
}

/** The identifier in a conditional reference, `Patient?identifier=system|value` (FHIR http, transactions). */
export function conditionalIdentifier(reference: string): Identifier | undefined {
  const query = /^[A-Z][A-Za-z]+\?identifier=(?:([^|&]*)(?:\||%7C))?([^&]+)$/i.exec(reference);
  if (query === null) return undefined;
  try {
    const system = decodeURIComponent(query[1] ?? '');
    return { ...(system === '' ? {} : { system }), value: decodeURIComponent(query[2] ?? '') };
  } catch {
    return undefined;
  }
}

/**
 * `system|value`, one text for one identifier: `\` and `|` in the system are escaped, so that the first bare `|`
 * always ends it.
 */
export function identifierKey({ system = '', value = '' }: Identifier): string {
  return `${escapeKey(system)}|${value}`;
}

/** Text without a bare `|`. */
export function escapeKey(text: string): string {
  return text.replace(/[\\|]/g, '\\$&');
}

/** The contained resource that `#id` names. */
export function findContained(resource: Readonly<Record<string, unknown>>, reference: string): unknown {
  const contained = resource['contained'];
  if (!reference.startsWith('#') || !Array.isArray(contained)) return undefined;
  return contained.find((inner) => isObject(inner) && inner['id'] === reference.slice(1));
}

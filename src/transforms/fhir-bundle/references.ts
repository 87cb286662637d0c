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

/** Names by which resources of a bundle go, for references to any of them. */
export class Links {
  readonly #resources: readonly { readonly fullUrl: string | undefined; readonly reference: string }[];
  #byAddress: Map<string, string> | undefined;

  constructor(resources: readonly { readonly fullUrl: string | undefined; readonly reference: string }[]) {
    this.#resources = resources;
  }

  /** `Type/id` of what a reference means, as in `ParsedResource.reference`; outside of the bundle as it is written. */
  nameOf(reference: string): string {
    const relative = relativeReference(reference);
    if (relative !== reference || RELATIVE.test(reference)) return relative;
    // Few bundles have references of other forms, so that this is made when the first comes.
    if (this.#byAddress === undefined) {
      this.#byAddress = new Map();
      for (const { fullUrl, reference: name } of this.#resources) {
        if (fullUrl !== undefined && !this.#byAddress.has(fullUrl)) this.#byAddress.set(fullUrl, name);
      }
    }
    return this.#byAddress.get(reference) ?? reference;
  }
}

const RELATIVE = /^[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/;

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

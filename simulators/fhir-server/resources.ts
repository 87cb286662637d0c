/** The resources of the FHIR server with their versions, and the search by identifier. */
import { z } from 'zod';

export const ResourceSchema = z.looseObject({
  resourceType: z.string().regex(/^[A-Z][A-Za-z]+$/),
  id: z
    .string()
    .regex(/^[A-Za-z0-9.-]{1,64}$/)
    .optional(),
});
export type Resource = z.infer<typeof ResourceSchema>;

/** One version of a resource. */
export interface StoredResource {
  readonly type: string;
  readonly id: string;
  readonly versionId: number;
  /** With `id` and `meta` as the server sets them. */
  readonly resource: Resource;
}

const IdentifiersSchema = z.union([
  z.array(z.looseObject({ system: z.string().optional(), value: z.string().optional() })),
  // Of a Bundle, a Composition and the like there is one only.
  z.looseObject({ system: z.string().optional(), value: z.string().optional() }).transform((one) => [one]),
]);

export class ResourceStore {
  #resources = new Map<string, StoredResource>();
  #nextId = 1;

  /** What is there now, in the order in which it came first. */
  all(): StoredResource[] {
    return [...this.#resources.values()];
  }

  get(type: string, id: string): StoredResource | undefined {
    return this.#resources.get(`${type}/${id}`);
  }

  /**
   * Search by token (FHIR R4, search.html#token).
   * @param token `system|value`, `|value` (no system) or `value`
   */
  byIdentifier(type: string, token: string): StoredResource[] {
    return this.all().filter((stored) => stored.type === type && hasIdentifier(stored.resource, token));
  }

  newId(): string {
    const id = String(this.#nextId);
    this.#nextId += 1;
    return id;
  }

  put(type: string, id: string, resource: Resource, atMs: number): StoredResource {
    const versionId = (this.get(type, id)?.versionId ?? 0) + 1;
    const meta = { ...metaOf(resource), versionId: String(versionId), lastUpdated: new Date(atMs).toISOString() };
    const stored = { type, id, versionId, resource: { ...resource, id, meta } };
    this.#resources.set(`${type}/${id}`, stored);
    return stored;
  }

  delete(type: string, id: string): void {
    this.#resources.delete(`${type}/${id}`);
  }

  /** Does something as a whole or not at all. */
  atomically<T>(work: () => T): T {
    const before = new Map(this.#resources);
    try {
      return work();
    } catch (error) {
      this.#resources = before;
      throw error;
    }
  }
}

export function hasIdentifier(resource: Resource, token: string): boolean {
  const parsed = IdentifiersSchema.safeParse(resource['identifier']);
  if (!parsed.success) {
    return false;
  }
  const bar = token.indexOf('|');
  const value = token.slice(bar + 1);
  return parsed.data.some(
    (identifier) => identifier.value === value && (bar < 0 || (identifier.system ?? '') === token.slice(0, bar)),
  );
}

function metaOf(resource: Resource): object {
  const { meta } = resource;
  return typeof meta === 'object' && meta !== null ? meta : {};
}

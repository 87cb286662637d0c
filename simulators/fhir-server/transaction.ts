/**
 * A transaction, by the letter of FHIR R4 http.html#trules: deletes, creates, updates; conditions; references between the
 * entries; all or nothing.
 */
import { z } from 'zod';
import { operationOutcome } from './faults';
import { hasIdentifier, ResourceSchema } from './resources';
import type { ResourceStore } from './resources';

export const TransactionSchema = z.looseObject({
  resourceType: z.literal('Bundle'),
  type: z.literal('transaction'),
  entry: z
    .array(
      z.looseObject({
        fullUrl: z.string().optional(),
        resource: ResourceSchema.optional(),
        request: z.looseObject({
          method: z.enum(['POST', 'PUT', 'DELETE']),
          url: z.string(),
          ifNoneExist: z.string().optional(),
        }),
      }),
    )
    .default([]),
});
type Transaction = z.infer<typeof TransactionSchema>;
type Entry = Transaction['entry'][number];

/** Why a transaction is refused. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly status: number;
  readonly outcome: object;

  constructor(status: number, code: string, text: string, expression: string) {
    super(text);
    this.status = status;
    this.outcome = operationOutcome(code, text, [expression]);
  }
}

/** Where an entry goes. */
interface Target {
  readonly type: string;
  readonly id: string;
  readonly exists: boolean;
}

/**
 * Stores a transaction.
 * @returns the entries of the transaction-response
 * @throws RefusedError; nothing is stored
 */
export function runTransaction(store: ResourceStore, body: unknown, atMs: number): object[] {
  const parsed = TransactionSchema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new RefusedError(400, 'structure', 'this is no transaction', `Bundle.${issue?.path.join('.') ?? ''}`);
  }
  return store.atomically(() => {
    const targets = parsed.data.entry.map((entry, index) => targetOf(store, entry, index));
    const taken = new Set<string>();
    for (const [index, { type, id }] of targets.entries()) {
      if (taken.has(`${type}/${id}`)) {
        throw new RefusedError(400, 'duplicate', 'two entries are the same resource', `Bundle.entry[${index}]`);
      }
      taken.add(`${type}/${id}`);
    }
    refuseTwins(parsed.data);
    const links = new Map(
      parsed.data.entry.flatMap(({ fullUrl }, index) => {
        const target = targets[index];
        return fullUrl === undefined || target === undefined ? [] : [[fullUrl, `${target.type}/${target.id}`] as const];
      }),
    );
    return parsed.data.entry.map((entry, index) => {
      const target = targets[index];
      if (target === undefined) {
        throw new RefusedError(500, 'exception', 'an entry has no target', `Bundle.entry[${index}]`);
      }
      return apply(store, entry, target, links, index, atMs);
    });
  });
}

function targetOf(store: ResourceStore, { request, resource }: Entry, index: number): Target {
  const place = `Bundle.entry[${index}].request`;
  const [path = '', query] = request.url.split('?');
  const [type = '', id] = path.split('/');
  if (request.method !== 'DELETE' && resource?.resourceType !== type) {
    throw new RefusedError(400, 'invalid', 'the resource is not of the type in the url', `${place}.url`);
  }
  const condition = request.method === 'POST' ? request.ifNoneExist : query;
  if (condition !== undefined) {
    const token = new URLSearchParams(condition).get('identifier');
    if (token === null || token === '') {
      throw new RefusedError(400, 'not-supported', 'a condition by identifier only', `${place}.url`);
    }
    const [found, another] = store.byIdentifier(type, token);
    if (another !== undefined) {
      throw new RefusedError(412, 'multiple-matches', 'several resources have the identifier', `${place}.url`);
    }
    if (request.method === 'PUT' && resource !== undefined && !hasIdentifier(resource, token)) {
      throw new RefusedError(400, 'invariant', 'the resource has not the identifier of its condition', `${place}.url`);
    }
    return found === undefined ? { type, id: store.newId(), exists: false } : { type, id: found.id, exists: true };
  }
  if (request.method === 'POST') {
    return { type, id: store.newId(), exists: false };
  }
  if (id === undefined || (request.method === 'PUT' && resource?.id !== id)) {
    throw new RefusedError(400, 'invalid', 'the id in the url is not that of the resource', `${place}.url`);
  }
  return { type, id, exists: store.get(type, id) !== undefined };
}

/** Two entries under one condition would be one resource, also where it does not exist yet. */
function refuseTwins({ entry }: Transaction): void {
  const seen = new Set<string>();
  for (const [index, { request }] of entry.entries()) {
    const condition = request.method === 'POST' ? request.ifNoneExist : request.url.split('?')[1];
    if (condition === undefined) {
      continue;
    }
    const key = `${request.url.split('?', 1)[0] ?? ''}?${condition}`;
    if (seen.has(key)) {
      throw new RefusedError(400, 'duplicate', 'two entries have one condition', `Bundle.entry[${index}].request.url`);
    }
    seen.add(key);
  }
}

function apply(
  store: ResourceStore,
  { request, resource }: Entry,
  { type, id, exists }: Target,
  links: ReadonlyMap<string, string>,
  index: number,
  atMs: number,
): object {
  if (request.method === 'DELETE' || resource === undefined) {
    store.delete(type, id);
    return { response: { status: '204 No Content' } };
  }
  if (request.method === 'POST' && exists) {
    return { response: { status: '200 OK', location: `${type}/${id}/_history/1` } };
  }
  const linked = ResourceSchema.parse(withLinks(resource, links, store, `Bundle.entry[${index}].resource`));
  const stored = store.put(type, id, linked, atMs);
  return {
    response: {
      status: exists ? '200 OK' : '201 Created',
      location: `${type}/${id}/_history/${stored.versionId}`,
      etag: `W/"${stored.versionId}"`,
      lastModified: new Date(atMs).toISOString(),
    },
  };
}

/** References to other entries become references to what they are stored as. */
function withLinks(value: unknown, links: ReadonlyMap<string, string>, store: ResourceStore, place: string): unknown {
  if (Array.isArray(value)) {
    return value.map((one: unknown, index) => withLinks(one, links, store, `${place}[${index}]`));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      const at = `${place}.${key}`;
      return [
        key,
        key === 'reference' && typeof one === 'string'
          ? linkOf(one, links, store, at)
          : withLinks(one, links, store, at),
      ];
    }),
  );
}

function linkOf(reference: string, links: ReadonlyMap<string, string>, store: ResourceStore, place: string): string {
  const link = links.get(reference);
  if (link !== undefined) {
    return link;
  }
  if (/^urn:(uuid|oid):/.test(reference)) {
    throw new RefusedError(400, 'not-found', 'a reference to an entry that is not there', place);
  }
  const conditional = /^([A-Z][A-Za-z]+)\?identifier=(.+)$/.exec(reference);
  if (conditional === null) {
    return reference;
  }
  const [, type = '', token = ''] = conditional;
  const [found, another] = store.byIdentifier(type, decodeURIComponent(token));
  if (found === undefined || another !== undefined) {
    throw new RefusedError(412, another === undefined ? 'not-found' : 'multiple-matches', 'no single match', place);
  }
  return `${type}/${found.id}`;
}

/** The entries of a bundle, each with the reference, version and content hash by which delivery knows it. */
import { isAscii } from 'node:buffer';
import { ContentHasher } from './content-hash';
import type { Found } from './device';
import { isOptionalList } from './guards';
import { isObject, isText, parseLossless } from './lossless-json';
import { identifierKey } from './references';
import { CONTROL, HeadShape, invalid, readShape, RESOURCE_TYPE, type Head } from './shapes';

/** A resource of the file while it is read: what it is, and then what was found in it. */
export interface Source extends Found {
  readonly id: string | undefined;
  readonly versionId: string | undefined;
  readonly lastUpdated: string | undefined;
  readonly fullUrl: string | undefined;
  readonly reference: string;
  readonly version: string;
  /** False for an entry that asks for something (`DELETE Observation/1`): `raw` is then the entry itself. */
  readonly hasResource: boolean;
  readonly contentHash: string;
}

/** @throws DuctusError DUCTUS_BUNDLE_INVALID that names the element path */
export function readEntries(bytes: Uint8Array): Source[] {
  const bundle = parse(bytes);
  if (!isObject(bundle) || bundle['resourceType'] !== 'Bundle')
    throw invalid('Bundle.resourceType', 'must be "Bundle"');
  const entries = bundle['entry'] ?? [];
  if (!Array.isArray(entries)) throw invalid('Bundle.entry', 'must be an array');
  const hasher = new ContentHasher();
  return entries.map((entry: unknown, position) => {
    const path = `Bundle.entry[${position}]`;
    if (!isObject(entry)) throw invalid(path, 'must be an object');
    const { resource, fullUrl } = entry;
    if (resource === undefined) return readRequest(entry, path, hasher);
    if (!isObject(resource)) throw invalid(`${path}.resource`, 'must be an object');
    const head = readHead(resource, `${path}.resource`);
    return source(head, resource, `${path}.resource`, isText(fullUrl) ? fullUrl : undefined, hasher);
  });
}

/** What every resource has, checked by hand; the shape names what is wrong. */
function readHead(resource: Found['raw'], path: string): Head {
  const { resourceType, id, meta } = resource;
  if (
    typeof resourceType === 'string' &&
    RESOURCE_TYPE.test(resourceType) &&
    (id === undefined || (isStored(id) && id !== '')) &&
    (meta === undefined || isMeta(meta))
  ) {
    return { resourceType, id, meta };
  }
  return readShape(HeadShape, resource, path);
}

function isMeta(meta: unknown): meta is NonNullable<Head['meta']> {
  return (
    isObject(meta) &&
    (meta['versionId'] === undefined || isStored(meta['versionId'])) &&
    (meta['lastUpdated'] === undefined || isStored(meta['lastUpdated'])) &&
    isOptionalList(meta['profile'], isText)
  );
}

/** Marked numbers begin with a control character and are no text either. */
function isStored(value: unknown): value is string {
  return typeof value === 'string' && !CONTROL.test(value);
}

/**
 * Splits entries with the same reference: the newest is kept, older ones and repeats are not.
 * @throws DuctusError DUCTUS_BUNDLE_INVALID when such entries come from different servers
 */
export function newestOfEach(sources: readonly Source[]): { kept: Source[]; superseded: Source[] } {
  const newest = new Map<string, Source>();
  for (const candidate of sources) {
    const other = newest.get(candidate.reference);
    if (other === undefined || !isNewer(other, candidate)) newest.set(candidate.reference, candidate);
  }
  if (newest.size === sources.length) return { kept: [...sources], superseded: [] };
  refuseOtherServers(sources);
  const isKept = (candidate: Source): boolean => newest.get(candidate.reference) === candidate;
  return { kept: sources.filter(isKept), superseded: sources.filter((candidate) => !isKept(candidate)) };
}

/** `Observation/1` of one server is not a version of `Observation/1` of another. */
function refuseOtherServers(sources: readonly Source[]): void {
  const seen = new Map<string, { readonly host: string; readonly path: string }>();
  for (const { reference, fullUrl, path } of sources) {
    const host = /^https?:\/\/([^/?#]+)/i.exec(fullUrl ?? '')?.[1]?.toLowerCase();
    if (host === undefined) continue;
    const other = seen.get(reference);
    if (other === undefined) seen.set(reference, { host, path });
    else if (other.host !== host) throw invalid(path, `has the type and id of ${other.path}, but another server`);
  }
}

function parse(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  if (text === undefined) throw invalid('Bundle', 'is not UTF-8');
  try {
    return parseLossless(text);
  } catch {
    // The parser's own message quotes the text.
    throw invalid('Bundle', 'is not JSON');
  }
}

/** Undefined when the bytes are no UTF-8. Most files are ASCII, which needs no decoding. */
function decode(bytes: Uint8Array): string | undefined {
  if (isAscii(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** An entry without resource has no mapping, but it must not vanish either. */
function readRequest(entry: Found['raw'], path: string, hasher: ContentHasher): Source {
  const { request } = entry;
  const url = isObject(request) ? request['url'] : undefined;
  const target = typeof url === 'string' ? /^([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})$/.exec(url) : null;
  if (target?.[1] === undefined) throw invalid(`${path}.resource`, 'is missing');
  return source({ resourceType: target[1], id: target[2] }, entry, path, undefined, hasher);
}

function source(
  head: Head,
  raw: Found['raw'],
  path: string,
  fullUrl: string | undefined,
  hasher: ContentHasher,
): Source {
  const { resourceType: type, id, meta } = head;
  const contentHash = hashOf(raw, path, hasher);
  return {
    type,
    raw,
    path,
    id,
    versionId: meta?.versionId,
    lastUpdated: meta?.lastUpdated,
    fullUrl,
    reference: id === undefined ? type + nameWithoutId(raw, path, contentHash) : `${type}/${id}`,
    version: meta?.versionId ?? meta?.lastUpdated ?? contentHash,
    hasResource: raw['resourceType'] !== undefined,
    contentHash,
  };
}

function hashOf(raw: Found['raw'], path: string, hasher: ContentHasher): string {
  try {
    return hasher.of(raw);
  } catch (error) {
    throw error instanceof RangeError ? invalid(path, 'is nested too deeply') : error;
  }
}

function nameWithoutId(raw: Found['raw'], path: string, contentHash: string): string {
  const identifiers = raw['identifier'];
  for (const identifier of Array.isArray(identifiers) ? identifiers : [identifiers]) {
    if (!isObject(identifier)) continue;
    const { system, value } = identifier;
    if (!isText(value) || value === '') continue;
    const key = identifierKey({ system: isText(system) ? system : '', value });
    if (CONTROL.test(key)) {
      throw invalid(`${path}.identifier`, 'must be without control characters');
    }
    return `?identifier=${key}`;
  }
  // Half of the hash is enough to tell resources apart and leaves the reference readable.
  return `?sha256=${contentHash.slice(0, 32)}`;
}

/** True when `a` is a newer version than `b`; when nothing in them says so, the later in the bundle is. */
function isNewer(a: Source, b: Source): boolean {
  const timeA = Date.parse(a.lastUpdated ?? '');
  const timeB = Date.parse(b.lastUpdated ?? '');
  if (timeA > timeB || timeA < timeB) return timeA > timeB;
  return Number(a.versionId) > Number(b.versionId);
}

/** The entries of a bundle, each with the reference, version and content hash by which delivery knows it. */
import { hash } from 'node:crypto';
import type { Found } from './device';
import { canonicalJson, decimalSource, isObject, parseLossless } from './lossless-json';
import { identifierKey } from './references';
import { CONTROL, HeadShape, invalid, readShape, withinStack, type Head } from './shapes';

export interface Source extends Found {
  readonly head: Head;
  readonly fullUrl: string | undefined;
  readonly reference: string;
  readonly version: string;
  /** False for an entry that asks for something (`DELETE Observation/1`): `raw` is then the entry itself. */
  readonly hasResource: boolean;
  /** SHA-256 of the canonical JSON, computed at the first call: not every caller wants it. */
  readonly contentHash: () => string;
}

/** @throws DuctusError DUCTUS_BUNDLE_INVALID that names the element path */
export function readEntries(bytes: Uint8Array): Source[] {
  const bundle = parse(bytes);
  if (!isObject(bundle) || bundle['resourceType'] !== 'Bundle')
    throw invalid('Bundle.resourceType', 'must be "Bundle"');
  const entries = bundle['entry'] ?? [];
  if (!Array.isArray(entries)) throw invalid('Bundle.entry', 'must be an array');
  return entries.map((entry: unknown, position) => {
    const path = `Bundle.entry[${position}]`;
    if (!isObject(entry)) throw invalid(path, 'must be an object');
    const { resource, fullUrl } = entry;
    if (resource === undefined) return readRequest(entry, path);
    if (!isObject(resource)) throw invalid(`${path}.resource`, 'must be an object');
    const head = readShape(HeadShape, resource, `${path}.resource`);
    return source(head, resource, `${path}.resource`, typeof fullUrl === 'string' ? fullUrl : undefined);
  });
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
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('Bundle', 'is not UTF-8');
  }
  try {
    return parseLossless(text);
  } catch {
    // The parser's own message quotes the text.
    throw invalid('Bundle', 'is not JSON');
  }
}

/** An entry without resource has no mapping, but it must not vanish either. */
function readRequest(entry: Found['raw'], path: string): Source {
  const { request } = entry;
  const url = isObject(request) ? request['url'] : undefined;
  const target = typeof url === 'string' ? /^([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})$/.exec(url) : null;
  if (target?.[1] === undefined) throw invalid(`${path}.resource`, 'is missing');
  return source({ resourceType: target[1], id: target[2] }, entry, path, undefined);
}

function source(head: Head, raw: Found['raw'], path: string, fullUrl: string | undefined): Source {
  let sha256: string | undefined;
  const contentHash = (): string => (sha256 ??= withinStack(path, () => hash('sha256', canonicalJson(raw), 'hex')));
  const type = head.resourceType;
  return {
    type,
    raw,
    path,
    head,
    fullUrl,
    reference: type + (head.id === undefined ? nameWithoutId(raw, path, contentHash) : `/${head.id}`),
    version: head.meta?.versionId ?? head.meta?.lastUpdated ?? contentHash(),
    hasResource: raw['resourceType'] !== undefined,
    contentHash,
  };
}

function nameWithoutId(raw: Found['raw'], path: string, contentHash: () => string): string {
  const identifiers = raw['identifier'];
  for (const identifier of Array.isArray(identifiers) ? identifiers : [identifiers]) {
    if (!isObject(identifier)) continue;
    const { system, value } = identifier;
    if (typeof value !== 'string' || value === '' || decimalSource(value) !== undefined) continue;
    const key = identifierKey({ system: typeof system === 'string' ? system : '', value });
    if (CONTROL.test(key)) {
      throw invalid(`${path}.identifier`, 'must be without control characters');
    }
    return `?identifier=${key}`;
  }
  // Half of the hash is enough to tell resources apart and leaves the reference readable.
  return `?sha256=${contentHash().slice(0, 32)}`;
}

/** True when `a` is a newer version than `b`; when nothing in them says so, the later in the bundle is. */
function isNewer(a: Source, b: Source): boolean {
  const timeA = Date.parse(a.head.meta?.lastUpdated ?? '');
  const timeB = Date.parse(b.head.meta?.lastUpdated ?? '');
  if (timeA > timeB || timeA < timeB) return timeA > timeB;
  return Number(a.head.meta?.versionId) > Number(b.head.meta?.versionId);
}

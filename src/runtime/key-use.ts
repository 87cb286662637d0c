/**
 * Which keys of the ring are still needed, so that an operator knows when an old one can go. Counted, not remembered: the
 * id of its key stands beside everything encrypted, in clear.
 */
import type { Client } from '@temporalio/client';
import { createBlobStore } from './blob-store';
import type { Config } from './config/schema';
import { keyIdOf } from './codec/payload-codec';
import { historyOf, reached } from './temporal/histories';

/** How a key stands, and what it encrypts. */
export interface KeyUse {
  readonly keyId: string;
  /** `current` encrypts from now on; `old` decrypts; `missing` is not in the ring, though something needs it. */
  readonly state: 'current' | 'old' | 'missing';
  /** Workflows that run and have payloads under it: without it, they can't go on. */
  readonly running: number;
  /** Closed workflows that the server still has: without it, nobody can read them. Undefined: not counted. */
  readonly closed?: number;
  /** Files and messages in the blob store. */
  readonly blobs: number;
}

/** Histories fetched at once. */
const AT_ONCE = 8;

/**
 * Counts. Reads the histories of all running workflows, and the first bytes of all blobs.
 * @param closed whether closed workflows are counted as well; there are many
 * @throws DuctusError DUCTUS_TEMPORAL_UNAVAILABLE, DUCTUS_BLOB_UNAVAILABLE
 */
export async function keyUse(config: Config, client: Client, closed: boolean): Promise<readonly KeyUse[]> {
  const running = await keysOfWorkflows(client, 'ExecutionStatus = "Running"');
  const ended = closed ? await keysOfWorkflows(client, 'ExecutionStatus != "Running"') : undefined;
  const store = createBlobStore(config);
  const blobs = await store.keyUse().finally(() => store.close());
  const { currentKey, keys } = config.encryption;
  const ids = new Set([...Object.keys(keys), ...running.keys(), ...(ended?.keys() ?? []), ...blobs.keys()]);
  return [...ids]
    .filter((id) => id !== undefined)
    .sort()
    .map((keyId) => ({
      keyId,
      state: keyId === currentKey ? 'current' : Object.hasOwn(keys, keyId) ? 'old' : 'missing',
      running: running.get(keyId) ?? 0,
      ...(ended === undefined ? {} : { closed: ended.get(keyId) ?? 0 }),
      blobs: blobs.get(keyId) ?? 0,
    }));
}

/** Number of workflows by key id. */
async function keysOfWorkflows(client: Client, query: string): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  let batch: Promise<ReadonlySet<string>>[] = [];
  const take = async (): Promise<void> => {
    for (const ids of await Promise.all(batch)) for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
    batch = [];
  };
  // Only ids are read of the list: what else stands in it is decoded, which fails for a key that is missing. Each page has
  // a time limit of its own: there may be many.
  const works = client.workflow.list({ query })[Symbol.asyncIterator]();
  for (;;) {
    const next = await reached(client, () => works.next());
    if (next.done === true) break;
    batch.push(keysOfHistory(client, next.value.workflowId, next.value.runId));
    if (batch.length === AT_ONCE) await take();
  }
  await take();
  return counts;
}

async function keysOfHistory(client: Client, workflowId: string, runId: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  collect(await reached(client, () => historyOf(client, workflowId, runId)), found);
  return found;
}

/** Walks a message of protocol buffers, and adds the key ids of the payloads in it. */
function collect(value: unknown, found: Set<string>): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  if (Array.isArray(value)) {
    for (const each of value) collect(each, found);
    return;
  }
  if ('metadata' in value && isMetadata(value.metadata)) {
    const id = keyIdOf({ metadata: value.metadata });
    if (id !== undefined) found.add(id);
    return;
  }
  for (const each of Object.values(value)) collect(each, found);
}

function isMetadata(value: unknown): value is Record<string, Uint8Array> {
  return (
    typeof value === 'object' && value !== null && 'encoding' in value && Object.values(value).every(ArrayBuffer.isView)
  );
}

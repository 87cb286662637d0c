/** The blob store that the rest of Ductus sees: encrypts, compresses and checks, over any backend. */
import { createHash } from 'node:crypto';
import type { BlobRef } from '../../domain/data-sharing';
import { DuctusError } from '../../domain/errors';
import type { KeyRing } from '../codec/key-ring';
import type { BlobBackend, BlobStore } from './blob-store';
import { corrupt, keyIdOfBlob, LONGEST_HEADER, unwrapBlob, wrapBlob } from './envelope';

/** Keys are built by Ductus from its own identifiers. No segment starts with a dot, so none is `.` or `..`. */
const KEY = /^[A-Za-z0-9_~-][A-Za-z0-9._~-]*(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/;
/** With the prefix of a bucket below S3's 1,024 bytes for an object key. */
const LONGEST_KEY = 800;

export class EncryptedBlobStore implements BlobStore {
  readonly #backend: BlobBackend;
  readonly #ring: KeyRing;

  constructor(backend: BlobBackend, ring: KeyRing) {
    this.#backend = backend;
    this.#ring = ring;
  }

  async put(key: string, bytes: Uint8Array): Promise<BlobRef> {
    checkKey(key);
    await this.#backend.write(key, await wrapBlob(this.#ring, key, bytes));
    return { key, sha256: sha256(bytes), bytes: bytes.length };
  }

  async get(ref: Pick<BlobRef, 'key' | 'sha256'>): Promise<Buffer> {
    checkKey(ref.key);
    const wrapped = await this.#backend.read(ref.key);
    if (wrapped === undefined) {
      throw new DuctusError('DUCTUS_BLOB_MISSING', `The blob ${ref.key} is not in the blob store.`, {
        details: { key: ref.key },
      });
    }
    const bytes = await unwrapBlob(this.#ring, ref.key, wrapped);
    if (sha256(bytes) !== ref.sha256) throw corrupt(ref.key, 'has other bytes than its reference says');
    return bytes;
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    await this.#backend.remove(key);
  }

  /**
   * How many blobs each key encrypts, by its id; `undefined` counts what is not a blob of Ductus. Reads the first bytes of
   * every blob.
   * @throws DuctusError DUCTUS_BLOB_UNAVAILABLE
   */
  async keyUse(): Promise<ReadonlyMap<string | undefined, number>> {
    const found = new Map<string | undefined, number>();
    for await (const head of this.#backend.heads(LONGEST_HEADER)) {
      const id = keyIdOfBlob(head);
      found.set(id, (found.get(id) ?? 0) + 1);
    }
    return found;
  }

  /** Closes idle connections. */
  close(): void {
    this.#backend.close();
  }
}

function checkKey(key: string): void {
  if (key.length <= LONGEST_KEY && KEY.test(key)) return;
  throw new DuctusError('DUCTUS_INTERNAL', 'A key for the blob store has a form that it must not have.');
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

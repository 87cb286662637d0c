/** Where fetched files and built messages lie, so that a Temporal history holds a reference and never a body. */
import type { BlobRef } from '../../domain/data-sharing';
import { DuctusError } from '../../domain/errors';

export interface BlobStore {
  /**
   * Stores bytes under a key. Durable when it returns; the same bytes again change nothing, other bytes replace the
   * old ones at once and whole.
   * @param key segments of letters, digits and `._~-`, joined by `/`
   * @throws DuctusError DUCTUS_BLOB_UNAVAILABLE
   */
  put(key: string, bytes: Uint8Array): Promise<BlobRef>;

  /**
   * @throws DuctusError DUCTUS_BLOB_MISSING; DUCTUS_BLOB_CORRUPT when the bytes are not the ones of the reference;
   *   DUCTUS_BLOB_UNAVAILABLE
   */
  get(ref: Pick<BlobRef, 'key' | 'sha256'>): Promise<Buffer>;

  /**
   * Deletes; what is not there counts as deleted.
   * @throws DuctusError DUCTUS_BLOB_UNAVAILABLE
   */
  delete(key: string): Promise<void>;
}

/** Where encrypted blobs lie as they are: a folder or a bucket. Same errors as `BlobStore`. */
export interface BlobBackend {
  write(key: string, bytes: Buffer): Promise<void>;
  /** @returns undefined for what is not there */
  read(key: string): Promise<Buffer | undefined>;
  remove(key: string): Promise<void>;
  /**
   * The first bytes of every blob, in no order: what was written or deleted meanwhile may be missing.
   * @param bytes of each
   */
  heads(bytes: number): AsyncIterable<Buffer>;
  close(): void;
}

/** @param reason a code of the system or of AWS */
export function blobUnavailable(what: string, reason: string): DuctusError {
  return new DuctusError('DUCTUS_BLOB_UNAVAILABLE', `${what} (${reason}).`, { details: { reason } });
}

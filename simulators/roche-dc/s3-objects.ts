/** The objects behind the S3 door, in memory. */
import { createHash } from 'node:crypto';

export interface StoredObject {
  readonly bytes: Buffer;
  /** With its quotation marks, as in the header: MD5 of the bytes (SSE-S3, single part). */
  readonly etag: string;
  readonly contentType: string;
  readonly modifiedAt: Date;
}

/** One bucket. */
export class ObjectStore {
  readonly #objects = new Map<string, StoredObject>();

  /** Stores or replaces an object. */
  put(key: string, bytes: Uint8Array, contentType = 'application/json'): StoredObject {
    const stored = {
      bytes: Buffer.from(bytes),
      etag: `"${createHash('md5').update(bytes).digest('hex')}"`,
      contentType,
      modifiedAt: new Date(),
    };
    this.#objects.set(key, stored);
    return stored;
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  delete(key: string): void {
    this.#objects.delete(key);
  }
}

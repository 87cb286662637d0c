/**
 * Reads one remote file into memory, within the byte budget of the worker, and checks that it is whole. Shared by
 * the two ways a file comes: GetObject and a pre-signed URL.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { DuctusError } from '../../domain/errors';
import type { ByteBudget } from '../../runtime/byte-budget';
import { BodyLengthError, BodyTooLargeError, discardBody, readBody } from '../http/read-body';

/** A file in memory. Whoever gets it calls `release` as soon as the bytes are no longer held. */
export interface RetrievedFile {
  readonly bytes: Buffer;
  /** Without quotes. */
  readonly etag: string | undefined;
  /** Gives the bytes back to the budget; calling it twice does no harm. */
  release(): void;
}

/** An answer whose body has not been read. */
export interface OpenedFile {
  readonly body: Readable;
  /** Content-Length. */
  readonly length: number | undefined;
  readonly etag: string | undefined;
  /** Hexadecimal MD5 of the bytes, when the ETag is one. */
  readonly md5: string | undefined;
}

export interface FileLimits {
  readonly maxBytes: number;
  readonly budget: ByteBudget;
  readonly signal: AbortSignal;
}

/**
 * @param open sends the request; called a second time when the bytes are not free at once: an open connection that
 *   nobody reads is cut by the other side, so the first answer is dropped and the file asked for again when its turn comes
 * @throws DuctusError DUCTUS_FILE_TOO_LARGE, DUCTUS_FILE_INCOMPLETE; whatever `open` and the stream throw
 */
export async function readFile(open: () => Promise<OpenedFile>, limits: FileLimits): Promise<RetrievedFile> {
  const { maxBytes, budget, signal } = limits;
  let file = await open();
  const needed = neededBytes(file, maxBytes);
  let release = budget.tryAcquire(needed);
  try {
    if (release === undefined) {
      discardBody(file.body);
      release = await budget.acquire(needed, signal);
      file = await open();
      if (neededBytes(file, maxBytes) > needed) {
        discardBody(file.body);
        throw incomplete('The file changed while it waited for its turn.', 'changed');
      }
    }
    const bytes = await readBody(file.body, { maxBytes, announcedBytes: file.length, signal });
    checkMd5(bytes, file.md5);
    return { bytes, etag: file.etag, release };
  } catch (error) {
    release?.();
    if (error instanceof BodyTooLargeError) throw tooLarge(maxBytes, undefined);
    if (error instanceof BodyLengthError)
      throw incomplete('The file came with another length than announced.', 'length');
    throw error;
  }
}

function neededBytes(file: OpenedFile, maxBytes: number): number {
  if (file.length === undefined) return maxBytes; // unknown: as much as it may have
  if (file.length <= maxBytes) return file.length;
  discardBody(file.body);
  throw tooLarge(maxBytes, file.length);
}

function checkMd5(bytes: Buffer, md5: string | undefined): void {
  if (md5 === undefined) return;
  if (createHash('md5').update(bytes).digest('hex') !== md5) {
    throw incomplete('The file came with another checksum than its ETag.', 'etag');
  }
}

/**
 * The MD5 in an ETag, where it is one: not for uploads in parts (`…-12`), not for objects encrypted with KMS or a
 * customer's key, not in directory buckets (S3 API reference, "ETag" of Object).
 */
export function md5OfEtag(
  etag: string | undefined,
  object: {
    readonly encryption: string | undefined;
    readonly customerAlgorithm: string | undefined;
    readonly storageClass: string | undefined;
  },
): string | undefined {
  if (etag === undefined || !/^[0-9a-f]{32}$/.test(etag)) return undefined;
  if (object.encryption !== undefined && object.encryption !== 'AES256') return undefined;
  if (object.customerAlgorithm !== undefined || object.storageClass === 'EXPRESS_ONEZONE') return undefined;
  return etag;
}

/** An ETag header without its quotes; undefined for none and for a weak one, which says nothing about bytes. */
export function plainEtag(header: string | undefined): string | undefined {
  return header === undefined || header.startsWith('W/') ? undefined : header.replace(/^"(.*)"$/, '$1');
}

function tooLarge(maxBytes: number, length: number | undefined): DuctusError {
  const size = length === undefined ? `more than ${maxBytes}` : String(length);
  return new DuctusError(
    'DUCTUS_FILE_TOO_LARGE',
    `The file has ${size} bytes; retrieval.maxFileBytes is ${maxBytes}.`,
    {
      details: { maxBytes, ...(length === undefined ? {} : { bytes: length }) },
    },
  );
}

/** @param reason `length`, `etag`, `checksum` or `changed` */
export function incomplete(what: string, reason: string): DuctusError {
  return new DuctusError('DUCTUS_FILE_INCOMPLETE', what, { details: { reason } });
}

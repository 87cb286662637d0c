/**
 * Blobs in a folder: for one machine, and for several that share a file system. A file is written aside, synced and
 * renamed, so a reader sees the old bytes or the new ones and a crash loses nothing that was acknowledged.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { BlobBackend } from './blob-store';
import { blobUnavailable } from './blob-store';

/** Only the owner: the files are encrypted, their number and times are not. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** The first two digits of the hash of a key; `aside` is none. */
const BLOB_FOLDER = /^[0-9a-f]{2}$/;

/** A write takes seconds; what is older was left behind by a crash. */
const LEFTOVER_AFTER_MS = 60 * 60 * 1000;

export class FolderBackend implements BlobBackend {
  readonly #folder: string;
  #swept = false;

  constructor(folder: string) {
    this.#folder = path.resolve(folder);
  }

  async write(key: string, bytes: Buffer): Promise<void> {
    await this.#guard('The blob store could not write', async () => {
      const target = this.#fileOf(key);
      const aside = path.join(this.#asideFolder(), randomUUID());
      await mkdir(path.dirname(target), { recursive: true, mode: FOLDER_MODE });
      await mkdir(this.#asideFolder(), { recursive: true, mode: FOLDER_MODE });
      await this.#sweep();
      try {
        await writeSynced(aside, bytes);
        await rename(aside, target);
      } catch (error) {
        await rm(aside, { force: true });
        throw error;
      }
      await syncFolder(path.dirname(target));
    });
  }

  async read(key: string): Promise<Buffer | undefined> {
    return this.#guard('The blob store could not read', async () => {
      try {
        return await readFile(this.#fileOf(key));
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    });
  }

  async remove(key: string): Promise<void> {
    await this.#guard('The blob store could not delete', () => rm(this.#fileOf(key), { force: true }));
  }

  async *heads(bytes: number): AsyncGenerator<Buffer> {
    const doing = 'The blob store could not be listed';
    const folders = await this.#guard(doing, () => listed(this.#folder));
    for (const folder of folders.filter((name) => BLOB_FOLDER.test(name))) {
      const place = path.join(this.#folder, folder);
      for (const name of await this.#guard(doing, () => listed(place))) {
        const head = await this.#guard(doing, () => readHead(path.join(place, name), bytes));
        if (head !== undefined) yield head;
      }
    }
  }

  close(): void {
    // nothing is held open
  }

  /** By hash: safe on every file system, whatever its rules for case, length and reserved names. */
  #fileOf(key: string): string {
    const name = createHash('sha256').update(key).digest('hex');
    return path.join(this.#folder, name.slice(0, 2), name);
  }

  #asideFolder(): string {
    return path.join(this.#folder, 'aside');
  }

  /** Once a process: deletes what crashed writes left. */
  async #sweep(): Promise<void> {
    if (this.#swept) return;
    this.#swept = true;
    for (const name of await readdir(this.#asideFolder())) {
      const file = path.join(this.#asideFolder(), name);
      const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Infinity })); // just renamed by another process
      if (mtimeMs < Date.now() - LEFTOVER_AFTER_MS) await rm(file, { force: true });
    }
  }

  async #guard<T>(what: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined) throw error;
      throw blobUnavailable(`${what} in ${this.#folder}`, code);
    }
  }
}

/** What is not there is empty. */
async function listed(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** @returns undefined for a file that is gone meanwhile */
async function readHead(file: string, bytes: number): Promise<Buffer | undefined> {
  let handle;
  try {
    handle = await open(file, 'r');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  } finally {
    await handle?.close();
  }
}

async function writeSynced(file: string, bytes: Buffer): Promise<void> {
  const handle = await open(file, 'wx', FILE_MODE);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the rename itself durable. Windows has no such call for folders and says so. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

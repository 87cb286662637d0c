/**
 * A folder that the EMR reads. A file appears under its name only when it is complete and on the disk: it is written under
 * a hidden name in the same folder, synced, renamed, and the folder synced.
 *
 * The name is made of the message's id. An EMR that has taken a file and removed it cannot be told from one that never had
 * it: after an unknown outcome the same file comes again under the same name, and the EMR must know by the id (MSH-10).
 *
 * Files have mode 0640: they hold patient data, so others on the machine get nothing. The EMR's account reads by the
 * folder's group (make the folder setgid, `chmod g+s`), and removes a file by its right to write in the folder.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, readFile, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { DuctusError } from '../../domain/errors';
import type { DestinationConfigOf } from '../../runtime/config/schema';
import { answered, unknownOutcome } from './answered';
import type { ConnectionStats, EmrConnection, OutgoingMessage, SendOptions } from './connection';
import { WaitingLine } from './waiting-line';

const EXTENSIONS = { hl7: 'hl7', fhir: 'fhir.json', json: 'json' } as const satisfies Record<
  OutgoingMessage['form'],
  string
>;

const MODE = 0o640;

/** Ours and nobody else's: only such names are cleaned up. */
const TEMPORARY_NAME = /^\.ductus-[A-Z0-9]{1,20}-[0-9a-f]{12}\.tmp$/;
/** No attempt takes that long, so what is older was left by one that crashed. */
const LEFT_OVER_MS = 60 * 60 * 1000;

/** Said before anything was changed: a rename that ends so has not happened. */
const NOTHING_HAPPENED: ReadonlySet<string> = new Set([
  ...['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'ELOOP'],
  ...['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EXDEV', 'EBUSY', 'EEXIST'],
]);
/** Some network file systems cannot sync a folder; they write names through. */
const CANNOT_SYNC: ReadonlySet<string> = new Set(['EINVAL', 'ENOTSUP', 'ENOSYS', 'EISDIR']);

/** One attempt. From `renaming` on the EMR can have the file. */
interface Attempt {
  stage: 'writing' | 'renaming' | 'there';
  isOver: boolean;
}

export class FileDestination implements EmrConnection {
  readonly #config: DestinationConfigOf<'file'>;
  readonly #line: WaitingLine;
  #cleaned: Promise<void> | undefined;

  constructor(config: DestinationConfigOf<'file'>) {
    this.#config = config;
    this.#line = new WaitingLine(config.connections, (reason) => notWritten(reason));
  }

  get stats(): ConnectionStats {
    return { busy: this.#line.busy, idle: 0, waiting: this.#line.waiting };
  }

  async send(message: OutgoingMessage, { signal, beforeSend }: SendOptions): Promise<void> {
    await this.#line.hold(signal, async () => {
      await (this.#cleaned ??= removeLeftOvers(this.#config.folder));
      await beforeSend?.();
      await this.#inTime(message);
    });
  }

  close(): Promise<void> {
    return this.#line.close();
  }

  /** A call to a file server that hangs cannot be ended, only given up. */
  async #inTime(message: OutgoingMessage): Promise<void> {
    const attempt: Attempt = { stage: 'writing', isOver: false };
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        attempt.isOver = true;
        const { controlId } = message;
        reject(attempt.stage === 'writing' ? notWritten('timeout') : unknownOutcome(controlId, 'timeout'));
      }, this.#config.acknowledgmentTimeoutMs);
    });
    const written = this.#write(message, attempt);
    // When the time is over nobody waits for it any more.
    written.catch(() => undefined);
    try {
      await Promise.race([written, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #write({ controlId, form, bytes }: OutgoingMessage, attempt: Attempt): Promise<void> {
    const { folder } = this.#config;
    const target = path.join(folder, `${controlId}.${EXTENSIONS[form]}`);
    const temporary = path.join(folder, `.ductus-${controlId}-${randomBytes(6).toString('hex')}.tmp`);
    let handle: FileHandle | undefined;
    try {
      // First of all, since it says by itself that the folder is not there or must not be read.
      handle = await openFolder(folder);
      const present = await compare(target, bytes);
      if (present === 'other') {
        throw answered('DUCTUS_EMR_REJECTED', controlId, { reason: 'file-exists-with-other-content' });
      }
      if (present === 'absent') {
        await writeSynced(temporary, bytes);
        if (attempt.isOver) return await unlink(temporary);
        attempt.stage = 'renaming';
        await rename(temporary, target);
      }
      attempt.stage = 'there';
      // Also where it was there before: that attempt may have ended between the rename and the sync.
      await syncFolder(handle);
    } catch (error) {
      if (error instanceof DuctusError) throw error;
      await unlink(temporary).catch(() => undefined);
      const code = systemCode(error);
      const isNothing = attempt.stage === 'writing' || (attempt.stage === 'renaming' && NOTHING_HAPPENED.has(code));
      throw isNothing ? notWritten(code) : unknownOutcome(controlId, code);
    } finally {
      await handle?.close().catch(() => undefined);
    }
  }
}

async function compare(file: string, bytes: Uint8Array): Promise<'absent' | 'same' | 'other'> {
  try {
    const { size } = await stat(file);
    if (size !== bytes.length) return 'other';
    return (await readFile(file)).equals(bytes) ? 'same' : 'other';
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'absent';
    throw error;
  }
}

async function writeSynced(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, MODE);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** @returns undefined on Windows, where folders cannot be opened, nor need to be synced */
async function openFolder(folder: string): Promise<FileHandle | undefined> {
  return process.platform === 'win32' ? undefined : open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
}

/** Without it a power cut can take the name away again, after the message counted as delivered. */
async function syncFolder(handle: FileHandle | undefined): Promise<void> {
  try {
    await handle?.sync();
  } catch (error) {
    if (!CANNOT_SYNC.has(systemCode(error))) throw error;
  }
}

/** What cannot be removed now is tried at the next start; it stands in nobody's way. */
async function removeLeftOvers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!TEMPORARY_NAME.test(name)) continue;
    const file = path.join(folder, name);
    try {
      const { mtimeMs } = await stat(file);
      if (Date.now() - mtimeMs > LEFT_OVER_MS) await unlink(file);
    } catch {
      // Another worker was faster, or may not.
    }
  }
}

/** @param reason code of the system, or a word of ours; the path is not named, since it may tell of more than the key does */
function notWritten(reason: string): DuctusError {
  const hint = HINTS[reason];
  return new DuctusError(
    'DUCTUS_EMR_UNREACHABLE',
    `The destination’s \`folder\` took no file (${reason}${hint === undefined ? '' : `: ${hint}`}); nothing was delivered.`,
    { details: { reason } },
  );
}

const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'Ductus may not write there',
  EPERM: 'Ductus may not write there',
  EROFS: 'it is read-only',
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is not a folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
};

function systemCode(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,30}$/.test(code) ? code : 'error';
}

/**
 * A lock on a folder that the operating system lets go of when its holder dies, however it dies.
 * A file with a process id cannot do that: after a crash the id may belong to somebody else (in a container
 * it usually does). SQLite's own file lock is what Node has on board on every platform.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface FolderLock {
  release(): void;
}

/**
 * Takes the lock, or says at once that somebody has it.
 * @param file path of the lock file; made when missing, left in place afterwards
 * @returns nothing when another holder is alive
 */
export function tryLock(file: string): FolderLock | undefined {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) {
      return undefined;
    }
    throw error;
  }
  const release = (): void => {
    process.off('exit', release);
    if (database.isOpen) {
      database.close();
    }
  };
  // Also a reference for as long as the process lives: a lock that is collected as garbage is a lock lost.
  process.once('exit', release);
  return { release };
}

function isBusy(error: unknown): boolean {
  // SQLITE_BUSY, https://sqlite.org/rescode.html#busy
  return typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === 5;
}

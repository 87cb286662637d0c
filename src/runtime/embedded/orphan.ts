/**
 * An embedded Temporal whose owner was killed goes on running. Two servers on one SQLite file would disagree about
 * who owns its shard, so the next start ends the old one first: only a process that has our database on its command line.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddedLog } from './child';
import { readRun, removeRun } from './run-file';

const END_MS = 10_000;

/**
 * Ends the server that the run file names, when it is one of ours. Call it with the folder's lock in hand.
 * @param databaseFile stands on the command line of a server of this folder
 */
export async function endOrphan(runFile: string, databaseFile: string, log: EmbeddedLog): Promise<void> {
  const run = readRun(runFile);
  if (run === undefined) {
    return;
  }
  const isOurs = (): boolean => commandLine(run.pid).includes(databaseFile);
  if (isOurs()) {
    log.warn(`embedded Temporal (process ${run.pid}) outlived its owner; ending it`);
    signal(run.pid, 'SIGTERM');
    const end = Date.now() + END_MS;
    while (isOurs()) {
      if (Date.now() > end) {
        signal(run.pid, 'SIGKILL');
      }
      await sleep(50);
    }
  }
  removeRun(runFile);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself in between.
  }
}

/** Empty when it cannot be told; then the process is left alone. */
function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    }
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

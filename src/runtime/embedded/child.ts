/** A server that runs as a child process: how it is ended, and what is known when it ends by itself. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';

/** Where the embedded servers and the look-up of binaries say what they do. A pino logger is one. */
export interface EmbeddedLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Resolves when the child has ended, at once if it has already. */
export async function ended(child: ChildProcess): Promise<ChildEnd> {
  if (child.exitCode === null && child.signalCode === null) {
    await once(child, 'exit');
  }
  return { code: child.exitCode, signal: child.signalCode };
}

/**
 * Asks the child to end, and makes it end when it does not.
 * @param graceMs time between the request and the kill
 */
export async function endChild(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  child.kill('SIGTERM');
  await ended(child);
  clearTimeout(timer);
}

/** `exit code 1` or `signal SIGKILL`. */
export function describeEnd(end: ChildEnd): string {
  return end.signal === null ? `exit code ${end.code ?? 'unknown'}` : `signal ${end.signal}`;
}

/** The last lines of a log file, for the message of a start that failed. */
export function lastLines(file: string, count = 5): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
}

/** True while a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EPERM';
  }
}

/** A helper process of a benchmark: waits for its line `ready`, counts its lines `done`, tells its memory, ends with us. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { NODE_FLAGS } from '../test/faults/harness/stage';

export class Child implements AsyncDisposable {
  #done = 0;
  #lastAtMs = 0;

  private constructor(private readonly child: ChildProcess) {}

  static async start(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Child> {
    const process_ = spawn(process.execPath, [...NODE_FLAGS, program, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const child = new Child(process_);
    const lines = createInterface({ input: process_.stdout });
    await Promise.race([
      once(lines, 'line'),
      once(process_, 'exit').then(() => Promise.reject(new Error(`${program} ended at its start`))),
    ]);
    lines.on('line', (line) => {
      if (line !== 'done') return;
      child.#done += 1;
      child.#lastAtMs = Date.now();
    });
    return child;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** How often it said `done`. */
  get done(): number {
    return this.#done;
  }

  /** Epoch milliseconds of its last `done`. */
  get lastAtMs(): number {
    return this.#lastAtMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
  }
}

export interface Memory {
  /** Resident now, MiB. */
  readonly now: number;
  /** Most that was resident. */
  readonly peak: number;
}

/** Memory of processes together (Linux; NaN elsewhere). */
export function memoryOf(...pids: readonly (number | undefined)[]): Memory {
  const read = (pid: number | undefined, field: string): number => {
    try {
      const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
      return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN) / 1024;
    } catch {
      return Number.NaN;
    }
  };
  const sum = (field: string): number => Math.round(pids.reduce<number>((all, pid) => all + read(pid, field), 0));
  return { now: sum('VmRSS'), peak: sum('VmHWM') };
}

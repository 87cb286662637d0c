/** Runs a simulator as a child process that can be killed and started again, for the fault run and tests. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { ReadySchema, WITH_PARENT } from './ready';
import type { Ready } from './ready';

export interface SimulatorProcessOptions {
  /** Path of the compiled `simulators/main.js`. */
  readonly main: string;
  readonly args: readonly string[];
}

/** One simulator process. `await using` ends it; it also ends when this process does. */
export class SimulatorProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly ready: Ready;

  private constructor(child: ChildProcess, ready: Ready) {
    this.#child = child;
    this.ready = ready;
  }

  /**
   * Starts a simulator and waits for its ready line.
   * @throws Error with what it wrote to standard error when it ends before
   */
  static async start({ main, args }: SimulatorProcessOptions): Promise<SimulatorProcess> {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, [WITH_PARENT]: '1' },
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-10_000);
    });
    const lines = createInterface({ input: child.stdout });
    const ready = await new Promise<Ready>((resolve, reject) => {
      lines.once('line', (line) => {
        try {
          resolve(ReadySchema.parse(JSON.parse(line)));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      child.once('error', reject);
      child.once('close', (code) => {
        reject(new Error(`the simulator ended with ${code}: ${errors}`));
      });
    });
    return new SimulatorProcess(child, ready);
  }

  /**
   * Ends the process and waits until it is gone. SIGKILL gives it no time for anything.
   * @returns its exit code; null when a signal ended it
   */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const closed = once(this.#child, 'close');
      this.#child.kill(signal);
      await closed;
    }
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

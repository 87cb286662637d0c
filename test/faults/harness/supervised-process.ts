/**
 * A Ductus process under a supervisor, as systemd or Kubernetes would run it: whenever it ends, by a kill or by itself,
 * it is started again after a while. What it writes goes to one log file over all its lives.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { ChangeSignal } from '../../../simulators/condition';
import { describeEnd, endChild } from '../../../src/runtime/embedded/child';

export interface SupervisedOptions {
  readonly name: string;
  /** Program and arguments for this process's Node. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
  /** Message of the log line that says that it serves. */
  readonly readyMessage: string;
}

/** Wait before a process that ended by itself is started again; systemd's `RestartSec` is 100 ms by default. */
const RESTART_MS = 500;
/** Ductus gives running work 20 s. */
const STOP_MS = 45_000;

export class SupervisedProcess {
  readonly #options: SupervisedOptions;
  readonly #log: WriteStream;
  readonly #changes = new ChangeSignal();
  readonly #watching = new Set<Promise<void>>();
  #child: ChildProcess | undefined;
  #ready = false;
  #stopping = false;
  #downMs = RESTART_MS;
  #wake: (() => void) | undefined;
  /** How it ended when nobody killed it. */
  readonly ownEnds: string[] = [];

  constructor(options: SupervisedOptions) {
    this.#options = options;
    this.#log = createWriteStream(options.logFile, { flags: 'a' });
    const running = this.#supervise().finally(() => this.#watching.delete(running));
    this.#watching.add(running);
  }

  get name(): string {
    return this.#options.name;
  }

  /** Undefined while it is down. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Waits until it says that it serves. */
  async ready(timeoutMs: number): Promise<void> {
    await this.#changes.until(
      () => this.#ready,
      timeoutMs,
      () =>
        `${this.name} is not ready; it ended by itself ${String(this.ownEnds.length)} times: ${this.ownEnds.join('; ')}`,
    );
  }

  /** SIGKILL, if it runs; it stays away for a while. @returns when it is gone */
  async kill(downMs: number): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#downMs = downMs;
    this.#child = undefined;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Ends it for good, in its own way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake?.();
    if (this.#child !== undefined) await endChild(this.#child, STOP_MS);
    await Promise.all(this.#watching);
    await new Promise<void>((resolve) => this.#log.end(resolve));
  }

  async #supervise(): Promise<void> {
    while (!this.#stopping) {
      const child = this.#launch();
      // `close`, not `exit`: what it wrote last is read as well.
      await once(child, 'close');
      this.#ready = false;
      if (this.#child === child && !this.#stopping) {
        this.ownEnds.push(describeEnd({ code: child.exitCode, signal: child.signalCode }));
      }
      this.#child = undefined;
      const downMs = this.#downMs;
      this.#downMs = RESTART_MS;
      if (!this.#stopping) await this.#pause(downMs);
    }
  }

  #launch(): ChildProcess {
    const { args, env, readyMessage } = this.#options;
    const child = spawn(process.execPath, args, { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    // When this process is killed itself, nothing of it may live on.
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    child.stderr.on('data', (chunk: Buffer) => this.#log.write(chunk));
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#log.write(`${line}\n`);
      if (!this.#ready && this.#child === child && line.includes(`"msg":"${readyMessage}"`)) {
        this.#ready = true;
        this.#changes.changed();
      }
    });
    return child;
  }

  async #pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

/** The demo's folder: where everything lies, and what a running demo writes down about itself. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { isAlive } from '../src/runtime/embedded/child';
import { runningServers } from '../src/runtime/embedded/running';
import { DemoError } from './demo-error';

const RunningSchema = z.object({
  /** Process id of the demo. */
  pid: z.number().int(),
  /** Control API of the Roche simulator. */
  rocheControlUrl: z.string(),
  /** OID of the organization that own files are shared with. */
  organization: z.string(),
  /** Where the Temporal Web UI is; missing when the demo does not run it. */
  temporalUi: z.string().optional(),
});
export type RunningDemo = z.infer<typeof RunningSchema>;

export class DemoFolder {
  readonly path: string;

  /** @param path made when it is not there, for the owner only: it holds secrets */
  constructor(path: string) {
    this.path = resolve(path);
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
  }

  /** `ductus.yaml`: what Ductus is started with. */
  get config(): string {
    return join(this.path, 'ductus.yaml');
  }

  /** Data of the embedded servers and of the blob store. */
  get data(): string {
    return join(this.path, 'data');
  }

  get secrets(): string {
    return join(this.path, 'secrets');
  }

  /** What a reader signs in with. */
  get operatorToken(): string {
    return join(this.secrets, 'operator-token');
  }

  get certificates(): string {
    return join(this.path, 'certificates');
  }

  /** What Ductus writes: JSON lines. */
  get log(): string {
    return join(this.path, 'ductus.log');
  }

  /** Every frame that the EMR simulator received. */
  get frames(): string {
    return join(this.path, 'emr-frames.jsonl');
  }

  /** The command `ductus` for this folder's configuration. */
  get command(): string {
    return join(this.path, process.platform === 'win32' ? 'ductus.cmd' : 'ductus');
  }

  /** @throws DemoError when a demo, or a Ductus that a killed demo left, runs on this folder */
  assertFree(): void {
    const running = this.running();
    if (running !== undefined) {
      throw new DemoError(
        `The demo runs already on ${this.path} (process ${String(running.pid)}).`,
        'Open its links, share a file with `npm start -- --send <file>`, or end it with Ctrl-C first.',
      );
    }
    if (runningServers(this.data).temporalAddress === undefined) return;
    const pid = this.#ductusPid();
    if (pid === undefined || !isAlive(pid)) return;
    throw new DemoError(
      `Ductus (process ${String(pid)}) is left of an earlier demo and still runs on ${this.path}.`,
      `End it with \`kill ${String(pid)}\`, then start again.`,
    );
  }

  /** The demo that runs on this folder now. */
  running(): RunningDemo | undefined {
    try {
      const running = RunningSchema.parse(JSON.parse(readFileSync(this.#runFile, 'utf8')));
      return isAlive(running.pid) && running.pid !== process.pid ? running : undefined;
    } catch {
      return undefined;
    }
  }

  writeRunning(running: RunningDemo): void {
    writeFileSync(this.#runFile, `${JSON.stringify(running)}\n`, { mode: 0o600 });
  }

  /** Writes a file for its owner. @returns its path */
  write(name: string, text: string): string {
    const file = join(this.path, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }

  /** Throws everything away. */
  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  removeRunning(): void {
    rmSync(this.#runFile, { force: true });
    rmSync(this.#pidFile, { force: true });
  }

  /** For the next start: what to look for when this demo is killed. */
  writeDuctusPid(pid: number): void {
    writeFileSync(this.#pidFile, `${String(pid)}\n`);
  }

  #ductusPid(): number | undefined {
    try {
      return z.coerce.number().int().positive().parse(readFileSync(this.#pidFile, 'utf8').trim());
    } catch {
      return undefined;
    }
  }

  get #runFile(): string {
    return join(this.path, 'running.json');
  }

  get #pidFile(): string {
    return join(this.path, 'ductus.pid');
  }
}

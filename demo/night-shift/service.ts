/** One process of Ductus, an entry point or a worker, as a supervisor of the platform team would run it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { describeEnd, endChild, ended } from '../../src/runtime/embedded/child';
import { endOrphan } from '../../src/runtime/embedded/orphan';
import { writeRun } from '../../src/runtime/embedded/run-file';
import { DemoError } from '../demo-error';
import { DUCTUS_MAIN, ductusEnvironment } from '../ductus-command';
import type { DemoFolder } from '../folder';

export const ROLES = ['api', 'worker'] as const;
export type ServiceRole = (typeof ROLES)[number];

const READY: Readonly<Record<ServiceRole, string>> = { api: 'api listens', worker: 'worker runs' };
/** Ductus gives running work 20 s and its servers 10 s each. */
const STOP_MS = 45_000;
const LogLineSchema = z.object({ msg: z.string(), url: z.string().optional() });

function runFile(folder: DemoFolder, role: ServiceRole): string {
  return path.join(folder.path, `${role}.json`);
}

/** Ends what a night shift that was killed has left running on a folder. */
export async function endLeftovers(folder: DemoFolder): Promise<void> {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  for (const role of ROLES) await endOrphan(runFile(folder, role), `${folder.config} serve --role ${role}`, log);
  await endOrphan(path.join(folder.data, 'temporal.json'), path.join(folder.data, 'temporal', 'temporal.db'), log);
}

export class Service {
  readonly #child: ChildProcess;
  /** Base URL of its API; undefined: it has none. */
  readonly url: string | undefined;
  /** Base URL of its metrics. */
  readonly metricsUrl: string;

  private constructor(child: ChildProcess, url: string | undefined, metricsUrl: string) {
    this.#child = child;
    this.url = url;
    this.metricsUrl = metricsUrl;
  }

  /** Starts it and waits until it serves. @throws DemoError with what it said when it ends before */
  static async start(folder: DemoFolder, role: ServiceRole): Promise<Service> {
    // A group of its own: Ctrl-C in a terminal reaches the night shift only, which ends its processes in order.
    const child = spawn(process.execPath, [DUCTUS_MAIN, '--config', folder.config, 'serve', '--role', role], {
      env: ductusEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      windowsHide: true,
    });
    writeRun(runFile(folder, role), { pid: child.pid ?? 0, owner: process.pid, port: 0 });
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    void ended(child).then(() => process.off('exit', kill));
    try {
      const log = createWriteStream(folder.log, { flags: 'a', mode: 0o600 });
      const { url, metricsUrl } = await serving(child, log, role, folder);
      return new Service(child, role === 'api' ? url : undefined, metricsUrl);
    } catch (error) {
      await endChild(child, STOP_MS);
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get runs(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async stop(): Promise<void> {
    await endChild(this.#child, STOP_MS);
  }

  /** As if the machine had run out of memory. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await ended(this.#child);
  }
}

async function serving(
  child: ChildProcess,
  log: WriteStream,
  role: ServiceRole,
  folder: DemoFolder,
): Promise<{ readonly url: string | undefined; readonly metricsUrl: string }> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the process has no pipes');
  let words = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-4_000);
    log.write(text);
  });
  return new Promise((resolve, reject) => {
    let metricsUrl = '';
    createInterface({ input: stdout }).on('line', (line) => {
      log.write(`${line}\n`);
      const entry = logLine(line);
      if (entry?.msg === 'metrics and health listen') metricsUrl = entry.url ?? '';
      if (entry?.msg === READY[role]) resolve({ url: entry.url, metricsUrl });
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      log.end();
      const said = words.trim() === '' ? `its log is ${folder.log}` : words.trim();
      reject(new DemoError(`The ${role} did not start (${describeEnd({ code, signal })}): ${said}`));
    });
  });
}

function logLine(line: string): z.infer<typeof LogLineSchema> | undefined {
  try {
    return LogLineSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

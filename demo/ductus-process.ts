/**
 * Ductus as a process: the very command that a hospital runs. A reader can kill it while the demo goes on; it is started
 * again, and what was under way is still there.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { describeEnd, endChild, ended, type ChildEnd } from '../src/runtime/embedded/child';
import { DUCTUS_MAIN, ductusEnvironment } from './ductus-command';
import { DemoError } from './demo-error';
import type { DemoFolder } from './folder';

const LogLineSchema = z.object({
  level: z.string().optional(),
  msg: z.string(),
  url: z.string().optional(),
  /** Of an MLLP listener: its name. */
  source: z.string().optional(),
  port: z.number().optional(),
});

/** Ductus itself gives running work 20 s and its servers 10 s each. */
const STOP_MS = 45_000;

export interface DuctusProcess {
  /** Base URL of its HTTP API. */
  readonly url: string;
  /** Of the Web UI of the embedded Temporal; undefined: a Temporal of its own is configured. */
  readonly temporalUi: string | undefined;
  /** Of its codec server; undefined: none is configured. */
  readonly codecUrl: string | undefined;
  /** Port of each MLLP listener, by its name. */
  readonly mllpPorts: ReadonlyMap<string, number>;
  readonly pid: number;
  /** Resolves when it ends, however. */
  readonly ended: Promise<ChildEnd>;
  stop(): Promise<void>;
}

/**
 * Starts Ductus and waits until it takes notifications, and messages of the HIS.
 * @param folder with its `ductus.yaml`
 * @param listeners names of its MLLP listeners
 * @param progress told in a few words what it does until then
 * @param signal ends the start
 * @throws DemoError with what it said when it ends before
 */
export async function startDuctus(
  folder: DemoFolder,
  listeners: readonly string[],
  progress: (what: string) => void,
  signal: AbortSignal,
): Promise<DuctusProcess> {
  signal.throwIfAborted();
  // A group of its own: Ctrl-C in a terminal reaches the demo only, which ends Ductus after the work under way.
  const child = spawn(process.execPath, [DUCTUS_MAIN, '--config', folder.config, 'serve'], {
    env: ductusEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    windowsHide: true,
  });
  const log = createWriteStream(folder.log, { flags: 'a', mode: 0o600 });
  const abort = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', abort);
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const gone = ended(child).finally(() => {
    process.off('exit', kill);
    signal.removeEventListener('abort', abort);
  });
  try {
    const found = await listening(child, log, listeners, progress, folder);
    return { ...found, pid: child.pid ?? 0, ended: gone, stop: () => endChild(child, STOP_MS) };
  } catch (error) {
    await endChild(child, STOP_MS);
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

type Listening = Pick<DuctusProcess, 'url' | 'temporalUi' | 'codecUrl' | 'mllpPorts'>;

/** Reads its log, for as long as it runs; resolves at the last of the lines that say where it listens. */
async function listening(
  child: ChildProcess,
  log: WriteStream,
  listeners: readonly string[],
  progress: (what: string) => void,
  folder: DemoFolder,
): Promise<Listening> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the process has no pipes');
  let words = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-4_000);
    log.write(text);
  });
  return new Promise((resolve, reject) => {
    let temporalUi: string | undefined;
    let codecUrl: string | undefined;
    let url: string | undefined;
    const mllpPorts = new Map<string, number>();
    let ready = false;
    createInterface({ input: stdout }).on('line', (line) => {
      log.write(`${line}\n`);
      const entry = ready ? undefined : logLine(line);
      if (entry === undefined) return;
      temporalUi = /Web UI (http\S+?),/.exec(entry.msg)?.[1] ?? temporalUi;
      if (entry.msg === 'codec server listens') codecUrl = entry.url;
      if (entry.msg === 'api listens') url = entry.url;
      if (entry.msg === 'MLLP listens' && entry.source !== undefined) mllpPorts.set(entry.source, entry.port ?? 0);
      if (url !== undefined) {
        ready = listeners.every((name) => mllpPorts.has(name));
        if (ready) resolve({ url, temporalUi, codecUrl, mllpPorts });
      } else if (entry.level === 'info' && !entry.msg.includes('\n')) {
        progress(entry.msg);
      }
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      log.end();
      const said = words.trim() === '' ? `its log is ${folder.log}` : `\n${words.trim()}`;
      reject(
        new DemoError(
          `Ductus did not start (${describeEnd({ code, signal })}): ${said}`,
          `Its whole log: ${folder.log}`,
        ),
      );
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

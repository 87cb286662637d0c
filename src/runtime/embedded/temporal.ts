/**
 * The embedded Temporal: the dev server of the Temporal CLI, with its database in a file, so that work in
 * flight survives a restart. For a first try and for small sites; a hospital points `temporal.address` at a cluster.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { DuctusError } from '../../domain/errors';
import { describeEnd, endChild, lastLines } from './child';
import type { ChildEnd, EmbeddedLog } from './child';
import { tryLock } from './folder-lock';
import type { FolderLock } from './folder-lock';
import { endOrphan } from './orphan';
import { LOOPBACK, canReach, freePort, isFree } from './ports';
import { readRun, removeRun, writeRun } from './run-file';

export { TEMPORAL_CLI_VERSION, findTemporalBinary } from './temporal-binary';
export type { FindTemporalOptions } from './temporal-binary';

export interface EmbeddedTemporalOptions {
  /** Path of the `temporal` program, from `findTemporalBinary`. */
  readonly binary: string;
  /** Folder of Ductus's data; the database is in `temporal/` below it. */
  readonly dataDir: string;
  /** 0: a free one. */
  readonly port: number;
  /** 0: a free one. */
  readonly uiPort: number;
  /** No Web UI. */
  readonly headless?: boolean;
  /** Codec server that the Web UI asks to decode payloads. */
  readonly codecEndpoint?: string;
  readonly log: EmbeddedLog;
  /** Told when the server ends without `stop`. */
  readonly onExit?: (end: ChildEnd) => void;
}

export interface EmbeddedTemporal {
  /** host:port of the gRPC frontend. */
  readonly address: string;
  /** URL of the Web UI; nothing when headless. */
  readonly uiUrl: string | undefined;
  readonly pid: number;
  stop(): Promise<void>;
}

/** It serves after 1–15 s, the longer ones after a SIGKILL with work in flight (ADR 0004). */
const START_MS = 60_000;
const ASK_MS = 2_000;
const STOP_MS = 10_000;
/** A free port may be gone before the server takes it. */
const PORT_TRIES = 3;

/**
 * Not the defaults of the dev server, which are slow for one step after another: a shard looks for new tasks 20
 * times a second, and there is one shard, so that every step waits for a tick of 50 ms. Measured on two cores, five
 * activities in a row: 550 ms by default, 70–80 ms with these (ADR 0004).
 */
const DYNAMIC_CONFIG = [
  'history.transferProcessorMaxPollRPS=5000',
  'history.timerProcessorMaxPollRPS=5000',
  'system.enableActivityEagerExecution=true',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
  // By default a timer may fire a second late, which is what a drain of deliveries would then wait at each step.
  'history.timerProcessorMaxTimeShift="10ms"',
  // A workflow task that fails (a key is missing, say) comes back after up to ten minutes by default: too long to see that
  // the repair was right.
  'history.workflowTaskRetryMaxInterval="30s"',
];

/** No acknowledged start of 3,286 was lost under SIGKILL with these, and 2.5 times as many were taken as by default (ADR 0004). */
const SQLITE_PRAGMAS = ['journal_mode=WAL', 'synchronous=NORMAL'];

/**
 * Starts the server and waits until it serves.
 * @throws DuctusError DUCTUS_TEMPORAL_UNAVAILABLE when the folder is in use, a port is taken or the start fails
 */
export async function startEmbeddedTemporal(options: EmbeddedTemporalOptions): Promise<EmbeddedTemporal> {
  const dataDir = resolve(options.dataDir);
  const folder = join(dataDir, 'temporal');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const runFile = join(dataDir, 'temporal.json');
  const lock = tryLock(join(dataDir, 'temporal.lock'));
  if (lock === undefined) {
    throw unavailable(inUse(dataDir, runFile));
  }
  try {
    // We have the lock, so whoever started a server that still runs here is gone.
    await endOrphan(runFile, join(folder, 'temporal.db'), options.log);
    for (const [port, key] of [
      [options.port, 'port'],
      [options.headless === true ? 0 : options.uiPort, 'uiPort'],
    ] as const) {
      if (port !== 0 && !(await isFree(port))) {
        throw unavailable(`port ${port} is taken; set temporal.embedded.${key}`);
      }
    }
    return await startOnSomePort(options, { folder, runFile, lock, logFile: join(dataDir, 'temporal.log') });
  } catch (error) {
    lock.release();
    throw error instanceof DuctusError ? error : unavailable('embedded Temporal did not start', error);
  }
}

interface Place {
  readonly folder: string;
  readonly runFile: string;
  readonly logFile: string;
  readonly lock: FolderLock;
}

async function startOnSomePort(options: EmbeddedTemporalOptions, place: Place): Promise<EmbeddedTemporal> {
  const fixed = options.port !== 0 && (options.headless === true || options.uiPort !== 0);
  for (let left = fixed ? 1 : PORT_TRIES; ; left--) {
    try {
      return await start(options, place);
    } catch (error) {
      if (left <= 1) {
        throw error;
      }
      options.log.warn('embedded Temporal did not start; trying once more on other ports');
    }
  }
}

async function start(options: EmbeddedTemporalOptions, place: Place): Promise<EmbeddedTemporal> {
  const port = options.port === 0 ? await freePort() : options.port;
  const uiPort = options.uiPort === 0 ? await freePort() : options.uiPort;
  const address = `${LOOPBACK}:${port}`;
  const child = launch(options, place, port, uiPort);
  const killChild = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killChild);
  try {
    const pid = await pidOf(child);
    writeRun(place.runFile, { pid, owner: process.pid, port });
    await serves(port, child, place.logFile);
    await keepHistories(address);

    let stopping = false;
    child.once('exit', (code, signal) => {
      process.off('exit', killChild);
      removeRun(place.runFile);
      place.lock.release();
      if (!stopping) {
        options.log.error(
          `embedded Temporal ended by itself (${describeEnd({ code, signal })}); its output is in ${place.logFile}`,
        );
        options.onExit?.({ code, signal });
      }
    });
    const uiUrl = options.headless === true ? undefined : `http://${LOOPBACK}:${uiPort}`;
    options.log.info(
      `embedded Temporal listens on ${address}${uiUrl === undefined ? '' : `, Web UI ${uiUrl}`}, data in ${place.folder}`,
    );
    return {
      address,
      uiUrl,
      pid,
      async stop() {
        stopping = true;
        await endChild(child, STOP_MS);
      },
    };
  } catch (error) {
    process.off('exit', killChild);
    await endChild(child, STOP_MS);
    removeRun(place.runFile);
    throw error;
  }
}

function launch(options: EmbeddedTemporalOptions, place: Place, port: number, uiPort: number): ChildProcess {
  const args = [
    ...['server', 'start-dev', '--ip', LOOPBACK, '--port', String(port), '--log-level', 'warn'],
    ...['--db-filename', join(place.folder, 'temporal.db')],
    ...SQLITE_PRAGMAS.flatMap((pragma) => ['--sqlite-pragma', pragma]),
    ...DYNAMIC_CONFIG.flatMap((value) => ['--dynamic-config-value', value]),
    ...(options.headless === true ? ['--headless'] : ['--ui-ip', LOOPBACK, '--ui-port', String(uiPort)]),
    ...(options.codecEndpoint === undefined ? [] : ['--ui-codec-endpoint', options.codecEndpoint]),
  ];
  const output = openSync(place.logFile, 'a', 0o600);
  // The CLI reads TEMPORAL_* variables that are meant for its client commands.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')));
  // Detached: Ctrl-C in a terminal reaches Ductus only, which ends its servers after its own work.
  const child = spawn(options.binary, args, {
    cwd: place.folder,
    stdio: ['ignore', output, output],
    env,
    detached: true,
    windowsHide: true,
  });
  closeSync(output);
  child.unref();
  return child;
}

async function pidOf(child: ChildProcess): Promise<number> {
  return new Promise((done, fail) => {
    child.once('spawn', () => done(child.pid ?? 0));
    child.once('error', fail);
  });
}

/** Waits until the frontend says that it serves and the namespace `default` is there. */
async function serves(port: number, child: ChildProcess, logFile: string): Promise<void> {
  const address = `${LOOPBACK}:${port}`;
  const end = Date.now() + START_MS;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) {
      const what = describeEnd({ code: child.exitCode, signal: child.signalCode });
      throw unavailable(`embedded Temporal ended while it started (${what})\n${lastLines(logFile)}`.trimEnd());
    }
    if ((await canReach(LOOPBACK, port, ASK_MS)) && (await servesNow(address))) {
      return;
    }
    if (Date.now() > end) {
      throw unavailable(`embedded Temporal does not serve after ${START_MS / 1000} s; its output is in ${logFile}`);
    }
    await sleep(50);
  }
}

const SERVING = 1; // grpc.health.v1.HealthCheckResponse.ServingStatus

async function servesNow(address: string): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: ASK_MS });
    const { healthService, workflowService } = connection;
    return await connection.withDeadline(Date.now() + ASK_MS, async () => {
      const health = await healthService.check({ service: 'temporal.api.workflowservice.v1.WorkflowService' });
      await workflowService.describeNamespace({ namespace: 'default' });
      return Number(health.status) === SERVING;
    });
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}

/** What failed on a Friday evening is looked at on Monday; the dev server keeps closed work for a day. */
const LEAST_RETENTION_SECONDS = 3 * 24 * 60 * 60;
const RETENTION_SECONDS = 7 * 24 * 60 * 60;

/** Has histories kept for a week, unless somebody has set three days or more. */
async function keepHistories(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: ASK_MS });
  const { workflowService } = connection;
  try {
    await connection.withDeadline(Date.now() + ASK_MS, async () => {
      const { config } = await workflowService.describeNamespace({ namespace: 'default' });
      if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) >= LEAST_RETENTION_SECONDS) return;
      await workflowService.updateNamespace({
        namespace: 'default',
        config: { workflowExecutionRetentionTtl: msToTs(RETENTION_SECONDS * 1000) },
      });
    });
  } finally {
    await connection.close();
  }
}

function inUse(dataDir: string, runFile: string): string {
  const run = readRun(runFile);
  const who = run === undefined ? 'another Ductus' : `another Ductus (process ${run.owner}) on port ${run.port}`;
  return `the embedded Temporal of ${dataDir} is run by ${who}; end it, use another dataDir, or set temporal.address to share one`;
}

function unavailable(what: string, cause?: unknown): DuctusError {
  return new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE', what, cause === undefined ? {} : { cause });
}

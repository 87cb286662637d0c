/**
 * The embedded PostgreSQL: PGlite as a process of its own behind a socket, so that the store has one driver and
 * one dialect everywhere. For a first try and for small sites; a hospital points `store.url` at its PostgreSQL.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { DuctusError } from '../../domain/errors';
import { describeEnd, endChild, ended, lastLines } from './child';
import type { ChildEnd, EmbeddedLog } from './child';
import { compiledProgram } from './compiled';
import { LOOPBACK, isFree } from './ports';
import { PostgresReportSchema } from './postgres-report';
import type { PostgresReport } from './postgres-report';
import { readRun, removeRun, writeRun } from './run-file';

export interface EmbeddedPostgresOptions {
  /** Folder of Ductus's data; the database is in `postgres/` below it. */
  readonly dataDir: string;
  /** 0: a free one. */
  readonly port: number;
  readonly log: EmbeddedLog;
  /** A client with an open transaction that says nothing for this long is cut off. */
  readonly idleInTransactionMs?: number;
  /** Told when the server ends without `stop`. */
  readonly onExit?: (end: ChildEnd) => void;
}

export interface EmbeddedPostgres {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** PGlite opens an existing folder in about 2 s here, a new one in about 4 s; a slow disk gets ten times that. */
const START_MS = 40_000;
const STOP_MS = 10_000;
const IDLE_IN_TRANSACTION_MS = 30_000;

/**
 * Starts the server and waits until it answers a query.
 * @throws DuctusError DUCTUS_STORE_UNAVAILABLE when the folder is in use, the port is taken or the start fails
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const runFile = join(dataDir, 'postgres.json');
  const logFile = join(dataDir, 'postgres.log');
  if (options.port !== 0 && !(await isFree(options.port))) {
    throw unavailable(inUse(dataDir, runFile) ?? `port ${options.port} is taken; set store.embedded.port`);
  }

  const child = launch(dataDir, options, logFile);
  const killChild = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killChild);
  try {
    const report = await firstReport(child, logFile);
    const port = portOf(report, dataDir, runFile);
    const url = `postgres://postgres@${LOOPBACK}:${port}/postgres`;
    await answers(url);
    const pid = child.pid ?? 0;
    writeRun(runFile, { pid, owner: process.pid, port });

    let stopping = false;
    child.once('exit', (code, signal) => {
      process.off('exit', killChild);
      removeRun(runFile);
      if (!stopping) {
        options.log.error(
          `embedded PostgreSQL ended by itself (${describeEnd({ code, signal })}); its output is in ${logFile}`,
        );
        options.onExit?.({ code, signal });
      }
    });
    options.log.info(
      `embedded PostgreSQL (PGlite) listens on ${LOOPBACK}:${port}, data in ${join(dataDir, 'postgres')}`,
    );
    return {
      url,
      pid,
      async stop() {
        stopping = true;
        await endChild(child, STOP_MS);
      },
    };
  } catch (error) {
    process.off('exit', killChild);
    await endChild(child, STOP_MS);
    throw error instanceof DuctusError ? error : unavailable('embedded PostgreSQL did not start', error);
  }
}

function launch(dataDir: string, options: EmbeddedPostgresOptions, logFile: string): ChildProcess {
  const program = compiledProgram('postgres-main');
  if (!existsSync(program)) {
    throw unavailable(`${program} is missing: run \`npm run build\``);
  }
  const output = openSync(logFile, 'a', 0o600);
  const idle = options.idleInTransactionMs ?? IDLE_IN_TRANSACTION_MS;
  // Detached: Ctrl-C in a terminal reaches Ductus only, which ends its servers after its own work.
  const child = spawn(process.execPath, [program, dataDir, String(options.port), String(idle)], {
    stdio: ['ignore', output, output, 'ipc'],
    detached: true,
    windowsHide: true,
  });
  closeSync(output);
  child.unref();
  child.channel?.unref();
  return child;
}

async function firstReport(child: ChildProcess, logFile: string): Promise<PostgresReport> {
  return new Promise((tell, reject) => {
    const timer = setTimeout(
      () => reject(unavailable(`embedded PostgreSQL was not ready after ${START_MS / 1000} s`)),
      START_MS,
    );
    child.once('message', (message) => {
      clearTimeout(timer);
      tell(PostgresReportSchema.parse(message));
    });
    child.once('error', reject);
    void ended(child).then((end) => {
      clearTimeout(timer);
      const output = lastLines(logFile);
      reject(unavailable(`embedded PostgreSQL ended while it started (${describeEnd(end)})\n${output}`.trimEnd()));
    });
  });
}

function portOf(report: PostgresReport, dataDir: string, runFile: string): number {
  switch (report.kind) {
    case 'listening':
      return report.port;
    case 'locked':
      throw unavailable(inUse(dataDir, runFile) ?? `another process has ${join(dataDir, 'postgres')} open`);
    case 'failed':
      throw unavailable(`embedded PostgreSQL did not start: ${report.message}`);
  }
}

function inUse(dataDir: string, runFile: string): string | undefined {
  const run = readRun(runFile);
  return run === undefined
    ? undefined
    : `another Ductus (process ${run.owner}) runs the embedded PostgreSQL of ${dataDir} on port ${run.port}; ` +
        'end it, use another dataDir, or set store.url to share one';
}

/** A real query over the socket, as the store will ask it. */
async function answers(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: START_MS });
  await client.connect();
  try {
    await client.query('select 1');
  } finally {
    await client.end();
  }
}

function unavailable(what: string, cause?: unknown): DuctusError {
  return new DuctusError('DUCTUS_STORE_UNAVAILABLE', what, cause === undefined ? {} : { cause });
}

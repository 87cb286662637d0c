/**
 * A real PostgreSQL for tests of locks, pools and faults: PGlite has one session and cannot show them.
 * Debian's binaries in a temporary folder, on a free port of the loopback, with fsync on.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { accessSync, chownSync, closeSync, constants, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Client } from 'pg';
import { endChild, ended, lastLines } from '../../src/runtime/embedded/child';
import { freePort } from '../../src/runtime/embedded/ports';
import { until } from './until';

export interface RealPostgres {
  readonly url: string;
  /** Folder of its data files. */
  readonly data: string;
  /** Everything of a database as `pg_dump` writes it. @param except tables whose rows are left out */
  dump(url: string, except: readonly string[]): string;
  /** Makes an empty database of its own and returns its URL: one server serves a whole test file. */
  createDatabase(): Promise<string>;
  /** SIGKILL, as a crash: what was committed must be there after `start`. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data after `kill`. */
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** PostgreSQL refuses to run as root; `nobody` on Debian. */
const NOBODY = 65_534;
const START_MS = 30_000;

/**
 * Starts a server.
 * @throws Error that says what to install when there is none
 */
export async function startRealPostgres(): Promise<RealPostgres> {
  const bin = findPostgresBin();
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const folder = mkdtempSync(join(tmpdir(), 'ductus-postgres-'));
  if (user.uid !== undefined) {
    chownSync(folder, user.uid, user.gid);
  }
  const data = join(folder, 'data');
  // `--no-sync`: an empty cluster need not survive a power cut, what tests write later does (fsync stays on).
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    {
      ...user,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const logFile = join(folder, 'log');

  const launch = async (): Promise<ReturnType<typeof spawn>> => {
    const output = openSync(logFile, 'a');
    const child = spawn(
      join(bin, 'postgres'),
      [
        ...['-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1'],
        ...['-c', 'max_connections=100', '-c', 'shared_buffers=64MB', '-c', 'jit=off'],
        // Transactions that wait for each other are found sooner than by default (1 s).
        ...['-c', 'deadlock_timeout=200ms', '-c', 'timezone=UTC'],
      ],
      { ...user, cwd: folder, stdio: ['ignore', output, output] },
    );
    closeSync(output);
    await until(async () => {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`PostgreSQL ended while it started:\n${lastLines(logFile, 20)}`);
      }
      return answers(url);
    }, START_MS);
    return child;
  };

  let child = await launch();
  return {
    url,
    data,
    dump: (database, except) =>
      execFileSync(join(bin, 'pg_dump'), [...except.map((table) => `--exclude-table-data=${table}`), database], {
        encoding: 'utf8',
        maxBuffer: 1024 * 1024 * 1024,
      }),
    async createDatabase() {
      const name = `test_${randomUUID().replaceAll('-', '')}`;
      const client = new Client({ connectionString: url });
      await client.connect();
      try {
        await client.query(`create database ${name}`);
      } finally {
        await client.end();
      }
      return `postgres://postgres@127.0.0.1:${port}/${name}`;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended(child);
      // Backends notice that the postmaster is gone; a new one refuses to start while one still runs.
      await until(async () => !(await answers(url)), START_MS);
    },
    async start() {
      child = await launch();
    },
    async stop() {
      // SIGINT is PostgreSQL's fast shutdown; SIGTERM waits until all clients have gone.
      child.kill('SIGINT');
      await endChild(child, 10_000);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function findPostgresBin(): string {
  const debian = '/usr/lib/postgresql';
  const versions = listOrNothing(debian).sort((a, b) => Number(b) - Number(a));
  const candidates = [
    process.env['DUCTUS_TEST_PG_BIN'],
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  const found = candidates.find((folder) => folder !== undefined && hasPrograms(folder));
  if (found === undefined) {
    throw new Error(
      'these tests need PostgreSQL 14 or later: `apt-get install postgresql` (Debian, Ubuntu), ' +
        'or set DUCTUS_TEST_PG_BIN to the folder that holds `postgres` and `initdb`',
    );
  }
  return found;
}

function hasPrograms(folder: string): boolean {
  try {
    accessSync(join(folder, 'postgres'), constants.X_OK);
    accessSync(join(folder, 'initdb'), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function listOrNothing(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

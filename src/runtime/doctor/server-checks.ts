/** The servers that Ductus stands on: Temporal, PostgreSQL, blob store. */
import { randomBytes, randomUUID } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { Connection, isGrpcServiceError, type Client } from '@temporalio/client';
import { sql } from 'kysely';
import { isStoreUnavailable } from '../../activities/failures';
import { networkReason } from '../../connectors/http/network-reason';
import { DuctusError, ERRORS, isErrorCode } from '../../domain/errors';
import { SEARCH_ATTRIBUTES } from '../../domain/messages';
import { standingAlerts } from '../../store/alerts';
import { pendingMigrations, type Store } from '../../store/database';
import { createBlobStore } from '../blob-store';
import type { Config } from '../config/schema';
import { REQUEST_MS, type Report } from './check';

/** gRPC codes (google.rpc.Code). */
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

/** What failed on a Friday evening is looked at on Monday, in the history. */
const RETENTION_SECONDS = 3 * 24 * 60 * 60;

/** Worker Deployments and updates are there from here on (Temporal server release notes 1.28). */
const SERVER_VERSION = [1, 28] as const;

/** A poll lasts a minute (matching.longPollExpirationInterval), and Temporal lists a worker for five after its last one. */
const POLL_SECONDS = 70;
/** A task is taken in milliseconds. That it waits shows a killed worker at once; the list of workers only after a minute. */
const LONGEST_WAIT_SECONDS = 5;

const WORKFLOW_TASKS = 1;
const ACTIVITY_TASKS = 2;

export async function checkTemporal(config: Config, client: Client | undefined, report: Report): Promise<void> {
  if (client === undefined) {
    report.fail('no embedded server runs on this data folder', 'Start `ductus serve`, or set `temporal.address`.');
    return;
  }
  const { namespace, taskQueue } = config.temporal;
  const { connection, workflowService } = client;
  const ask = <T>(call: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + REQUEST_MS, call);
  try {
    const { serverVersion } = await ask(() => workflowService.getSystemInfo({}));
    const [major = 0, minor = 0] = (serverVersion ?? '').split('.').map(Number);
    const [leastMajor, leastMinor] = SERVER_VERSION;
    if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
      report.warn(
        `the server is ${serverVersion ?? 'of an unknown version'}`,
        `Use ${SERVER_VERSION.join('.')} or later: older ones have no worker versions.`,
      );
    } else report.ok(`reachable, server ${serverVersion ?? ''}`);

    const described = await ask(() => workflowService.describeNamespace({ namespace }));
    const retention = Number(described.config?.workflowExecutionRetentionTtl?.seconds ?? 0);
    if (retention < RETENTION_SECONDS) {
      report.warn(
        `the namespace keeps histories for ${String(Math.round(retention / 3600))} h only`,
        `Set it to 72 h or more: temporal operator namespace update --retention 168h -n ${namespace}`,
      );
    } else report.ok(`namespace ${namespace}, histories are kept for ${String(Math.round(retention / 3600))} h`);

    if (connection instanceof Connection) {
      const known = await ask(() => connection.operatorService.listSearchAttributes({ namespace }));
      const missing = Object.values(SEARCH_ATTRIBUTES).filter((name) => !Object.hasOwn(known.customAttributes, name));
      if (missing.length > 0) {
        report.fail(
          `search attributes are missing: ${missing.join(', ')}`,
          `A worker registers them when it starts and may; or: temporal operator search-attribute create -n ${namespace} ${missing.map((name) => `--name ${name} --type Keyword`).join(' ')}`,
        );
      } else report.ok('search attributes are registered');
    }

    for (const [taskQueueType, what] of [
      [WORKFLOW_TASKS, 'workflows'],
      [ACTIVITY_TASKS, 'activities'],
    ] as const) {
      const { pollers, stats } = await ask(() =>
        workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: taskQueue },
          taskQueueType,
          reportStats: true,
        }),
      );
      const seen = (pollers ?? []).filter(
        ({ lastAccessTime }) => Date.now() / 1000 - Number(lastAccessTime?.seconds ?? 0) < POLL_SECONDS,
      );
      const waits = Number(stats?.approximateBacklogAge?.seconds ?? 0);
      if (seen.length === 0) {
        report.fail(
          `no worker takes ${what} from the task queue ${taskQueue}`,
          'Start a worker (`ductus serve --role worker`), and see that `temporal.taskQueue` and `namespace` are the same everywhere.',
        );
      } else if (waits >= LONGEST_WAIT_SECONDS) {
        report.fail(
          `${what} wait ${String(waits)} s and more in the task queue ${taskQueue}, though a worker was seen within the last minute`,
          'See whether the worker still runs, and start it again (`ductus serve --role worker`); if it does run, it hangs or has too much to do: start another.',
        );
      } else report.ok(`${String(seen.length)} workers asked ${taskQueue} for ${what} within the last minute`);
    }
  } catch (error) {
    if (!isGrpcServiceError(error)) throw error;
    const code = Number(error.code);
    if (code === NOT_FOUND) {
      report.fail(
        `there is no namespace ${namespace}`,
        `Correct \`temporal.namespace\`, or create it: temporal operator namespace create -n ${namespace}`,
      );
    } else if (code === PERMISSION_DENIED || code === UNAUTHENTICATED) {
      report.fail('it refuses us', 'Check `temporal.apiKey`, `temporal.tls` and the rights of both on the namespace.');
    } else {
      report.fail('it cannot be reached', 'Check `temporal.address`, `temporal.tls`, and that the server runs.');
    }
  }
}

/** Codes of PostgreSQL (appendix A of its manual) and what they mean here. */
const POSTGRES: Readonly<Record<string, readonly [string, string]>> = {
  '28P01': ['it refuses the password', 'Correct the password in `store.url`.'],
  '28000': ['it refuses the user', 'Correct the user in `store.url`, or allow it in pg_hba.conf.'],
  '3D000': ['the database does not exist', 'Create it, or correct its name in `store.url`.'],
  '53300': ['it has no connection left', 'Raise `max_connections`, or lower `store.poolSize`.'],
  '42501': ['the user may not do this', 'Give it the rights on its database.'],
};

/** Below this share of connections left, a new worker may find none. */
const CONNECTIONS_LEFT = 0.1;

export async function checkStore(config: Config, store: Store | undefined, report: Report): Promise<void> {
  if (store === undefined) {
    report.fail('no embedded server runs on this data folder', 'Start `ductus serve`, or set `store.url`.');
    return;
  }
  try {
    const { rows } = await sql<{ version: string; encoding: string; now: Date }>`
      select current_setting('server_version') as version, current_setting('server_encoding') as encoding,
        clock_timestamp() as now`.execute(store);
    const [row] = rows;
    report.ok(`reachable, PostgreSQL ${row?.version ?? ''}`);
    report.clock('PostgreSQL', row?.now);
    if (row?.encoding !== 'UTF8') {
      report.fail(
        `the database is in ${row?.encoding ?? 'an unknown encoding'}`,
        'Create it with ENCODING UTF8: names have letters that others lack.',
      );
    }
    const pending = await pendingMigrations(store);
    if (pending.length > 0) {
      report.fail(
        `the schema is behind: ${pending.join(', ')}`,
        'Start a worker of this version: it migrates the store at its start.',
      );
    } else {
      report.ok('the schema is up to date');
      for (const { key, code, text, raisedAt } of await standingAlerts(store)) {
        const todo = isErrorCode(code) ? ERRORS[code].nextStep : 'docs/operations/README.md says when it is raised.';
        report.warn(`alert since ${raisedAt.toISOString()}: ${text}`, todo, `alert ${key}`);
      }
    }
    // The embedded one is a single session, and has no list of them.
    if (config.store.url !== undefined) await checkConnections(store, report);
  } catch (error) {
    const code = postgresCode(error);
    const known = code === undefined ? undefined : POSTGRES[code];
    if (known === undefined && isStoreUnavailable(error) && networkReason(error) === undefined) {
      report.fail('it does not answer in time', 'Check firewall and VPN, and whether the server hangs.');
    } else if (known === undefined) report.failedWith(error);
    else report.fail(`${known[0]} (${code ?? ''})`, known[1]);
  }
}

async function checkConnections(store: Store, report: Report): Promise<void> {
  const { rows } = await sql<{ used: number; most: number }>`
    select (select count(*) from pg_stat_activity where backend_type = 'client backend') as used,
      current_setting('max_connections')::int as most`.execute(store);
  const { used = 0, most = 1 } = rows[0] ?? {};
  if (used > most * (1 - CONNECTIONS_LEFT)) {
    report.warn(
      `${String(used)} of ${String(most)} connections are in use`,
      'Raise `max_connections`, or lower `store.poolSize`.',
    );
  }
}

function postgresCode(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && Object.hasOwn(POSTGRES, code) ? code : undefined;
}

const MIB = 1024 * 1024;
const WARN_FREE_BYTES = 2048 * MIB;
const FAIL_FREE_BYTES = 256 * MIB;

export async function checkBlobs(config: Config, report: Report): Promise<void> {
  const { store } = config.blobs;
  const blobs = createBlobStore(config);
  try {
    const ref = await blobs.put(`doctor/${randomUUID()}`, randomBytes(64));
    await blobs.get(ref);
    await blobs.delete(ref.key);
    report.ok(
      store.kind === 's3'
        ? `bucket ${store.bucket} can be written, read and deleted from`
        : 'the folder can be written, read and deleted from',
    );
  } catch (error) {
    const isUnavailable = error instanceof DuctusError && error.code === 'DUCTUS_BLOB_UNAVAILABLE';
    const reason = isUnavailable ? error.details['reason'] : undefined;
    if (store.kind === 's3' && typeof reason === 'string' && S3[reason] !== undefined) {
      report.fail(`the bucket cannot be used (${reason})`, S3[reason]);
    } else report.failedWith(error);
    return;
  } finally {
    blobs.close();
  }
  if (store.kind === 's3') return;
  const { bavail, bsize } = await statfs(store.path ?? path.join(config.dataDir, 'blobs'));
  const free = bavail * bsize;
  const text = `${String(Math.floor(free / MIB))} MiB are free on its disk`;
  if (free < FAIL_FREE_BYTES) report.fail(text, 'Make room: Ductus stops taking files when it is full.');
  else if (free < WARN_FREE_BYTES) report.warn(text, 'Make room, or lower `blobs.retainDays`.');
}

const S3: Readonly<Record<string, string>> = {
  NoSuchBucket: 'Correct `blobs.store.bucket`, or create it.',
  AccessDenied: 'Give the role of this machine s3:PutObject, s3:GetObject and s3:DeleteObject on the prefix.',
  InvalidAccessKeyId: 'Correct the AWS credentials of this machine.',
  SignatureDoesNotMatch: 'Correct the AWS credentials of this machine.',
  CredentialsProviderError:
    'Give this machine AWS credentials (a role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY).',
};

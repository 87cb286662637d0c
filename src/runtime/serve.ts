/**
 * Runs Ductus: the entry point, the worker, or both; with embedded servers where none are configured. Order of a
 * shutdown: take no more requests, let running activities end, close connections, stop embedded servers.
 */
import type { AddressInfo } from 'node:net';
import { ScheduleAlreadyRunning, type Client } from '@temporalio/client';
import { createApi } from '../api/server';
import { DuctusError } from '../domain/errors';
import { LIMITS } from '../domain/limits';
import { WORKFLOW_TYPES } from '../domain/messages';
import { HOUSEKEEPING_SCHEDULE_ID } from '../domain/workflow-ids';
import { migrateStore, openStore, type Store } from '../store/database';
import type { Config } from './config/schema';
import { buildDependencies } from './dependencies';
import { startEmbeddedPostgres } from './embedded/postgres';
import { findTemporalBinary, startEmbeddedTemporal } from './embedded/temporal';
import { createOperations } from './operations';
import { createPatientOperations } from './patient-operations';
import { createTemporalClient, registerSearchAttributes } from './temporal/client';
import { createWorkflowMessenger, notifyDataSharing } from './temporal/messenger';
import { startWorker, type WorkflowCode } from './temporal/worker';
import type { Logger } from './telemetry/logger';
import { createMetrics } from './telemetry/metrics';

export type Role = 'api' | 'worker' | 'all';

export interface RunningDuctus {
  /** Base URL of the HTTP API; undefined for a worker alone. */
  readonly url: string | undefined;
  readonly temporalAddress: string;
  /** URL of the Temporal Web UI, when Ductus runs the server. */
  readonly temporalUi: string | undefined;
  /** Rejects when a part fails that Ductus can't go on without. */
  readonly failed: Promise<never>;
  /** Stops everything within the grace period; nothing that was taken is lost. */
  stop(): Promise<void>;
}

interface Closer {
  readonly name: string;
  close(): Promise<unknown>;
}

/** Wait between tries to reach a server at the start. */
const START_RETRY_MS = 1_000;
/** How long a start waits for Temporal and PostgreSQL to come up. */
const START_PATIENCE_MS = 120_000;

export interface ServeOptions {
  /** Codec server that the embedded Temporal's Web UI asks to decode payloads; default: the one of the configuration. */
  readonly codecEndpoint?: string;
  /** Where the workflows' code is; default: the prebuilt bundle. */
  readonly workflows?: WorkflowCode;
}

/** Starts the roles. @throws DuctusError when a part can't be started */
export async function serve(
  config: Config,
  role: Role,
  logger: Logger,
  options: ServeOptions = {},
): Promise<RunningDuctus> {
  if (role !== 'all' && (config.temporal.address === undefined || config.store.url === undefined)) {
    throw new DuctusError(
      'DUCTUS_CONFIG_INVALID',
      `serve --role ${role} needs temporal.address and store.url: embedded servers run in the process of --role all only.`,
    );
  }
  const closers: Closer[] = [];
  const stop = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) {
      try {
        await closer.close();
      } catch (error) {
        logger.error({ part: closer.name, err: error }, 'a part did not stop cleanly');
      }
    }
  };
  try {
    return await start(config, role, logger, options, closers, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  config: Config,
  role: Role,
  logger: Logger,
  options: ServeOptions,
  closers: Closer[],
  stop: () => Promise<void>,
): Promise<RunningDuctus> {
  const temporal = await temporalServer(
    config,
    logger,
    options.codecEndpoint ?? config.temporal.embedded.codecEndpoint,
    closers,
  );
  const storeUrl = await storeServer(config, logger, closers);

  const { client, close } = createTemporalClient(config, temporal.address);
  closers.push({ name: 'temporal client', close });
  const store = openStore({
    url: storeUrl,
    poolSize: config.store.poolSize,
    onIdleError: () => logger.warn('a connection to PostgreSQL was lost; the pool opens another'),
  });
  closers.push({ name: 'store', close: () => store.destroy() });
  const metrics = createMetrics();
  const { taskQueue, namespace } = config.temporal;
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  failed.catch(() => undefined);

  if (role !== 'api') {
    await patiently(logger, 'PostgreSQL', () => migrateStore(store));
    await patiently(logger, 'Temporal', () => registerSearchAttributes(client, namespace));
    await scheduleHousekeeping(client, taskQueue);
    const built = buildDependencies({
      config,
      store,
      workflows: createWorkflowMessenger(client, taskQueue),
      metrics,
      logger,
    });
    closers.push({ name: 'connections', close: () => built.close() });
    const worker = await startWorker(built.deps, temporal.address, options.workflows);
    worker.stopped.catch((error: unknown) => fail(error instanceof Error ? error : new Error('the worker failed')));
    closers.push({
      name: 'worker',
      close: async () => {
        worker.shutdown();
        await worker.stopped;
      },
    });
    logger.info({ taskQueue }, 'worker runs');
  }

  let url: string | undefined;
  if (role !== 'worker') {
    const operations = createOperations(config, store, client);
    const app = await createApi({
      config,
      logger,
      metrics,
      notify: (input) => storedInTemporal(client, () => notifyDataSharing(client, taskQueue, input)),
      operations,
      redelivery: operations.redelivery,
      patients: createPatientOperations(config, store),
      notReady: () => notReady(client, store, namespace),
    });
    await app.listen({ host: config.api.host, port: config.api.port });
    closers.push({ name: 'api', close: () => app.close() });
    url = listeningUrl(app.addresses()[0], config);
    logger.info({ url }, 'api listens');
  }
  return { url, temporalAddress: temporal.address, temporalUi: temporal.ui, failed, stop };
}

function listeningUrl(address: AddressInfo | string | undefined, config: Config): string {
  const scheme = config.api.tls === undefined ? 'http' : 'https';
  if (address === undefined || typeof address === 'string')
    return `${scheme}://${config.api.host}:${String(config.api.port)}`;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${scheme}://${host}:${String(address.port)}`;
}

async function temporalServer(
  config: Config,
  logger: Logger,
  codecEndpoint: string | undefined,
  closers: Closer[],
): Promise<{ readonly address: string; readonly ui: string | undefined }> {
  if (config.temporal.address !== undefined) return { address: config.temporal.address, ui: undefined };
  const { embedded } = config.temporal;
  const binary = await findTemporalBinary({
    ...(embedded.binary === undefined ? {} : { binary: embedded.binary }),
    log: (line: string) => logger.info(line),
  });
  const server = await startEmbeddedTemporal({
    binary,
    dataDir: config.dataDir,
    port: embedded.port,
    uiPort: embedded.uiPort,
    log: logger,
    ...(codecEndpoint === undefined ? {} : { codecEndpoint }),
  });
  closers.push({ name: 'embedded temporal', close: () => server.stop() });
  return { address: server.address, ui: server.uiUrl };
}

async function storeServer(config: Config, logger: Logger, closers: Closer[]): Promise<string> {
  if (config.store.url !== undefined) return config.store.url.reveal();
  const server = await startEmbeddedPostgres({
    dataDir: config.dataDir,
    port: config.store.embedded.port,
    log: logger,
  });
  closers.push({ name: 'embedded postgresql', close: () => server.stop() });
  return server.url;
}

/** Tries until it works, for a server that is started at the same time. */
async function patiently(logger: Logger, what: string, attempt: () => Promise<void>): Promise<void> {
  const end = Date.now() + START_PATIENCE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      logger.warn({ err: error }, `${what} is not there yet; trying again`);
      await new Promise((resolve) => setTimeout(resolve, START_RETRY_MS));
    }
  }
}

/** Runs a call on Temporal within the entry point's time limit. */
async function storedInTemporal(client: Client, call: () => Promise<void>): Promise<void> {
  try {
    await client.withDeadline(Date.now() + LIMITS.signalWithStartMs, call);
  } catch (error) {
    throw new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE', undefined, { cause: error });
  }
}

async function notReady(client: Client, store: Store, namespace: string): Promise<readonly string[]> {
  const missing: string[] = [];
  try {
    await client.withDeadline(Date.now() + LIMITS.signalWithStartMs, () =>
      client.workflowService.describeNamespace({ namespace }),
    );
  } catch {
    missing.push('temporal');
  }
  try {
    await store.selectFrom('destination').select('destination').limit(1).execute();
  } catch {
    missing.push('postgresql');
  }
  return missing;
}

/** Blobs are looked at once an hour. */
const HOUSEKEEPING_EVERY = '1 hour';

async function scheduleHousekeeping(client: Client, taskQueue: string): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: HOUSEKEEPING_SCHEDULE_ID,
      spec: { intervals: [{ every: HOUSEKEEPING_EVERY }] },
      action: { type: 'startWorkflow', workflowType: WORKFLOW_TYPES.housekeeping, taskQueue, args: [] },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}

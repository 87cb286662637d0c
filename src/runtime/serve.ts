/**
 * Runs Ductus: the entry point, the worker, or both; with embedded servers where none are configured. Order of a
 * shutdown: take no more requests, let running activities end, close connections, stop embedded servers.
 */
import type { AddressInfo } from 'node:net';
import { ScheduleAlreadyRunning, type Client } from '@temporalio/client';
import { startMllpListeners } from '../api/patient-sync/listeners';
import { createApi } from '../api/server';
import { DuctusError } from '../domain/errors';
import { LIMITS } from '../domain/limits';
import { WORKFLOW_TYPES } from '../domain/messages';
import { HOUSEKEEPING_SCHEDULE_ID, WATCH_SCHEDULE_ID } from '../domain/workflow-ids';
import { migrateStore, openStore } from '../store/database';
import { createAuditLog } from './audit';
import { startCodecServer } from './codec-server';
import type { Config } from './config/schema';
import { buildDependencies } from './dependencies';
import { startEmbeddedPostgres } from './embedded/postgres';
import { findTemporalBinary, startEmbeddedTemporal } from './embedded/temporal';
import { createHealth, startMonitoring, type RunningMonitoring } from './monitoring';
import { createOperations } from './operations';
import { createPatientOperations } from './patient-operations';
import { createPatientSyncDoor } from './patient-sync-door';
import { createTemporalClient, registerSearchAttributes } from './temporal/client';
import { createWorkflowMessenger, FLOW, notifyDataSharing, notifyPatientChange } from './temporal/messenger';
import { startWorker, type WorkflowCode } from './temporal/worker';
import type { Logger } from './telemetry/logger';
import { createMetrics } from './telemetry/metrics';
import { traced } from './telemetry/span';
import { startTracing } from './telemetry/traces';

export type Role = 'api' | 'worker' | 'codec' | 'all';

export interface RunningDuctus {
  /** Base URL of the HTTP API; undefined for a worker alone. */
  readonly url: string | undefined;
  readonly temporalAddress: string;
  /** URL of the Temporal Web UI, when Ductus runs the server. */
  readonly temporalUi: string | undefined;
  /** URL of the codec server, where it runs. */
  readonly codecUrl: string | undefined;
  /** Base URL of the listener of `metrics.port`, where one is configured. */
  readonly metricsUrl: string | undefined;
  /** Where the MLLP listeners of the HIS are; none for a worker alone. */
  readonly mllp: readonly ListeningAddress[];
  /** Rejects when a part fails that Ductus can't go on without. */
  readonly failed: Promise<never>;
  /** Stops everything within the grace period; nothing that was taken is lost. */
  stop(): Promise<void>;
}

export interface ListeningAddress {
  /** Name of the configuration. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
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
  /** Where Temporal's SDK serves its own metrics in this process; they are shown with Ductus's. */
  readonly sdkMetricsUrl?: string;
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
  if (role === 'codec' && config.codec === undefined)
    throw new DuctusError('DUCTUS_CONFIG_INVALID', 'serve --role codec needs `codec` in the configuration.');
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
  const storeUrl = await storeServer(config, logger, closers);
  const store = openStore({
    url: storeUrl,
    poolSize: config.store.poolSize,
    onIdleError: () => logger.warn('a connection to PostgreSQL was lost; the pool opens another'),
  });
  closers.push({ name: 'store', close: () => store.destroy() });
  const metrics = createMetrics();
  const shared = { config, store, metrics, logger };
  // Before Temporal: the embedded Web UI is told where it is.
  const codec = role === 'codec' || role === 'all' ? await startCodecServer(config, logger, store) : undefined;
  if (codec !== undefined) closers.push({ name: 'codec server', close: () => codec.close() });
  if (role === 'codec') {
    const temporalAddress = config.temporal.address ?? '';
    const health = createHealth({ ...shared, roles: ['codec'], client: undefined, sdkMetricsUrl: undefined });
    const metricsUrl = listensWithMetrics(await startMonitoring(config, health, logger), closers);
    return {
      url: undefined,
      temporalAddress,
      temporalUi: undefined,
      codecUrl: codec?.url,
      metricsUrl,
      mllp: [],
      failed: never(),
      stop,
    };
  }
  const codecEndpoint = options.codecEndpoint ?? config.temporal.embedded.codecEndpoint ?? codec?.url;
  const temporal = await temporalServer(config, logger, codecEndpoint, closers);
  if (temporal.ui !== undefined) codec?.allow(temporal.ui);

  const tracing = startTracing(config);
  if (tracing !== undefined) closers.push({ name: 'traces', close: () => tracing.close() });
  const { client, close } = createTemporalClient(config, temporal.address, tracing?.clientInterceptors);
  closers.push({ name: 'temporal client', close });
  const health = createHealth({
    ...shared,
    roles: role === 'all' ? ['api', 'worker'] : [role],
    client,
    sdkMetricsUrl: options.sdkMetricsUrl,
  });
  // Before the waits for what is not there yet: they can be seen, and so can a stop.
  const metricsUrl = listensWithMetrics(await startMonitoring(config, health, logger), closers);
  const { taskQueue, namespace } = config.temporal;
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  failed.catch(() => undefined);

  if (role !== 'api') {
    await patiently(logger, 'PostgreSQL', () => migrateStore(store));
    await patiently(logger, 'Temporal', () => registerSearchAttributes(client, namespace));
    await scheduleEvery(
      client,
      taskQueue,
      HOUSEKEEPING_SCHEDULE_ID,
      WORKFLOW_TYPES.housekeeping,
      HOUSEKEEPING_EVERY_MS,
    );
    await scheduleEvery(client, taskQueue, WATCH_SCHEDULE_ID, WORKFLOW_TYPES.watch, LIMITS.watchEveryMs);
    const built = buildDependencies({
      config,
      store,
      workflows: createWorkflowMessenger(client, taskQueue),
      metrics,
      logger,
    });
    closers.push({ name: 'connections', close: () => built.close() });
    const worker = await startWorker(built.deps, temporal.address, options.workflows, tracing);
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
  let mllp: readonly ListeningAddress[] = [];
  if (role !== 'worker') {
    const patientSync = createPatientSyncDoor({
      ...shared,
      notify: (input) =>
        traced('HIS message', { kind: 'server', organization: input.organization }, () =>
          storedInTemporal(client, () => notifyPatientChange(client, taskQueue, input)),
        ),
    });
    const operations = createOperations(config, store, client);
    const app = await createApi({
      config,
      logger,
      metrics,
      notify: (input) =>
        traced('POST /roche/notifications', { kind: 'server', organization: input.organization }, () =>
          storedInTemporal(client, () => notifyDataSharing(client, taskQueue, input)),
        ),
      operations,
      redelivery: operations.redelivery,
      patients: createPatientOperations(config, store),
      audit: createAuditLog(config, store),
      health,
      patientSync,
    });
    await app.listen({ host: config.api.host, port: config.api.port });
    closers.push({ name: 'api', close: () => app.close() });
    url = listeningUrl(app.addresses()[0], config);
    logger.info({ url }, 'api listens');
    const doors = await startMllpListeners(config, patientSync);
    closers.push({ name: 'mllp listeners', close: () => doors.close() });
    mllp = doors.listeners.map(({ name, address }) => ({ name, host: address.address, port: address.port }));
  }
  return {
    url,
    temporalAddress: temporal.address,
    temporalUi: temporal.ui,
    codecUrl: codec?.url,
    metricsUrl,
    mllp,
    failed,
    stop,
  };
}

function listensWithMetrics(monitoring: RunningMonitoring | undefined, closers: Closer[]): string | undefined {
  if (monitoring !== undefined) closers.push({ name: 'metrics', close: () => monitoring.close() });
  return monitoring?.url;
}

/** A part that can't fail after it has started. */
function never(): Promise<never> {
  return new Promise<never>(() => undefined);
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

/** Blobs are looked at once an hour. */
const HOUSEKEEPING_EVERY_MS = 60 * 60_000;

async function scheduleEvery(
  client: Client,
  taskQueue: string,
  scheduleId: string,
  workflowType: string,
  everyMs: number,
): Promise<void> {
  const action = {
    type: 'startWorkflow' as const,
    workflowType,
    taskQueue,
    args: [],
    typedSearchAttributes: [{ key: FLOW, value: workflowType }],
  };
  try {
    await client.schedule.create({
      scheduleId,
      spec: { intervals: [{ every: everyMs }] },
      action,
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    // Made by an earlier version, perhaps. How often it runs stays: a site may have set it.
    await client.schedule
      .getHandle(scheduleId)
      .update((schedule) => (schedule.action.taskQueue === taskQueue ? { ...schedule, action } : schedule));
  }
}

/** The worker: runs workflows and activities until it is told to stop, then lets running activities end. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { OpenTelemetrySinks } from '@temporalio/interceptors-opentelemetry';
import { NativeConnection, Worker, type InjectedSinks, type WorkerOptions } from '@temporalio/worker';
import { createDataSharingActivities } from '../../activities/data-sharing';
import { createDestinationActivities } from '../../activities/destination';
import { createHousekeepingActivities } from '../../activities/housekeeping';
import { createPatientSyncActivities } from '../../activities/patient-sync';
import { createRedeliveryActivities } from '../../activities/redelivery';
import { createWatchActivities } from '../../activities/watch';
import type { ActivityDependencies } from '../../activities/dependencies';
import type { Config } from '../config/schema';
import { createDataConverter } from '../codec/data-converter';
import type { Tracing } from '../telemetry/traces';
import { connectionOptions } from './client';
import { clearKeyAlerts, tellOfMissingKeys } from './key-alerts';

/** Made by `npm run build`, beside the compiled sources: a worker that bundles at start is slower and larger. */
const BUNDLE = path.resolve(__dirname, '../../../workflow-bundle.js');

export type WorkflowCode = Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'interceptors'>;

/** Without extension: `.ts` in tests, `.js` when compiled. */
export const WORKFLOW_INTERCEPTORS = path.resolve(__dirname, '../../workflows/traces');

export interface RunningWorker {
  /** Ends when the worker has stopped; rejects when it failed. */
  readonly stopped: Promise<void>;
  shutdown(): void;
}

/**
 * Starts a worker.
 * @param address host:port of Temporal
 * @param workflows where the workflows' code is; default: the prebuilt bundle
 * @param tracing where traces are configured
 */
export async function startWorker(
  deps: ActivityDependencies,
  address: string,
  workflows: WorkflowCode = defaultWorkflows(),
  tracing?: Tracing,
): Promise<RunningWorker> {
  const { config } = deps;
  const { worker: sizes } = config.temporal;
  await clearKeyAlerts(deps);
  const connection = await NativeConnection.connect(connectionOptions(config, address));
  try {
    const worker = await Worker.create({
      connection,
      namespace: config.temporal.namespace,
      taskQueue: config.temporal.taskQueue,
      dataConverter: createDataConverter(config, tellOfMissingKeys(deps)),
      activities: {
        ...createDataSharingActivities(deps),
        ...createDestinationActivities(deps),
        ...createHousekeepingActivities(deps),
        ...createPatientSyncActivities(deps),
        ...createRedeliveryActivities(deps),
        ...createWatchActivities(deps),
      },
      ...workflows,
      ...versioned(sizes.versioning),
      // Also without traces here: work that another process traces calls it.
      sinks: tracing?.worker.sinks ?? NO_TRACES,
      interceptors: { ...workflows.interceptors, ...tracing?.worker.interceptors },
      maxConcurrentActivityTaskExecutions: sizes.maxConcurrentActivities,
      maxConcurrentLocalActivityExecutions: sizes.maxConcurrentLocalActivities,
      maxCachedWorkflows: sizes.maxCachedWorkflows,
      // What a dead worker had in its cache waits this long before another takes it: half of the default.
      stickyQueueScheduleToStartTimeout: '5s',
      shutdownGraceTime: sizes.shutdownGraceMs,
      shutdownForceTime: sizes.shutdownGraceMs + 10_000,
    });
    const stopped = worker.run().finally(() => connection.close());
    return { stopped, shutdown: () => worker.shutdown() };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

const NO_TRACES: InjectedSinks<OpenTelemetrySinks> = { exporter: { export: { fn: () => undefined } } };

/** A workflow stays on the release on which it started, whatever is current by then: its code can be changed freely. */
function versioned(
  versioning: Config['temporal']['worker']['versioning'],
): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (versioning === undefined) return {};
  const { deployment, buildId } = versioning;
  return {
    workerDeploymentOptions: {
      version: { deploymentName: deployment, buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'PINNED',
    },
  };
}

function defaultWorkflows(): WorkflowCode {
  return existsSync(BUNDLE)
    ? { workflowBundle: { codePath: BUNDLE } }
    : {
        workflowsPath: path.resolve(__dirname, '../../workflows'),
        interceptors: { workflowModules: [WORKFLOW_INTERCEPTORS] },
      };
}

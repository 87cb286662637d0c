/** The worker: runs workflows and activities until it is told to stop, then lets running activities end. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createDataSharingActivities } from '../../activities/data-sharing';
import { createDestinationActivities } from '../../activities/destination';
import { createHousekeepingActivities } from '../../activities/housekeeping';
import { createRedeliveryActivities } from '../../activities/redelivery';
import type { ActivityDependencies } from '../../activities/dependencies';
import { createDataConverter } from '../codec/data-converter';
import { connectionOptions } from './client';

/** Made by `npm run build`, beside the compiled sources: a worker that bundles at start is slower and larger. */
const BUNDLE = path.resolve(__dirname, '../../../workflow-bundle.js');

export type WorkflowCode = Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'>;

export interface RunningWorker {
  /** Ends when the worker has stopped; rejects when it failed. */
  readonly stopped: Promise<void>;
  shutdown(): void;
}

/**
 * Starts a worker.
 * @param address host:port of Temporal
 * @param workflows where the workflows' code is; default: the prebuilt bundle
 */
export async function startWorker(
  deps: ActivityDependencies,
  address: string,
  workflows: WorkflowCode = defaultWorkflows(),
): Promise<RunningWorker> {
  const { config } = deps;
  const { worker: sizes } = config.temporal;
  const connection = await NativeConnection.connect(connectionOptions(config, address));
  try {
    const worker = await Worker.create({
      connection,
      namespace: config.temporal.namespace,
      taskQueue: config.temporal.taskQueue,
      dataConverter: createDataConverter(config),
      activities: {
        ...createDataSharingActivities(deps),
        ...createDestinationActivities(deps),
        ...createHousekeepingActivities(deps),
        ...createRedeliveryActivities(deps),
      },
      ...workflows,
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

function defaultWorkflows(): WorkflowCode {
  return existsSync(BUNDLE)
    ? { workflowBundle: { codePath: BUNDLE } }
    : { workflowsPath: path.resolve(__dirname, '../../workflows') };
}

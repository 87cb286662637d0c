/**
 * A worker with nothing to do but the empty workflow, as a process set up as Ductus's worker is (runtime, converter,
 * bundle, sizes): what Temporal itself costs in time and memory.
 */
import { NativeConnection, Worker } from '@temporalio/worker';
import { createDataConverter } from '../src/runtime/codec/data-converter';
import { loadConfig } from '../src/runtime/config/load';
import { createLogger } from '../src/runtime/telemetry/logger';
import { installTemporalRuntime } from '../src/runtime/telemetry/temporal-runtime';

async function main(configFile: string, taskQueue: string, codePath: string): Promise<void> {
  const config = loadConfig({ file: configFile, env: process.env });
  const { worker: sizes, address = '' } = config.temporal;
  installTemporalRuntime({ logger: createLogger({ level: 'error', role: 'worker' }) });
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    taskQueue,
    dataConverter: createDataConverter(config),
    workflowBundle: { codePath },
    activities: {
      nothing: () => {
        console.log('done');
        return Promise.resolve();
      },
    },
    maxConcurrentActivityTaskExecutions: sizes.maxConcurrentActivities,
    maxConcurrentLocalActivityExecutions: sizes.maxConcurrentLocalActivities,
    maxCachedWorkflows: sizes.maxCachedWorkflows,
  });
  process.once('SIGTERM', () => worker.shutdown());
  console.log('ready');
  await worker.run();
  await connection.close();
}

const [configFile, taskQueue, codePath] = process.argv.slice(2);
if (configFile === undefined || taskQueue === undefined || codePath === undefined) {
  throw new Error('usage: empty-worker <configuration> <task queue> <bundle>');
}
main(configFile, taskQueue, codePath).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

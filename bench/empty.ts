/** The measure for throughput: a workflow with one empty activity, on the same server, by a worker process of its own. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';
import { createDataConverter } from '../src/runtime/codec/data-converter';
import { loadConfig } from '../src/runtime/config/load';
import type { Stage } from '../test/faults/harness/stage';
import { Child } from './child';

export class EmptyWorkflows implements AsyncDisposable {
  private constructor(
    private readonly connection: Connection,
    private readonly client: Client,
    private readonly taskQueue: string,
    readonly worker: Child,
  ) {}

  /** @param folder where the workflow's bundle is written: a worker that bundles itself is larger */
  static async start(stage: Stage, folder: string): Promise<EmptyWorkflows> {
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(__dirname, 'empty-workflows.js'),
      failureConverterPath: join(__dirname, '../src/runtime/codec/failure-converter.js'),
      logger: new DefaultLogger('WARN'),
    });
    const bundle = join(folder, 'empty-bundle.js');
    writeFileSync(bundle, code);
    const env = { ...process.env, STORE_URL: stage.storeUrl };
    const taskQueue = `empty-${randomUUID()}`;
    const worker = await Child.start(join(__dirname, 'empty-worker.js'), [stage.configFile, taskQueue, bundle], env);
    const connection = await Connection.connect({ address: stage.temporal.address });
    const dataConverter = createDataConverter(loadConfig({ file: stage.configFile, env }));
    return new EmptyWorkflows(connection, new Client({ connection, dataConverter }), taskQueue, worker);
  }

  /**
   * Starts workflows as Ductus's entry point starts its own, and waits until each has run its activity.
   * @returns workflows per second
   */
  async throughput(workflows: number, concurrency: number): Promise<number> {
    const before = this.worker.done;
    const begin = Date.now();
    let started = 0;
    const starter = async (): Promise<void> => {
      while (started < workflows) {
        started += 1;
        await this.client.workflow.start('emptyWorkflow', {
          taskQueue: this.taskQueue,
          workflowId: `empty/${randomUUID()}`,
        });
      }
    };
    await Promise.all(Array.from({ length: concurrency }, starter));
    while (this.worker.done < before + workflows) await sleep(20);
    return (workflows * 1000) / (this.worker.lastAtMs - begin);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
    await this.worker[Symbol.asyncDispose]();
  }
}

/** What a real Temporal server stores of a workflow: nothing that was told in confidence. */
import { randomUUID } from 'node:crypto';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createDataConverter } from '../../../src/runtime/codec/data-converter';
import { testConfig } from '../../support/config';
import { testTemporalAddress } from '../../support/temporal';
import { createHistoryActivities } from './history.activities';
import { changed, everyWay, failing, failingHugely, lastTold, returningTooMuch, told } from './history.workflows';

const SECRET = 'planted-secret-of-Jane-Doe';

const dataConverter = createDataConverter(testConfig({ organizations: {}, destinations: {} }));
const taskQueue = `codec-${randomUUID()}`;

let connection: Connection;
let native: NativeConnection;
let client: Client;
/** Sees what the server sees. */
let outsider: Client;
let worker: Worker;
let running: Promise<void>;

beforeAll(async () => {
  // Failures are what these tests are about; the worker need not report them.
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const address = testTemporalAddress();
  connection = await Connection.connect({ address });
  client = new Client({ connection, dataConverter });
  outsider = new Client({ connection });
  native = await NativeConnection.connect({ address });
  worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowsPath: require.resolve('./history.workflows'),
    activities: createHistoryActivities(),
    dataConverter,
  });
  running = worker.run();
});

afterAll(async () => {
  worker.shutdown();
  await running;
  await connection.close();
  await native.close();
});

async function start<Args extends unknown[]>(
  workflow: (...args: Args) => Promise<unknown>,
  args: NoInfer<Args>,
): Promise<WorkflowHandle> {
  return client.workflow.start(workflow.name, {
    taskQueue,
    workflowId: `codec/${randomUUID()}`,
    args,
    memo: { note: SECRET },
    staticSummary: SECRET,
    staticDetails: SECRET,
  });
}

/** protobufjs writes bytes as base64. */
function readable(message: object): string {
  return JSON.stringify(message);
}

/** The history as the server keeps it, and its events by type. */
async function rawHistory(workflowId: string): Promise<{ text: string; types: Set<string> }> {
  const history = await outsider.workflow.getHandle(workflowId).fetchHistory();
  const text = readable(history);
  const types = new Set(
    (history.events ?? []).flatMap((event) => Object.keys(event).filter((key) => key.endsWith('Attributes'))),
  );
  return { text, types };
}

/** The secret itself and in base64 at each of the three alignments. */
function findsSecret(text: string): boolean {
  const aligned = [0, 1, 2].map((shift) =>
    Buffer.from(' '.repeat(shift) + SECRET)
      .toString('base64')
      .slice(4, -4),
  );
  return [SECRET, ...aligned].some((form) => text.includes(form));
}

describe('the history of a workflow', () => {
  it('should be searched by a search that finds', () => {
    for (const before of ['', 'a', 'ab'])
      expect(findsSecret(Buffer.from(before + SECRET + before).toString('base64'))).toBe(true);
    expect(findsSecret(`x${SECRET}y`)).toBe(true);
    expect(findsSecret('x')).toBe(false);
  });

  it('should hold no input, result, signal, update, memo, summary, heartbeat or failure in clear', async () => {
    const handle = await start(everyWay, [SECRET]);
    await handle.signal(told, SECRET);
    expect(await handle.query(lastTold)).toBe(SECRET);
    expect(await handle.executeUpdate(changed, { args: [SECRET] })).toBe(`changed ${SECRET}`);
    expect(await handle.result()).toEqual({
      result: `echo ${SECRET} echo ${SECRET}`,
      localFailure: `failed with ${SECRET}`,
      failure: `failed with ${SECRET}`,
    });
    const { text, types } = await rawHistory(handle.workflowId);
    for (const type of [
      'workflowExecutionStartedEventAttributes',
      'workflowExecutionSignaledEventAttributes',
      'workflowExecutionUpdateAcceptedEventAttributes',
      'workflowExecutionUpdateCompletedEventAttributes',
      'markerRecordedEventAttributes',
      'activityTaskScheduledEventAttributes',
      'activityTaskFailedEventAttributes',
      'workflowExecutionCompletedEventAttributes',
    ]) {
      expect(types).toContain(type);
    }
    expect(findsSecret(text)).toBe(false);
    const description = await connection.workflowService.describeWorkflowExecution({
      namespace: 'default',
      execution: { workflowId: handle.workflowId },
    });
    expect(description.workflowExecutionInfo?.memo?.fields).toHaveProperty('note');
    expect(findsSecret(readable(description))).toBe(false);
    expect((await handle.describe()).memo).toEqual({ note: SECRET });
  });

  it('should hold no message and no stack of a failed workflow in clear', async () => {
    const handle = await start(failing, [SECRET]);
    const error = await handle.result().catch((reason: unknown) => reason);
    if (!(error instanceof WorkflowFailedError)) throw error;
    expect(error.cause?.message).toBe(`the workflow fails with ${SECRET}`);
    const { text, types } = await rawHistory(handle.workflowId);
    expect(types).toContain('workflowExecutionFailedEventAttributes');
    expect(text).toContain('Encoded failure');
    expect(text).not.toContain('history.workflows.ts');
    expect(findsSecret(text)).toBe(false);
  });

  it('should be complete for an outsider who plants nothing: the same search finds what no codec encrypted', async () => {
    const workflowId = `codec/${randomUUID()}`;
    const handle = await outsider.workflow.start('nobodyRunsThis', {
      taskQueue: `${taskQueue}-none`,
      workflowId,
      args: [SECRET],
    });
    expect(findsSecret((await rawHistory(workflowId)).text)).toBe(true);
    await handle.terminate('the test is over');
  });
});

describe('payloads that are too large', () => {
  it('should not stop the worker when they are part of a failure', async () => {
    const message = String(await (await start(failingHugely, [])).result());
    expect(message.startsWith('huge xxx')).toBe(true);
    expect(message.length).toBeLessThan(10_000);
    expect(worker.getState()).toBe('RUNNING');
  });

  it('should fail the activity that returned them, with a message that says so', async () => {
    expect(await (await start(returningTooMuch, [])).result()).toMatch(
      /^Payload 1 of 1 of activity 1 of workflow codec\/\S+ has \d+ bytes/,
    );
    expect(worker.getState()).toBe('RUNNING');
  });

  it('should be refused before they are sent to Temporal', async () => {
    await expect(start(failing, ['x'.repeat(300 * 1024)])).rejects.toMatchObject({ code: 'DUCTUS_PAYLOAD_TOO_LARGE' });
  });
});

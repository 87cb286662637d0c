/**
 * Two releases side by side, as worker processes with different workflow code: work that started on the old one and waits
 * for a decision ends there, after the new one has become current; new work starts on the new one.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from '@temporalio/worker';
import { createDataConverter } from '../../src/runtime/codec/data-converter';
import { ROOT } from '../cli/ductus-command';
import { openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import { acknowledged, bundle, parked, result, share } from '../support/hospital-steps';
import { operatorOf, type Operator } from '../support/operator';
import { temporaryFolder } from '../support/temporary-folder';
import { testTemporalAddress } from '../support/temporal';
import { until } from '../support/until';

let world: World;
/** In node_modules, so that the copy finds its packages. */
let copy: string;
const BUNDLE = 'workflow-bundle.js';
const STARTED = 'condition)(() => state.started);';

beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
  copy = mkdtempSync(path.join(ROOT, 'node_modules', '.ductus-next-'));
  for (const part of ['src', BUNDLE]) cpSync(path.join(ROOT, 'dist', part), path.join(copy, part), { recursive: true });
  writeFileSync(path.join(copy, 'package.json'), '{}');
  const code = readFileSync(path.join(copy, BUNDLE), 'utf8');
  if (!code.includes(STARTED)) throw new Error('the workflow bundle has another form: change this test');
  // The next release waits a moment at its start: a history of the old one does not fit it.
  writeFileSync(path.join(copy, BUNDLE), code.replace(STARTED, `${STARTED}\n    await (0, workflow_1.sleep)(7);`));
});
afterAll(async () => {
  rmSync(copy, { recursive: true, force: true });
  await world.stop();
});

class WorkerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  output = '';

  constructor(code: string, operator: Operator, env: Readonly<Record<string, string>>) {
    const args = [path.join(code, 'src/cli/main.js'), '--config', operator.configFile, 'serve', '--role', 'worker'];
    this.#child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'] ?? '', ...env } });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }
}

function release(hospital: Hospital, folder: string, buildId: string): Operator {
  const { address, taskQueue } = hospital.config.temporal;
  const worker = { versioning: { deployment: `ductus-${taskQueue}`, buildId } };
  return operatorOf(hospital, path.join(folder, buildId), { temporal: { address, taskQueue, worker } });
}

async function makeCurrent(operator: Operator, buildId: string, worker: WorkerProcess): Promise<void> {
  try {
    await until(async () => (await operator.run('releases', 'current', buildId)).status === 0, 60_000, buildId);
  } catch (error) {
    throw new Error(`${buildId} did not become current: ${worker.output}`, { cause: error });
  }
}

/** Build id on which a workflow runs or has run. */
async function buildOf(hospital: Hospital, messageId: string): Promise<string | undefined> {
  const { raw } = await hospital.client.workflow.getHandle(hospital.workflowId(messageId)).describe();
  return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? undefined;
}

it('should end old work on the old release and start new work on the new one', async () => {
  await using hospital = await openHospital(world);
  using folder = temporaryFolder();
  await hospital.ductus.stop();
  await hospital.startAgain('api');
  const one = release(hospital, folder.path, '1.0.0');
  const two = release(hospital, folder.path, '2.0.0');

  await using old = new WorkerProcess(path.join(ROOT, 'dist'), one, hospital.secrets);
  await makeCurrent(one, '1.0.0', old);
  hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
  const waiting = await share(hospital, bundle(1));
  await parked(hospital, waiting.messageId);

  await using next = new WorkerProcess(copy, two, hospital.secrets);
  await makeCurrent(two, '2.0.0', next);
  const fresh = await share(hospital, bundle(2));
  await result(hospital, fresh.messageId);
  expect(await buildOf(hospital, fresh.messageId)).toBe('2.0.0');
  const { lines } = await two.json('releases', 'list');
  expect(lines).toContainEqual(expect.objectContaining({ buildId: '2.0.0', state: 'current' }));
  expect(lines).toContainEqual(expect.objectContaining({ buildId: '1.0.0', state: 'draining' }));

  const id = hospital.workflowId(waiting.messageId);
  expect(await two.run('parked', 'retry', id, '--reason', 'EMR corrected')).toMatchObject({ status: 0 });
  await acknowledged(hospital, 2);
  await result(hospital, waiting.messageId);
  expect(await buildOf(hospital, waiting.messageId)).toBe('1.0.0');

  // That it was the old code: the new one cannot replay it.
  const history = await hospital.client.workflow.getHandle(id).fetchHistory();
  const options = {
    workflowBundle: { codePath: path.join(copy, BUNDLE) },
    dataConverter: createDataConverter(hospital.config),
  };
  const errors: unknown[] = [];
  for await (const each of Worker.runReplayHistories(options, [{ workflowId: id, history }])) errors.push(each.error);
  expect(errors).toEqual([expect.any(Error)]);
}, 180_000);

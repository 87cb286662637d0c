/**
 * The exercise of docs/operations/night-shift.md, from the first line to the last problem. The operator has the command
 * line, an editor and the telephone; each step is what the named page of docs/operations teaches.
 */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { ductus, ROOT, run } from '../cli/ductus-command';
import { DemoProcess } from '../demo/demo-process';
import { runs } from '../support/runs';
import { temporaryFolder } from '../support/temporary-folder';
import { until } from '../support/until';

const WAIT_MS = 120_000;

const Score = z.strictObject({
  problems: z.array(
    z.strictObject({
      number: z.number(),
      state: z.enum(['open', 'repaired']),
      name: z.string().optional(),
      solution: z.string().optional(),
    }),
  ),
  repaired: z.number(),
  lost: z.number(),
  twice: z.number(),
});
const Parked = z.looseObject({ workflowId: z.string(), code: z.string() });
const Destination = z.looseObject({ destination: z.string(), state: z.string(), waiting: z.number() });
const Key = z.looseObject({ keyId: z.string(), state: z.string(), running: z.number() });
const Run = z.looseObject({ pid: z.number() });
const Digest = z.looseObject({ digest: z.string() });

/** Somebody at a second terminal. */
class Operator {
  constructor(readonly folder: string) {}

  async tool(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.toolEnds(...args);
    expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: '' });
    return stdout;
  }

  toolEnds(...args: string[]) {
    return ductus(['--config', join(this.folder, 'ductus.yaml'), ...args]);
  }

  async list<T>(schema: z.ZodType<T>, ...args: string[]): Promise<T[]> {
    return (await this.tool('--json', ...args))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => schema.parse(JSON.parse(line)));
  }

  async call(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await run(join(this.folder, 'call'), args, ROOT);
    expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: '' });
    return stdout;
  }

  async score(...flags: string[]): Promise<z.infer<typeof Score>> {
    await using asked = new DemoProcess('--night-shift-score', '--json', ...flags, '--data-dir', this.folder);
    expect({ exitCode: await asked.ended(), stderr: asked.stderr }).toEqual({ exitCode: 0, stderr: '' });
    return Score.parse(JSON.parse(asked.stdout));
  }

  /** The id of what is parked with a code. */
  async parked(code: string): Promise<string> {
    const found = await this.list(Parked, 'parked', 'list', '--code', code);
    expect(found).toHaveLength(1);
    return found[0]?.workflowId ?? '';
  }

  /** Puts something that was handed over where the configuration says. */
  place(name: string, ...at: string[]): void {
    copyFileSync(join(this.folder, 'handed-over', name), join(this.folder, ...at));
  }
}

it('should be won by the command line and the documentation', async () => {
  using folder = temporaryFolder();
  await using night = new DemoProcess('--night-shift', '--data-dir', folder.path);
  await until(
    () => {
      expect({ exitCode: night.child.exitCode, stderr: night.stderr }).toEqual({ exitCode: null, stderr: '' });
      return night.stdout.includes('Ctrl-C ends the night');
    },
    WAIT_MS,
    'the briefing',
  );
  expect(night.stdout).not.toMatch(/DUCTUS_|held|expire|killed|garbage|missing|paused/);
  const operator = new Operator(folder.path);
  const first = await operator.score();
  expect(first).toMatchObject({ repaired: 0, twice: 0 });
  expect(first.problems).toHaveLength(10);
  expect(first.problems.every(({ name, solution }) => name === undefined && solution === undefined)).toBe(true);
  expect((await operator.score('--solve')).problems[0]).toMatchObject({ name: expect.any(String) });

  // README, "What happened, and what is wrong": the doctor, what is parked, destinations, keys.
  const sick = await operator.toolEnds('doctor', '--problems');
  expect(sick.stdout).toMatch(/FAIL {2}organizations\.st-marien\.roche\.tls\.cert: the certificate expires in 5 days/);
  expect(sick.stdout).toMatch(/FAIL {2}organizations\.st-anna: no credentials for files: .* 401/);
  expect(sick.stdout).toMatch(/FAIL {2}destinations\.emr-main: nothing listens there/);
  await until(
    async () => /FAIL {2}temporal: (workflows wait|no worker)/.test((await operator.toolEnds('doctor')).stdout),
    WAIT_MS,
    'the finding about the worker',
  );
  await operator.call('platform', 'restart', 'worker');
  expect((await operator.list(Parked, 'parked', 'list')).map(({ code }) => code).sort()).toEqual([
    'DUCTUS_BUNDLE_INVALID',
    'DUCTUS_EMR_AMBIGUOUS',
    'DUCTUS_PATIENT_UNKNOWN',
    'DUCTUS_ROCHE_UNAUTHORIZED',
  ]);
  expect(await operator.list(Destination, 'destinations', 'list')).toEqual([
    expect.objectContaining({ destination: 'emr-main', state: 'paused', waiting: 3 }),
    expect.objectContaining({ destination: 'emr-anna', state: 'held', waiting: 2 }),
  ]);
  const keys = await operator.list(Key, 'keys', 'list');
  expect(keys).toContainEqual(expect.objectContaining({ keyId: 'spring', state: 'missing', running: 1 }));
  expect(await operator.call('ward', 'ask', 'st-anna')).toContain('mg/dL');

  // keys.md, "A key is missing"; drills.md, "Certificate expired" and "Wrong mapping": correct all, then restart once.
  await operator.call('security', 'key', 'spring');
  operator.place('key-spring', 'secrets', 'key-spring');
  await operator.call('security', 'certificate', 'st-marien');
  operator.place('st-marien-client.pem', 'certificates', 'st-marien-client.pem');
  operator.place('st-marien-client-key.pem', 'certificates', 'st-marien-client-key.pem');
  await operator.call('roche', 'secret', 'st-anna');
  operator.place('st-anna-client-secret', 'secrets', 'st-anna-client-secret');
  const file = join(folder.path, 'ductus.yaml');
  const config = parseDocument(readFileSync(file, 'utf8'));
  config.setIn(['encryption', 'keys', 'spring', 'file'], 'secrets/key-spring');
  config.setIn(['destinations', 'emr-anna', 'mapping', 'glucoseUnit'], 'mg/dL');
  writeFileSync(file, String(config));
  await operator.tool('config', 'check');
  await operator.call('platform', 'restart', 'worker');

  // drills.md, "EMR down for two days"; README, "Destinations".
  await operator.call('emr-main', 'restart');
  expect(await operator.call('emr-anna', 'ask')).toContain('Nothing is planned');
  await operator.tool('destinations', 'resume', 'emr-anna', '--reason', 'the upgrade is over');

  // errors.md, DUCTUS_EMR_AMBIGUOUS: look for the MSH-10 in the EMR.
  const ambiguous = await operator.parked('DUCTUS_EMR_AMBIGUOUS');
  const controlId = /Message (\S+) was sent/.exec(await operator.tool('parked', 'show', ambiguous))?.[1] ?? '';
  expect(await operator.call('emr-anna', 'find', controlId)).toContain('is in the EMR');
  await operator.tool('parked', 'skip', ambiguous, '--reason', 'the EMR has it');

  // drills.md, "Roche sends garbage".
  const garbage = await operator.parked('DUCTUS_BUNDLE_INVALID');
  const key = /File: (\S+),/.exec(await operator.tool('trace', garbage))?.[1] ?? '';
  expect(await operator.call('roche', 'file', key)).toContain('a test of ours');
  await operator.tool('parked', 'discard', garbage, '--reason', 'a test of Roche');

  // guide/patients.md, "When a patient has no entry".
  await operator.call('patients', 'list', 'st-marien');
  const patients = join(folder.path, 'handed-over', 'st-marien-patients.csv');
  await operator.tool('patients', 'import', patients, '--organization', 'st-marien');
  const unknown = ['--all', '--code', 'DUCTUS_PATIENT_UNKNOWN', '--from', 'transform'];
  await operator.tool('parked', 'retry', ...unknown, '--reason', 'patients imported');

  const unauthorized = ['--all', '--code', 'DUCTUS_ROCHE_UNAUTHORIZED'];
  await operator.tool('parked', 'retry', ...unauthorized, '--reason', 'new client secret');

  // drills.md, "Wrong mapping released on Friday": when all of the destination is over.
  await until(
    async () =>
      (await operator.list(Parked, 'parked', 'list')).length === 0 &&
      (await operator.list(Destination, 'destinations', 'list')).every(
        ({ state, waiting }) => state === 'open' && waiting === 0,
      ),
    WAIT_MS,
    'nothing parked and nothing waiting',
  );
  const diff = ['redeliver', '--diff', '--destination', 'emr-anna', '--since', '3d'];
  const { digest } = Digest.parse((await operator.list(z.unknown(), ...diff))[0]);
  await operator.tool('redeliver', '--approve', digest, '--by', 'A. Weber', '--reason', 'unit of glucose');

  const won = await until(
    async () => {
      const score = await operator.score();
      return score.repaired === 10 && score.lost === 0 ? score : undefined;
    },
    WAIT_MS,
    'ten of ten',
  );
  expect(won).toMatchObject({ repaired: 10, lost: 0, twice: 0 });
  expect(won.problems.every(({ name }) => name !== undefined)).toBe(true);
  expect((await operator.tool('doctor', '--problems')).split('\n').at(-2)).toMatch(/^0 failures/);
  expect(await operator.tool('audit', 'verify')).toBeTruthy();
  await until(() => night.stdout.includes('Well done'), WAIT_MS, 'the end of the night');

  const pids = (await operator.call('platform', 'ask')).matchAll(/process (\d+)/g);
  const processes = [...pids].map(([, pid]) => Number(pid));
  night.child.kill('SIGINT');
  expect(await night.ended()).toBe(0);
  expect({ processes, left: processes.filter(runs) }).toEqual({
    processes: [expect.any(Number), expect.any(Number)],
    left: [],
  });
}, 480_000);

it('should say what to do where there is no night shift, and end in the middle of a preparation', async () => {
  using folder = temporaryFolder();
  await using nobody = new DemoProcess('--night-shift-score', '--data-dir', folder.path);
  expect([await nobody.ended(), nobody.stderr]).toEqual([1, expect.stringContaining('npm start -- --night-shift')]);
  await using wrong = new DemoProcess('--night-shift', '--solve');
  expect([await wrong.ended(), wrong.stderr]).toEqual([
    2,
    expect.stringContaining('--solve needs --night-shift-score'),
  ]);

  await using night = new DemoProcess('--night-shift', '--data-dir', folder.path);
  await until(() => night.stdout.includes('Starting Ductus'), WAIT_MS, 'the preparation');
  await using second = new DemoProcess('--night-shift', '--data-dir', folder.path);
  expect([await second.ended(), second.stderr]).toEqual([1, expect.stringContaining('goes on in')]);
  // The next one ends what a killed one has left.
  await until(() => existsSync(join(folder.path, 'worker.json')), WAIT_MS, 'the worker');
  const left = Run.parse(JSON.parse(readFileSync(join(folder.path, 'worker.json'), 'utf8'))).pid;
  night.child.kill('SIGKILL');
  await night.ended();
  await using next = new DemoProcess('--night-shift', '--data-dir', folder.path);
  await until(() => next.stdout.includes('Starting Ductus'), WAIT_MS, 'the next preparation');
  expect(runs(left)).toBe(false);
  next.child.kill('SIGINT');
  expect({ exitCode: await next.ended(), stderr: next.stderr }).toEqual({ exitCode: 0, stderr: '' });
}, 240_000);

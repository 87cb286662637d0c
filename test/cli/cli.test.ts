/** The `ductus` command as an operator types it: a process of its own, against a running Ductus. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import { acknowledged, bundle, parked, share, stored } from '../support/hospital-steps';
import { temporaryFolder } from '../support/temporary-folder';
import { testTemporalAddress } from '../support/temporal';
import { until } from '../support/until';

const MAIN = path.resolve(__dirname, '../../dist/src/cli/main.js');

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Not the synchronous form: the worker that takes a decision runs in this process. */
function ductus(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env['PATH'] ?? '', ...env } });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, ...text })));
}

/** The command with the configuration of a hospital. */
function at(hospital: Hospital, folder: string) {
  const file = path.join(folder, 'ductus.yaml');
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, stringify(hospital.configInput));
  return (...args: string[]) => ductus(['--config', file, ...args], hospital.secrets);
}

describe('ductus', () => {
  it('should list, show and repair parked work', async () => {
    await using hospital = await openHospital(world);
    using folder = temporaryFolder();
    const run = at(hospital, folder.path);
    expect(await run('parked', 'list')).toMatchObject({ status: 0, stdout: 'Nothing is parked.\n' });

    hospital.emr.script({ answer: { kind: 'AE', errorCode: '102', errorLocation: 'OBX^1^5' } });
    const { messageId } = await share(hospital, bundle(1));
    await parked(hospital, messageId);
    const id = hospital.workflowId(messageId);

    const listed = await run('parked', 'list', '--code', 'DUCTUS_EMR_REJECTED', '--since', '1h');
    expect(listed.status).toBe(0);
    expect(listed.stdout).toContain(id);
    const [json] = (await run('--json', 'parked', 'list')).stdout.trim().split('\n');
    expect(JSON.parse(json ?? '')).toMatchObject({ workflowId: id, code: 'DUCTUS_EMR_REJECTED', step: 'deliver' });

    const shown = await run('parked', 'show', id);
    expect(shown.stdout).toMatch(/what to do +\S/);
    expect(shown.stdout).toContain('rejected');

    expect((await run('parked', 'retry', id)).status).toBe(2);
    expect((await run('parked', 'retry', '--reason', 'x')).status).toBe(1);
    expect(
      await run('parked', 'retry', id, '--from', 'deliver', '--reason', 'EMR corrected', '--by', 'anna'),
    ).toMatchObject({
      status: 0,
      stdout: `${id}: retry taken\n`,
    });
    await acknowledged(hospital);
    expect(await stored(hospital)).toHaveLength(3);
    const done = (await run('parked', 'show', id)).stdout;
    expect(done).toContain('by anna: EMR corrected');
    expect(done).toContain('had failed    DUCTUS_EMR_REJECTED at deliver');
    expect(done).not.toContain('what to do');
    const again = await run('parked', 'retry', id, '--reason', 'twice');
    expect(again.status).toBe(1);
    expect(again.stdout).toMatch(/is under way|not parked/);
    expect(await run('parked', 'show', 'data-sharing/no/such')).toMatchObject({
      status: 1,
      stderr: 'ductus: The ledger knows no work with the id data-sharing/no/such.\n  DUCTUS_NOT_FOUND\n',
    });
  });

  it('should hold and resume a destination', async () => {
    await using hospital = await openHospital(world);
    using folder = temporaryFolder();
    const run = at(hospital, folder.path);
    expect((await run('destinations', 'list')).stdout).toMatch(new RegExp(`${hospital.destination} +open`));
    expect((await run('destinations', 'resume', hospital.destination, '--reason', 'x')).status).toBe(1);
    expect((await run('destinations', 'hold', hospital.destination, '--reason', 'upgrade')).status).toBe(0);
    await until(() => hospital.logLines.some((line) => line.includes('"state":"held"')), 10_000, 'the hold');
    expect((await run('destinations', 'list')).stdout).toContain('upgrade');
    expect((await run('destinations', 'resume', hospital.destination, '--reason', 'done')).status).toBe(0);
    await share(hospital, bundle(2));
    await acknowledged(hospital);
  });

  it('should say what is wrong with a configuration, and nothing of its secrets', async () => {
    await using hospital = await openHospital(world);
    using folder = temporaryFolder();
    expect(await at(hospital, folder.path)('config', 'check')).toMatchObject({ status: 0 });
    const file = path.join(folder.path, 'bad.yaml');
    writeFileSync(file, stringify({ ...hospital.configInput, unknownKey: 1, api: { port: 'eighty' } }));
    const bad = await ductus(['--config', file, 'config', 'check'], hospital.secrets);
    expect(bad.status).toBe(3);
    expect(bad.stderr).toContain('api.port');
    expect(bad.stderr).toContain('unknownKey');
    expect(bad.stderr).not.toContain('planted');
    expect((await ductus(['--config', path.join(folder.path, 'none.yaml'), 'config', 'check'])).status).toBe(3);
  });

  it('should tell wrong usage and missing servers apart', async () => {
    await using hospital = await openHospital(world);
    using folder = temporaryFolder();
    expect((await ductus(['parked', 'dance'])).status).toBe(2);
    expect((await ductus(['--help'])).status).toBe(0);
    const file = path.join(folder.path, 'ductus.yaml');
    writeFileSync(file, stringify({ ...hospital.configInput, store: { url: { env: 'NO_STORE' } } }));
    const down = await ductus(['--config', file, 'parked', 'list'], {
      ...hospital.secrets,
      NO_STORE: 'postgres://x@127.0.0.1:9/x',
    });
    expect(down.status).toBe(4);
    expect(down.stderr).toContain('DUCTUS_STORE_UNAVAILABLE');
  });
});

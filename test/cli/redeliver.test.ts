/** `ductus redeliver` as an operator types it: a process of its own, against a running Ductus. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { openHospital, startWorld, type World } from '../support/ductus';
import { acknowledged, bundle, result, share } from '../support/hospital-steps';
import { authority, inputWith, redelivered, restartWith } from '../support/redelivery-steps';
import { temporaryFolder } from '../support/temporary-folder';
import { testTemporalAddress } from '../support/temporal';

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

function ductus(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env['PATH'] ?? '', ...env } });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, ...text })));
}

describe('ductus redeliver', () => {
  it('should show the difference, and send it once it is signed off', async () => {
    await using hospital = await openHospital(world, { destination: authority('OLD') });
    using folder = temporaryFolder();
    const file = path.join(folder.path, 'ductus.yaml');
    const fix = authority('NEW');
    writeFileSync(file, stringify(inputWith(hospital, fix)));
    const run = (...args: string[]) => ductus(['--config', file, ...args], hospital.secrets);
    const { destination } = hospital;

    const { messageId } = await share(hospital, bundle(1, 3));
    await acknowledged(hospital);
    await result(hospital, messageId);
    await restartWith(world, hospital, fix);

    const shown = await run('redeliver', '--diff', '--destination', destination, '--since', '1h');
    expect(shown).toMatchObject({ status: 0, stderr: '' });
    expect(shown.stdout).toContain(`Redelivery to ${destination}: 1 files, 1 to send again`);
    expect(shown.stdout).toMatch(/^PID-3\.4 +OLD → NEW +3 of 3 resources$/m);
    const [, digest = ''] = /--approve ([0-9a-f]{16}) /.exec(shown.stdout) ?? [];
    const json: unknown = JSON.parse((await run('--json', 'redeliver', '--diff', '--destination', destination)).stdout);
    expect(json).toMatchObject({ digest, resources: { changed: 3 } });

    expect((await run('redeliver', '--diff')).stderr).toContain('--destination');
    expect((await run('redeliver', '--diff', '--destination', 'no-such')).stderr).toContain('DUCTUS_NOT_FOUND');
    expect((await run('redeliver', '--approve', digest)).stderr).toContain('--reason');
    expect((await run('redeliver', '--approve', digest, '--reason', 'x', '--since', '1h')).status).toBe(1);
    expect((await run('redeliver', '--approve', '0123456789abcdef', '--reason', 'x')).stderr).toContain(
      'No difference',
    );

    const approved = await run('redeliver', '--approve', digest, '--by', 'anna', '--reason', 'authority corrected');
    expect(approved).toMatchObject({ status: 0, stderr: '' });
    expect(approved.stdout).toContain('Signed off by anna: 1 files');
    expect(await redelivered(hospital, messageId, digest)).toEqual({ outcome: 'delivered' });
    const work = await run(
      'parked',
      'show',
      `redelivery/${hospital.organizationId}/${messageId}/${digest.slice(0, 12)}`,
    );
    expect(work.stdout).toContain('by anna: authority corrected');
    const after = await run('redeliver', '--diff', '--destination', destination);
    expect(after.stdout).toContain('There is nothing to send.');

    await restartWith(world, hospital, authority('OTHER'));
    const other = /--approve ([0-9a-f]{16}) /.exec(
      (await run('redeliver', '--diff', '--destination', destination)).stdout,
    );
    await restartWith(world, hospital, authority('YET-ANOTHER'));
    const refused = await run('redeliver', '--approve', other?.[1] ?? '', '--reason', 'too late');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('DUCTUS_REDELIVERY_CHANGED');
  });
});

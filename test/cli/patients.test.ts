/** `ductus patients` as an operator types it: a process of its own, and a real PostgreSQL. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { listAudit } from '../../src/queries/audit';
import { migrateStore, openStore, type Store } from '../../src/store/database';
import { SECRETS, testConfigDefaults } from '../support/config';
import { startRealPostgres, type RealPostgres } from '../support/postgres';
import { merge, parkMessage, register, SYSTEM as REGISTRY } from '../support/registry';
import { temporaryFolder } from '../support/temporary-folder';

const MAIN = path.resolve(__dirname, '../../dist/src/cli/main.js');
const HEADER = 'source_system,source_value,mrn,assigning_authority,identifier_type';
const SYSTEM = 'urn:oid:2.999.1.10';

let postgres: RealPostgres;
let store: Store;
let storeUrl: string;
const folder = temporaryFolder();
const config = path.join(folder.path, 'ductus.yaml');
const file = path.join(folder.path, 'patients.csv');

beforeAll(async () => {
  postgres = await startRealPostgres();
  const organization = {
    timeZone: 'Europe/Berlin',
    notification: { basic: { username: 'roche', password: { env: 'PASSWORD' } } },
    roche: { servicesUrl: 'https://localhost:1/', clientId: 'c', clientSecret: { env: 'CLIENT_SECRET' }, tls: {} },
    destinations: ['emr-main'],
  };
  writeFileSync(
    config,
    stringify({
      ...testConfigDefaults,
      dataDir: folder.path,
      // Nobody answers there: the cross-reference needs PostgreSQL alone.
      temporal: { address: '127.0.0.1:1' },
      store: { url: { env: 'STORE_URL' } },
      organizations: { 'st-marien': { ...organization, emrOid: '2.999.1.1' } },
      destinations: { 'emr-main': { kind: 'mllp', host: 'localhost', port: 1 } },
    }),
  );
});
afterAll(async () => {
  await postgres.stop();
  folder[Symbol.dispose]();
});
beforeEach(async () => {
  storeUrl = await postgres.createDatabase();
  store = openStore({ url: storeUrl, poolSize: 2 });
  await migrateStore(store);
});
afterEach(() => store.destroy());

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], input = ''): Promise<Ended> {
  const env = { PATH: process.env['PATH'] ?? '', ...SECRETS, STORE_URL: storeUrl };
  const child = spawn(process.execPath, [MAIN, '--config', config, ...args], { env });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, ...text })));
}

function importing(lines: readonly string[], ...more: string[]): Promise<Ended> {
  writeFileSync(file, [HEADER, ...lines].join('\r\n'));
  return run(['patients', 'import', file, '--organization', 'st-marien', '--by', 'anna', ...more]);
}

describe('ductus patients', () => {
  it('should import a file, say what became of it, and change nothing the second time', async () => {
    const lines = [`${SYSTEM},SYN-1,M-1,MARIEN,MR`, `${SYSTEM},SYN-2,"M,2",,`];
    expect(await importing(lines)).toMatchObject({
      status: 0,
      stdout: 'st-marien: 2 added, 0 replaced, 0 unchanged.\n',
    });
    expect((await importing(lines)).stdout).toBe('st-marien: 0 added, 0 replaced, 2 unchanged.\n');

    const refused = await importing([`${SYSTEM},SYN-3,M-3,,`, `${SYSTEM},SYN-1,M-9,MARIEN,MR`]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('another number is there for line 3.');
    expect(refused.stderr).not.toMatch(/SYN-|M-\d/);
    const replaced = await importing([`${SYSTEM},SYN-3,M-3,,`, `${SYSTEM},SYN-1,M-9,MARIEN,MR`], '--replace');
    expect(replaced.stdout).toBe('st-marien: 1 added, 1 replaced, 0 unchanged.\n');

    const decisions = await store.selectFrom('decision').select(['action', 'by', 'reason', 'details']).execute();
    expect(decisions).toEqual([
      {
        action: 'patients-import',
        by: 'anna',
        reason: 'import of a file',
        details: { added: 2, replaced: 0, unchanged: 0 },
      },
      {
        action: 'patients-import',
        by: 'anna',
        reason: 'import of a file',
        details: { added: 1, replaced: 1, unchanged: 0 },
      },
    ]);
  });

  it('should import nothing of a file with a bad line, and name it', async () => {
    const bad = await importing([`${SYSTEM},SYN-1,M-1,,`, `${SYSTEM},SYN-2,,,`]);
    expect(bad.status).toBe(1);
    expect(bad.stderr).toContain('line 3: mrn must not be empty');
    const twice = await importing([`${SYSTEM},SYN-1,M-1,,`, `${SYSTEM},SYN-1,M-2,,`]);
    expect(twice.stderr).toContain('line 3 contradict');
    expect((await run(['patients', 'list'])).stdout).toBe('There are no patients.\n');
    const missing = await run([
      'patients',
      'import',
      path.join(folder.path, 'none.csv'),
      '--organization',
      'st-marien',
    ]);
    expect(missing.status).toBe(1);
    expect((await run(['patients', 'import', file, '--organization', 'no-such'])).stderr).toContain('DUCTUS_NOT_FOUND');
    expect((await run(['patients', 'import', file])).status).toBe(2);
  });

  it('should list, show and remove, with numbers from standard input', async () => {
    await importing([`${SYSTEM},SYN-1,M-1,MARIEN,MR`, `${SYSTEM},SYN-2,M-2,,`]);
    const listed = (await run(['patients', 'list'])).stdout;
    expect(listed).toMatch(new RegExp(`st-marien +${SYSTEM} +2 `));
    expect(listed).not.toContain('SYN-1');
    expect((await run(['patients', 'list', '--numbers'])).status).toBe(1);
    const all = await run(['--json', 'patients', 'list', '--organization', 'st-marien', '--numbers']);
    expect(
      all.stdout
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toMatchObject([
      { sourceValue: 'SYN-1', mrn: 'M-1', assigningAuthority: 'MARIEN', identifierType: 'MR', updatedBy: 'anna' },
      { sourceValue: 'SYN-2', mrn: 'M-2' },
    ]);

    const shown = await run(['patients', 'show', '--organization', 'st-marien'], 'SYN-2\n');
    expect(shown.stdout).toContain('M-2');
    expect(shown.stdout).not.toContain('M-1');
    expect((await run(['patients', 'show', '--organization', 'st-marien'], 'SYN-9\n')).status).toBe(1);
    expect((await run(['patients', 'show', '--organization', 'st-marien'])).status).toBe(1);

    const remove = ['patients', 'remove', '--organization', 'st-marien', '--system', SYSTEM, '--by', 'anna'];
    expect((await run(remove, 'SYN-1\n')).status).toBe(2);
    expect((await run([...remove, '--reason', 'left'], 'SYN-1\r\nSYN-9\n')).stdout).toBe(
      'st-marien: 1 of 2 removed.\n',
    );
    expect((await run(['patients', 'list'])).stdout).toMatch(/ 1 /);
  });
});

describe('ductus patients, the registry', () => {
  const organization = ['--organization', 'st-marien'];
  const lines = (text: string): unknown[] =>
    text
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));

  it('should count, and list one a line by state and consent, without any number', async () => {
    await importing([`${REGISTRY},SYN-1,M-1,,`]);
    const first = await register(store, 'SYN-1', { consent: 'given' });
    const second = await register(store, 'SYN-2', { state: 'new', roche_patient_id: null });
    await parkMessage(store, second);
    const [counts] = lines((await run(['--json', 'patients', 'list'])).stdout);
    expect(counts).toMatchObject({
      organization: 'st-marien',
      sourceSystem: REGISTRY,
      patients: 1,
      registered: 2,
      active: 1,
      merged: 0,
      parked: 1,
      consentGiven: 1,
      consentWithdrawn: 0,
      consentMissing: 1,
    });
    const each = await run(['--json', 'patients', 'list', ...organization, '--each']);
    expect(each.stdout).not.toMatch(/SYN-|M-1|roche-SYN/);
    const parked = await run(['--json', 'patients', 'list', '--state', 'parked']);
    expect(lines(parked.stdout)).toMatchObject([
      { patient: second, workflowId: `patient-sync/st-marien/${second}`, state: 'new', parked: 1, consent: 'missing' },
    ]);
    const given = await run(['patients', 'list', ...organization, '--consent', 'given']);
    expect(given.stdout).toContain(first);
    expect(given.stdout).not.toContain(second);
    const numbers = await run(['--json', 'patients', 'list', ...organization, '--numbers', '--consent', 'missing']);
    expect(lines(numbers.stdout)).toMatchObject([
      { sourceValue: 'SYN-2', mrn: null, patient: second, state: 'new', consent: 'missing' },
    ]);
    expect((await run(['patients', 'list', '--state', 'dead'])).status).toBe(2);
    const reads = await listAudit(store, { kind: 'patients-read' });
    expect(reads.map(({ details }) => details)).toEqual([{ shown: 1 }]);
  });

  it('should show a patient by number, and by hash without the number, and audit both', async () => {
    await importing([`${REGISTRY},SYN-1,M-1,MARIEN,MR`]);
    const patient = await register(store, 'SYN-1', { consent: 'given', consent_by: 'anna', consent_at: new Date() });
    await parkMessage(store, patient);
    const byNumber = await run(['patients', 'show', ...organization], 'SYN-1\n');
    expect(byNumber.stdout).toContain(`patient-sync/st-marien/${patient}`);
    for (const part of ['SYN-1', 'M-1 (MARIEN, MR)', 'roche-SYN-1', 'given', 'CTRL-1', 'Patient.name.family']) {
      expect(byNumber.stdout).toContain(part);
    }
    for (const id of [patient, `patient-sync/st-marien/${patient}`]) {
      const byHash = await run(['--json', 'patients', 'show', id, ...organization]);
      expect(byHash.stdout).not.toMatch(/"SYN-1"|M-1/);
      expect(lines(byHash.stdout)).toMatchObject([
        {
          registry: { patient, rochePatientId: 'roche-SYN-1', consent: 'given' },
          changes: [
            { controlId: 'CTRL-1', state: 'parked', code: 'DUCTUS_PATIENT_REFUSED', element: 'Patient.name.family' },
          ],
        },
      ]);
    }
    const withNumbers = await run(['--json', 'patients', 'show', patient, '--numbers', ...organization]);
    expect(lines(withNumbers.stdout)).toMatchObject([{ sourceValue: 'SYN-1', mrn: 'M-1' }]);
    expect((await run(['patients', 'show', 'no-such', ...organization])).status).toBe(1);
    const reads = await listAudit(store, { kind: 'patients-read' });
    expect(reads).toHaveLength(5);
    const marks = reads.filter(({ patients }) => (patients ?? []).length > 0).map(({ patients }) => patients);
    expect(marks).toHaveLength(4);
    expect(new Set(marks.map((each) => JSON.stringify(each))).size).toBe(1);
  });

  it('should give and withdraw consent by standard input and by file, all or none', async () => {
    await register(store, 'SYN-1');
    await register(store, 'SYN-2');
    const give = ['patients', 'consent', 'give', ...organization, '--by', 'anna', '--reason', 'signed'];
    const dated = await run([...give, '--from', '2026-05-03', '--until', '2026-10-25'], 'SYN-1\n');
    expect(dated).toMatchObject({ status: 0, stdout: 'st-marien: consent given for 1, 0 unchanged.\n' });
    const times = await store
      .selectFrom('patient')
      .select(['consent', 'consent_from', 'consent_until', 'consent_by'])
      .where('number', '=', 'SYN-1')
      .executeTakeFirst();
    // Days of Berlin: summer time at the beginning, and the end of the day on which it ends.
    expect(times).toEqual({
      consent: 'given',
      consent_from: new Date('2026-05-02T22:00:00Z'),
      consent_until: new Date('2026-10-25T23:00:00Z'),
      consent_by: 'anna',
    });

    writeFileSync(file, 'number,until\nSYN-2,\nSYN-9,2027-01-01\n');
    const refused = await run([...give, file]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('no patient with the number of line 3');
    expect(refused.stderr).not.toContain('SYN-');
    const skipped = await run(['--json', ...give, file, '--skip-unknown']);
    expect(lines(skipped.stdout)).toEqual([
      { organization: 'st-marien', consent: 'given', changed: 1, unchanged: 0, unknown: 1 },
    ]);
    writeFileSync(file, 'number,until\nSYN-2,tomorrow\n');
    expect((await run([...give, file])).stderr).toContain('line 2: until must be a date, or a time with an offset');
    expect((await run([...give, '--from', '2026-05-03', '--until', '2026-05-02'], 'SYN-1')).stderr).toContain(
      'a consent ends before it begins',
    );

    const withdraw = ['patients', 'consent', 'withdraw', ...organization, '--by', 'bert'];
    expect((await run(withdraw, 'SYN-1\n')).status).toBe(2);
    expect((await run([...withdraw, '--reason', 'letter'], 'SYN-1\nSYN-2\n')).stdout).toBe(
      'st-marien: consent withdrawn for 2, 0 unchanged.\n',
    );
    const decisions = await store.selectFrom('decision').select(['action', 'by', 'reason']).orderBy('id').execute();
    expect(decisions).toEqual([
      { action: 'consent-give', by: 'anna', reason: 'signed' },
      { action: 'consent-give', by: 'anna', reason: 'signed' },
      { action: 'consent-withdraw', by: 'bert', reason: 'letter' },
    ]);
  });

  it('should say what the registration desk has to put right, and numbers only when asked', async () => {
    const patient = await register(store, 'SYN-1', { state: 'new', roche_patient_id: null });
    await parkMessage(store, patient, { received_at: new Date(Date.now() - 60_000) });
    const survivor = await register(store, 'SYN-2');
    await register(store, 'SYN-3');
    await merge(store, 'SYN-3', survivor);
    const worklist = await run(['--json', 'patients', 'worklist']);
    expect(lines(worklist.stdout)).toMatchObject([
      { kind: 'refused', patient, controlId: 'CTRL-1', code: 'DUCTUS_PATIENT_REFUSED', element: 'Patient.name.family' },
      { kind: 'merged', mergedInto: survivor },
    ]);
    expect(worklist.stdout).not.toContain('"SYN-');
    expect(await listAudit(store, { kind: 'patients-read' })).toEqual([]);
    const numbers = await run(['patients', 'worklist', ...organization, '--numbers']);
    expect(numbers.stdout).toMatch(/CTRL-1 .*Patient\.name\.family .*SYN-1/);
    expect(await listAudit(store, { kind: 'patients-read' })).toMatchObject([{ details: { shown: 2, numbers: true } }]);
  });

  it('should not say that it resends when nothing reaches Temporal', async () => {
    const patient = await register(store, 'SYN-1', { content_hash: 'hash' });
    const resend = ['patients', 'resend', ...organization, '--reason', 'a test'];
    expect((await run(resend)).status).toBe(1);
    expect((await run([...resend, '--all', patient])).status).toBe(1);
    const cleared = await run(['--json', ...resend, patient, 'no-such']);
    expect(cleared.status).toBe(1);
    expect(lines(cleared.stdout)).toEqual([
      { patient: 'no-such', refused: 'the registry has no such patient' },
      { patient, done: 'cleared' },
    ]);
    const row = await store.selectFrom('patient').select('content_hash').executeTakeFirst();
    expect(row).toEqual({ content_hash: null });
    await parkMessage(store, patient);
    expect((await run([...resend, '--all', '--state', 'parked'])).status).not.toBe(0);
  });
});

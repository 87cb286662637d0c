/** `ductus patients` as an operator types it: a process of its own, and a real PostgreSQL. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { migrateStore, openStore, type Store } from '../../src/store/database';
import { SECRETS, testConfigDefaults } from '../support/config';
import { startRealPostgres, type RealPostgres } from '../support/postgres';
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

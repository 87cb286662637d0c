/** `ductus audit` as an auditor types it: a process of its own, and a real PostgreSQL. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'kysely';
import { stringify } from 'yaml';
import { z } from 'zod';
import { createKeyedHash } from '../../src/runtime/codec/keyed-hash';
import { Secret } from '../../src/runtime/config/secret';
import { recordAudit } from '../../src/store/audit';
import { sealAudit } from '../../src/store/audit-seals';
import { migrateStore, openStore, type Store } from '../../src/store/database';
import { numberMark } from '../../src/domain/audit';
import { SECRETS, testConfigDefaults } from '../support/config';
import { startRealPostgres, type RealPostgres } from '../support/postgres';
import { temporaryFolder } from '../support/temporary-folder';
import { ROOT, type Ended } from './ductus-command';

const folder = temporaryFolder();
const config = path.join(folder.path, 'ductus.yaml');
const hash = createKeyedHash(new Secret(SECRETS['HASH_KEY'] ?? ''));
let postgres: RealPostgres;
let store: Store;
let storeUrl: string;

beforeAll(async () => {
  postgres = await startRealPostgres();
  writeFileSync(
    config,
    stringify({
      ...testConfigDefaults,
      dataDir: folder.path,
      // Nobody answers there: the audit needs PostgreSQL alone.
      temporal: { address: '127.0.0.1:1' },
      store: { url: { env: 'STORE_URL' } },
      organizations: {
        'st-marien': {
          emrOid: '2.999.1.1',
          timeZone: 'Europe/Berlin',
          notification: { basic: { username: 'roche', password: { env: 'PASSWORD' } } },
          roche: {
            servicesUrl: 'https://localhost:1/',
            clientId: 'c',
            clientSecret: { env: 'CLIENT_SECRET' },
            tls: {},
          },
          destinations: ['emr-main'],
        },
      },
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
  const about = { organization: 'st-marien', patients: ['p', numberMark(hash, 'st-marien', '4711')] };
  await recordAudit(store, {
    kind: 'delivery',
    action: 'R',
    by: 'ductus',
    destination: 'emr-main',
    controlId: 'C1',
    ...about,
  });
  await recordAudit(store, {
    kind: 'repair',
    action: 'E',
    by: 'anna',
    organization: 'st-marien',
    details: { reason: 'fixed' },
  });
});
afterEach(() => store.destroy());

function run(args: readonly string[], input = ''): Promise<Ended> {
  const env = { PATH: process.env['PATH'] ?? '', ...SECRETS, STORE_URL: storeUrl };
  const main = path.join(ROOT, 'dist/src/cli/main.js');
  const child = spawn(process.execPath, [main, '--config', config, ...args], { env });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, ...text })));
}

const EventSchema = z.looseObject({
  resourceType: z.literal('AuditEvent'),
  subtype: z.array(z.object({ code: z.string() })),
});
const kindsIn = (lines: string): string[] =>
  lines
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => EventSchema.parse(JSON.parse(line)).subtype.at(-1)?.code ?? '');

describe('ductus audit', () => {
  it('should list by kind, person and patient, whose number comes from standard input', async () => {
    const listed = await run(['audit', 'list', '--by', 'anna']);
    expect(listed).toMatchObject({ status: 0, stderr: '' });
    expect(listed.stdout).toMatch(/repair +anna +st-marien +reason=fixed/);
    const found = await run(['--json', 'audit', 'list', '--kind', 'delivery', '--patient'], '4711\n');
    expect(kindsIn(found.stdout)).toEqual(['delivery']);
    expect((await run(['audit', 'list', '--kind', 'delivery', '--patient'], '4712')).stdout).toBe(
      'There are no such events.\n',
    );
    expect((await run(['audit', 'list', '--patient'])).status).toBe(1);
    expect((await run(['audit', 'list', '--patient'], '1\n2\n')).stderr).toContain('one number');
    expect((await run(['audit', 'list', '--kind', 'nonsense'])).status).toBe(2);
  });

  it('should print nothing that a terminal takes for an order', async () => {
    await recordAudit(store, { kind: 'repair', action: 'E', by: 'eve', details: { reason: 'a\u009b2Jb\u001b[1m' } });
    const { stdout } = await run(['audit', 'list', '--by', 'eve']);
    expect(stdout).toContain('reason=a\ufffd2Jb\ufffd[1m');
  });

  it('should export AuditEvents, one a line, to standard output or into a new file', async () => {
    // Of each command, what it did is the last event.
    expect(kindsIn((await run(['audit', 'export'])).stdout)).toEqual(['delivery', 'repair', 'audit-read']);
    const file = path.join(folder.path, 'audit.ndjson');
    expect((await run(['audit', 'export', '--file', file])).stdout).toBe(`4 events in ${file}.\n`);
    expect(kindsIn(readFileSync(file, 'utf8'))).toEqual(['delivery', 'repair', 'audit-read', 'audit-read']);
    const again = await run(['audit', 'export', '--file', file]);
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('exists');
  });

  it('should export more than a page', async () => {
    await sql`insert into audit_event (event_id, kind, action, outcome, by)
      select gen_random_uuid(), 'repair', 'E', 0, 'many' from generate_series(1, 2500)`.execute(store);
    expect(kindsIn((await run(['audit', 'export', '--by', 'many'])).stdout)).toHaveLength(2500);
  });

  it('should verify, and say which seal was broken', async () => {
    await sealAudit(store, hash);
    const fine = await run(['audit', 'verify']);
    expect(fine).toMatchObject({ status: 0 });
    expect(fine.stdout).toContain('2 events in 1 seals; nothing was changed.');
    expect(fine.stdout).toContain('1 are not sealed yet');
    await sql`alter table audit_event disable trigger append_only`.execute(store);
    await sql`update audit_event set by = 'nobody' where id = 1`.execute(store);
    const broken = await run(['audit', 'verify']);
    expect(broken.status).toBe(1);
    expect(broken.stdout).toContain('Seal 1: events were changed or taken out.');
    const json = await run(['--json', 'audit', 'verify']);
    expect(json.status).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ problems: [{ seal: 1, what: 'events-changed' }] });
  });
});

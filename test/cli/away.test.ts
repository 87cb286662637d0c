/** `ductus` where the servers are silent, and what it is given is no id, no time and no number: it says so, and ends. */
import { existsSync, mkdtempSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { temporaryFolder } from '../support/temporary-folder';
import { testTemporalAddress } from '../support/temporal';
import { startRealPostgres, type RealPostgres } from '../support/postgres';
import { migrateStore, openStore } from '../../src/store/database';
import { ductus, type Ended } from './ductus-command';
import { writtenConfig } from './written-config';

const folder = temporaryFolder();
let postgres: RealPostgres;
let storeUrl: string;
/** Takes connections and says nothing. */
const silent = net.createServer((socket) => socket.on('error', () => undefined));
let silentPort: number;

beforeAll(async () => {
  postgres = await startRealPostgres();
  storeUrl = await postgres.createDatabase();
  const store = openStore({ url: storeUrl, poolSize: 1 });
  await migrateStore(store);
  await store.destroy();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  silentPort = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(async () => {
  silent.close();
  await postgres.stop();
  folder[Symbol.dispose]();
});

interface Servers {
  readonly temporal?: string;
  readonly store?: string;
  readonly more?: object;
}

function run(servers: Servers, ...args: string[]): Promise<Ended> {
  const own = mkdtempSync(path.join(folder.path, 'c'));
  const { file, env } = writtenConfig(own, {}, undefined, {
    dataDir: folder.path,
    temporal: { address: servers.temporal ?? testTemporalAddress() },
    store: { url: { env: 'STORE_URL' } },
    ...servers.more,
  });
  return ductus(['--config', file, ...args], { ...env, STORE_URL: servers.store ?? storeUrl });
}

const noTemporal = () => ({ temporal: `127.0.0.1:${String(silentPort)}` });
const noStore = () => ({ store: `postgres://x@127.0.0.1:${String(silentPort)}/x` });

describe('ductus', () => {
  it('should not wait for a silent Temporal for ever, nor take it for one that knows nothing', async () => {
    const [keys, traced, neither] = await Promise.all([
      run(noTemporal(), 'keys', 'list'),
      // Several organizations: it is asked once.
      run(noTemporal(), 'trace', 'unknown'),
      run({ ...noTemporal(), ...noStore() }, 'trace', 'unknown'),
    ]);
    expect(keys).toMatchObject({ status: 4, stderr: expect.stringContaining('Temporal did not answer in time') });
    expect(traced).toMatchObject({ status: 4, stderr: expect.stringContaining('DUCTUS_TEMPORAL_UNAVAILABLE') });
    expect(neither).toMatchObject({ status: 4, stderr: expect.stringContaining('Neither the ledger nor Temporal') });
  });

  it('should leave no half of an export behind', async () => {
    const file = path.join(folder.path, 'half.ndjson');
    expect((await run(noStore(), 'audit', 'export', '--file', file)).status).toBe(4);
    expect(existsSync(file)).toBe(false);
  });

  it('should tell an id that Temporal does not take from a Temporal that is away', async () => {
    const wrong = await run({}, 'history', 'export', 'data-sharing/x', '--run', 'no-run');
    expect(wrong).toMatchObject({ status: 1, stderr: expect.stringContaining('DUCTUS_REQUEST_INVALID') });
    const long = await run({}, 'trace', 'a'.repeat(5000));
    expect(long).toMatchObject({ status: 1, stderr: expect.stringContaining('DUCTUS_NOT_FOUND') });
  });

  it.each([
    ['audit', 'list', '--since', '999999999999d'],
    ['audit', 'list', '--since', '99999999d'],
    ['parked', 'list', '--until', '+123456-01-01T00:00:00Z'],
    ['audit', 'list', '--limit', '1e30'],
    ['parked', 'list', '--limit', '1e30'],
    ['trace', 'x', '--limit', '1e30'],
    ['links', '--ui', 'javascript:alert(1)'],
    ['links', '--ui', 'nonsense'],
    ['audit', 'verify', '--seal', 'nonsense'],
  ])('should take `%s %s %s %s` for wrong usage', async (...args) => {
    const { status, stdout, stderr } = await run({}, ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).not.toContain('DUCTUS_INTERNAL');
  });
});

describe('ductus doctor', () => {
  it('should say that PostgreSQL is silent, and who is told of alerts and sent traces away', async () => {
    const more = {
      alerts: { webhook: 'http://127.0.0.1:1/alerts' },
      traces: { endpoint: `http://127.0.0.1:${String(silentPort)}/v1/traces`, ratio: 1 },
    };
    const { stdout } = await run({ ...noStore(), more }, 'doctor');
    expect(stdout).toContain('FAIL  store: it does not answer in time');
    expect(stdout).toContain('FAIL  alerts.webhook: nothing listens there (ECONNREFUSED)');
    expect(stdout).toMatch(/ok {4}traces\.endpoint: 127\.0\.0\.1:\d+ can be reached/);
  });
});

/** The patient cross-reference over real HTTP and a real PostgreSQL: who may do what, and where no number may be. */
import type { FastifyInstance } from 'fastify';
import { request } from 'undici';
import { createApi } from '../../src/api/server';
import { createAuditLog } from '../../src/runtime/audit';
import { createPatientOperations } from '../../src/runtime/patient-operations';
import { createLogger } from '../../src/runtime/telemetry/logger';
import { createMetrics } from '../../src/runtime/telemetry/metrics';
import { migrateStore, openStore, type Store } from '../../src/store/database';
import { SECRETS, testConfig } from '../support/config';
import { startRealPostgres, type RealPostgres } from '../support/postgres';
import { merge, parkMessage, register } from '../support/registry';
import { NO_HEALTH } from '../support/no-health';
import { NO_OPERATIONS } from '../support/no-operations';
import { NO_REDELIVERY } from '../support/no-redelivery';

const SYSTEM = 'urn:oid:2.999.1.10';
const ANNA = { sourceSystem: SYSTEM, sourceValue: 'PLANTED-1', mrn: 'PLANTED-M1' };

let postgres: RealPostgres;
let store: Store;
let app: FastifyInstance;
let url: string;
const logLines: string[] = [];
/** Decisions on parked work that were passed on. */
const repaired: unknown[] = [];

beforeAll(async () => {
  postgres = await startRealPostgres();
});
afterAll(() => postgres.stop());

beforeEach(async () => {
  logLines.length = 0;
  repaired.length = 0;
  store = openStore({ url: await postgres.createDatabase(), poolSize: 4 });
  await migrateStore(store);
  const config = testConfig({
    api: { port: 0 },
    operators: [
      { name: 'reader', token: { env: 'READER' }, rights: ['read'] },
      { name: 'registrar', token: { env: 'OPERATOR' }, rights: ['repair'] },
      { name: 'decoder', token: { env: 'CLIENT_SECRET' }, rights: ['decode'] },
    ],
    organizations: {
      'st-marien': {
        emrOid: '2.999.1.1',
        timeZone: 'Europe/Berlin',
        notification: { basic: { username: 'roche', password: { env: 'PASSWORD' } } },
        roche: { servicesUrl: 'https://localhost:1/', clientId: 'c', clientSecret: { env: 'CLIENT_SECRET' }, tls: {} },
        destinations: ['emr-main'],
      },
    },
    destinations: { 'emr-main': { kind: 'mllp', host: 'localhost', port: 1 } },
  });
  const unused = () => Promise.reject(new Error('not a part of this test'));
  app = await createApi({
    config,
    logger: createLogger({ level: 'debug', role: 'test', stream: { write: (line) => void logLines.push(line) } }),
    metrics: createMetrics(),
    notify: unused,
    redelivery: NO_REDELIVERY,
    operations: {
      ...NO_OPERATIONS,
      repair: (workflowId, decision) => {
        repaired.push([workflowId, decision]);
        return Promise.resolve({ accepted: true, stage: 'received' });
      },
    },
    patients: createPatientOperations(config, store),
    audit: createAuditLog(config, store),
    health: NO_HEALTH,
  });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  await app.close();
  await store.destroy();
});

type Operator = 'reader' | 'registrar' | 'decoder' | undefined;
const TOKENS = { reader: 'READER', registrar: 'OPERATOR', decoder: 'CLIENT_SECRET' } as const;

async function call(
  operator: Operator,
  path: string,
  body?: object,
): Promise<{ status: number; body: unknown; text: string }> {
  const response = await request(`${url}/operations/patients${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(operator === undefined ? {} : { authorization: `Bearer ${SECRETS[TOKENS[operator]] ?? ''}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.body.text();
  return { status: response.statusCode, body: JSON.parse(text), text };
}

const order = { organization: 'st-marien', reason: 'a test' };
const importing = (patients: readonly object[], more: object = {}) =>
  call('registrar', '/import', { ...order, patients, ...more });
const search = (more: object = {}) => call('decoder', '/search', { organization: 'st-marien', ...more });

describe('/operations/patients', () => {
  it('should import, count, show and remove', async () => {
    expect(await importing([ANNA])).toMatchObject({ status: 200, body: { added: 1, replaced: 0, unchanged: 0 } });
    expect(await importing([ANNA, ANNA])).toMatchObject({ body: { added: 0, replaced: 0, unchanged: 1 } });
    expect(await call('reader', '?organization=st-marien')).toMatchObject({
      status: 200,
      body: { systems: [{ organization: 'st-marien', sourceSystem: SYSTEM, patients: 1 }] },
    });
    expect(await search({ sourceValue: ANNA.sourceValue })).toMatchObject({
      status: 200,
      body: { patients: [{ ...ANNA, assigningAuthority: '', identifierType: '', updatedBy: 'registrar' }] },
    });
    const { sourceSystem, sourceValue } = ANNA;
    const removing = { ...order, patients: [{ sourceSystem, sourceValue }] };
    expect(await call('registrar', '/remove', removing)).toMatchObject({ status: 200, body: { removed: 1 } });
    expect(await search()).toMatchObject({ body: { patients: [] } });
    const decisions = await store.selectFrom('decision').selectAll().orderBy('id').execute();
    expect(decisions.map(({ action, by, details }) => [action, by, details])).toEqual([
      ['patients-import', 'registrar', { added: 1, replaced: 0, unchanged: 0 }],
      ['patients-remove', 'registrar', { removed: 1 }],
    ]);
  });

  it('should refuse a number that differs, name it by its place, and replace it when asked', async () => {
    await importing([ANNA]);
    const changed = [
      { sourceSystem: SYSTEM, sourceValue: 'PLANTED-2', mrn: 'x' },
      { ...ANNA, mrn: 'PLANTED-M2' },
    ];
    const refused = await importing(changed);
    expect(refused.status).toBe(409);
    expect(refused.text).toContain('patients.1');
    expect(refused.text).not.toContain('PLANTED');
    expect(await search()).toMatchObject({ body: { patients: [ANNA] } });
    expect(await importing(changed, { replace: true })).toMatchObject({
      body: { added: 1, replaced: 1, unchanged: 0 },
    });
  });

  it('should refuse a request that contradicts itself', async () => {
    const refused = await importing([ANNA, { ...ANNA, mrn: 'PLANTED-M2' }]);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('patients.1');
    expect(refused.text).not.toContain('PLANTED');
    expect(await search()).toMatchObject({ body: { patients: [] } });
  });

  it('should name elements that are wrong, and quote none', async () => {
    const refused = await importing([
      { ...ANNA, mrn: '' },
      { ...ANNA, sourceValue: 'PLANTED\u0001' },
      { ...ANNA, identifierType: 'PLANTED' },
    ]);
    expect(refused.status).toBe(400);
    for (const element of ['patients.0.mrn', 'patients.1.sourceValue', 'patients.2.identifierType']) {
      expect(refused.text).toContain(element);
    }
    expect(refused.text).not.toContain('PLANTED');
  });

  it.each<[Operator, string, number]>([
    [undefined, '', 401],
    ['registrar', '', 403],
    ['decoder', '', 403],
    ['reader', '/search', 403],
    ['registrar', '/search', 403],
    ['reader', '/import', 403],
    ['decoder', '/import', 403],
    ['reader', '/remove', 403],
    [undefined, '/import', 401],
  ])('should not let %s do %j', async (operator, path, status) => {
    await importing([ANNA]);
    const bodies: Record<string, object> = {
      '/search': { organization: 'st-marien' },
      '/import': { ...order, patients: [{ ...ANNA, sourceValue: 'other' }] },
      '/remove': { ...order, patients: [{ sourceSystem: SYSTEM, sourceValue: ANNA.sourceValue }] },
    };
    const refused = await call(operator, path, bodies[path]);
    expect(refused.status).toBe(status);
    expect(refused.text).not.toContain('PLANTED');
    expect(await search()).toMatchObject({ body: { patients: [ANNA] } });
  });

  describe('the registry', () => {
    const consent = (patients: readonly object[], more: object = {}) =>
      call('registrar', '/consent', { ...order, consent: 'given', patients, ...more });

    it('should count, list and show, with numbers only for those who may read them', async () => {
      const patient = await register(store, 'PLANTED-9', { consent: 'given' });
      expect(await call('reader', '')).toMatchObject({ body: { systems: [{ registered: 1, consentGiven: 1 }] } });
      const listed = await call('reader', '/registered?organization=st-marien&state=active&consent=given&limit=5');
      expect(listed).toMatchObject({ status: 200, body: { patients: [{ patient, consent: 'given' }] } });
      expect(listed.text).not.toContain('PLANTED');
      expect((await call('reader', '/registered?state=dead')).status).toBe(400);
      for (const question of [{ patient }, { sourceValue: 'PLANTED-9' }]) {
        expect(await call('decoder', '/show', { organization: 'st-marien', ...question })).toMatchObject({
          status: 200,
          body: { patients: [{ numbers: { sourceValue: 'PLANTED-9' }, registry: { patient }, changes: [] }] },
        });
      }
      expect((await call('decoder', '/show', { organization: 'st-marien' })).status).toBe(400);
      expect(await search({ consent: 'withdrawn' })).toMatchObject({ body: { patients: [] } });
    });

    it('should enter consent, and name what it cannot take by its place', async () => {
      await register(store, 'PLANTED-9');
      expect(await consent([{ number: 'PLANTED-9', until: '2027-12-31' }])).toMatchObject({
        status: 200,
        body: { changed: 1, unchanged: 0, unknown: 0 },
      });
      const refused = await consent([{ number: 'PLANTED-9' }, { number: 'PLANTED-0' }]);
      expect(refused.status).toBe(400);
      expect(refused.text).toContain('patients.1');
      expect(refused.text).not.toContain('PLANTED');
      const wrong = await consent([{ number: 'PLANTED-9', until: 'PLANTED' }]);
      expect(wrong.status).toBe(400);
      expect(wrong.text).toContain('patients.0.until');
      expect(wrong.text).not.toContain('"PLANTED');
      const late = await consent([{ number: 'PLANTED-9', until: '2027-12-31' }], { consent: 'withdrawn' });
      expect(late.text).toContain('a withdrawal counts from now on');
    });

    it('should clear what Roche has, and decide on what is parked by the workflow', async () => {
      const active = await register(store, 'PLANTED-8', { content_hash: 'hash' });
      const waiting = await register(store, 'PLANTED-9');
      const survivor = await register(store, 'PLANTED-7');
      await register(store, 'PLANTED-6');
      await merge(store, 'PLANTED-6', survivor);
      await parkMessage(store, waiting, { received_at: new Date(Date.now() - 60_000) });
      const results = await call('registrar', '/resend', { ...order, all: {} });
      expect(results.status).toBe(200);
      expect(results.body).toEqual({
        results: expect.arrayContaining([
          { patient: waiting, done: 'retried' },
          { patient: active, done: 'cleared' },
          { patient: expect.any(String), refused: `it leads to ${survivor}` },
        ]),
      });
      expect(repaired).toEqual([
        [`patient-sync/st-marien/${waiting}`, { action: 'retry', by: 'registrar', reason: 'a test' }],
      ]);
      expect((await call('registrar', '/resend', { ...order, all: {}, patients: [active] })).status).toBe(400);
      expect(await call('reader', '/worklist')).toMatchObject({
        status: 200,
        body: { entries: [{ kind: 'refused' }, { kind: 'merged' }] },
      });
      const worklist = await call('decoder', '/worklist', { organization: 'st-marien' });
      expect(worklist.text).toContain('PLANTED-9');
    });

    it.each<[Operator, string]>([
      ['decoder', '/registered'],
      ['registrar', '/worklist'],
      ['reader', '/show'],
      ['reader', '/consent'],
      ['decoder', '/resend'],
      ['decoder', '/unmerge'],
    ])('should not let %s do %j', async (operator, path) => {
      const isRead = path === '/registered' || path === '/worklist';
      const refused = await call(operator, path, isRead ? undefined : { ...order, patients: [] });
      expect(refused.status).toBe(403);
    });
  });

  it('should know only organizations of the configuration', async () => {
    expect((await call('reader', '?organization=st-anna')).status).toBe(404);
    expect((await call('registrar', '/import', { ...order, organization: 'st-anna', patients: [ANNA] })).status).toBe(
      404,
    );
    expect((await search({ organization: 'constructor' })).status).toBe(404);
  });

  it('should put no number into the log', async () => {
    await importing([ANNA]);
    await importing([{ ...ANNA, mrn: 'PLANTED-M2' }]);
    await search({ sourceValue: ANNA.sourceValue });
    await importing([{ ...ANNA, mrn: '' }]);
    expect(logLines.join('')).toContain('request refused');
    expect(logLines.join('')).not.toContain('PLANTED');
  });
});

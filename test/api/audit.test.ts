/** The audit over real HTTP and a real PostgreSQL: who may read it, what stands in it, and that nobody can fill it up. */
import type { FastifyInstance } from 'fastify';
import { request } from 'undici';
import { z } from 'zod';
import { createApi } from '../../src/api/server';
import { createAuditLog } from '../../src/runtime/audit';
import { createPatientOperations } from '../../src/runtime/patient-operations';
import { createLogger } from '../../src/runtime/telemetry/logger';
import { createMetrics } from '../../src/runtime/telemetry/metrics';
import { migrateStore, openStore, type Store } from '../../src/store/database';
import { listAudit } from '../../src/queries/audit';
import { SECRETS, testConfig } from '../support/config';
import { NO_HEALTH } from '../support/no-health';
import { NO_OPERATIONS } from '../support/no-operations';
import { NO_REDELIVERY } from '../support/no-redelivery';
import { startRealPostgres, type RealPostgres } from '../support/postgres';

let postgres: RealPostgres;
let store: Store;
let app: FastifyInstance;
let url: string;
const logLines: string[] = [];

beforeAll(async () => {
  postgres = await startRealPostgres();
});
afterAll(() => postgres.stop());

beforeEach(async () => {
  logLines.length = 0;
  store = openStore({ url: await postgres.createDatabase(), poolSize: 4 });
  await migrateStore(store);
  const organization = (emrOid: string) => ({
    emrOid,
    timeZone: 'Europe/Berlin',
    notification: { basic: { username: `roche-${emrOid}`, password: { env: 'PASSWORD' } } },
    roche: { servicesUrl: 'https://localhost:1/', clientId: 'c', clientSecret: { env: 'CLIENT_SECRET' }, tls: {} },
    destinations: ['emr-main'],
  });
  const config = testConfig({
    api: { port: 0 },
    operators: [
      { name: 'registrar', token: { env: 'OPERATOR' }, rights: ['read', 'repair', 'decode'] },
      { name: 'auditor', token: { env: 'READER' }, rights: ['audit'] },
    ],
    organizations: { 'st-marien': organization('2.999.1.1'), 'st-anna': organization('2.999.1.2') },
    destinations: { 'emr-main': { kind: 'mllp', host: 'localhost', port: 1 } },
  });
  const unused = () => Promise.reject(new Error('not a part of this test'));
  app = await createApi({
    config,
    logger: createLogger({ level: 'debug', role: 'test', stream: { write: (line) => void logLines.push(line) } }),
    metrics: createMetrics(),
    notify: unused,
    redelivery: NO_REDELIVERY,
    operations: { ...NO_OPERATIONS, parked: () => Promise.resolve([]) },
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

const BundleSchema = z.object({
  resourceType: z.literal('Bundle'),
  type: z.literal('searchset'),
  entry: z.array(
    z.object({
      resource: z.looseObject({
        resourceType: z.literal('AuditEvent'),
        id: z.string(),
        subtype: z.array(z.object({ code: z.string() })),
        agent: z.array(z.looseObject({ name: z.string().optional() })),
      }),
    }),
  ),
});

async function call(
  token: string | undefined,
  route: string,
  body?: object,
): Promise<{ status: number; text: string }> {
  const answer = await request(`${url}${route}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.statusCode, text: await answer.body.text() };
}
const registrar = (route: string, body?: object) => call(SECRETS['OPERATOR'], route, body);
const auditor = (route: string, body?: object) => call(SECRETS['READER'], route, body);
async function kinds(answer: Promise<{ text: string }>): Promise<string[]> {
  return BundleSchema.parse(JSON.parse((await answer).text)).entry.map(
    ({ resource }) => resource.subtype.at(-1)?.code ?? '',
  );
}

const patient = { sourceSystem: 'urn:oid:2.999.1.10', sourceValue: 'PLANTED-1', mrn: 'PLANTED-M1' };

describe('/operations/audit', () => {
  it('should answer who saw and changed the data of a patient, by any of the numbers, and never quote one', async () => {
    const order = { organization: 'st-marien', reason: 'a test' };
    await registrar('/operations/patients/import', {
      ...order,
      patients: [patient, { ...patient, sourceValue: 'PLANTED-2', mrn: 'M2' }],
    });
    await registrar('/operations/patients/search', { organization: 'st-marien', sourceValue: 'PLANTED-1' });
    await registrar('/operations/patients/search', { organization: 'st-marien', sourceValue: 'PLANTED-9' });
    await registrar('/operations/patients/remove', {
      ...order,
      patients: [{ sourceSystem: patient.sourceSystem, sourceValue: 'PLANTED-1' }],
    });
    for (const number of ['PLANTED-1', 'PLANTED-M1', `${patient.sourceSystem}|PLANTED-1`]) {
      const found = await auditor('/operations/audit/search', { patient: number, by: 'registrar' });
      expect(found.status).toBe(200);
      expect(found.text).not.toContain('PLANTED');
      expect(await kinds(Promise.resolve(found))).toEqual(['patients-change', 'patients-read', 'patients-change']);
    }
    // That a number was asked for and not there is found as well; in another organization it is another patient.
    expect(await kinds(auditor('/operations/audit/search', { patient: 'PLANTED-9', by: 'registrar' }))).toEqual([
      'patients-read',
    ]);
    expect(
      await kinds(
        auditor('/operations/audit/search', { patient: 'PLANTED-1', organization: 'st-anna', by: 'registrar' }),
      ),
    ).toEqual([]);
    expect(logLines.join('')).not.toContain('PLANTED');
  });

  it('should stand in the audit itself, be read in pages, and be filtered', async () => {
    for (let count = 0; count < 3; count += 1) await auditor('/operations/audit?kind=repair');
    const first = BundleSchema.parse(JSON.parse((await auditor('/operations/audit?limit=2')).text)).entry;
    expect(first).toHaveLength(2);
    expect(first[0]?.resource.agent[0]).toMatchObject({
      name: 'auditor',
      network: { address: '127.0.0.1', type: '2' },
    });
    const second = BundleSchema.parse(
      JSON.parse((await auditor(`/operations/audit?after=${first[1]?.resource.id ?? ''}`)).text),
    ).entry;
    expect(second).toHaveLength(3);
    expect(await kinds(auditor('/operations/audit?kind=sign-in-failure'))).toEqual([]);
    expect(await kinds(auditor('/operations/audit?since=2100-01-01T00:00:00Z'))).toEqual([]);
    for (const wrong of ['?kind=PLANTED', '?since=PLANTED', '?after=PLANTED', '?patient=PLANTED']) {
      const refused = await auditor(`/operations/audit${wrong}`);
      expect(refused.status).toBe(400);
      expect(refused.text).not.toContain('PLANTED');
    }
  });

  it('should be for auditors only, and an auditor may do nothing else', async () => {
    expect((await registrar('/operations/audit')).status).toBe(403);
    expect((await registrar('/operations/audit/search', {})).status).toBe(403);
    expect((await call(undefined, '/operations/audit')).status).toBe(401);
    expect((await auditor('/operations/parked')).status).toBe(403);
    expect((await auditor('/operations/patients/search', { organization: 'st-marien' })).status).toBe(403);
    const refused = await listAudit(store, { kind: 'access-refused' });
    expect(refused.map(({ by, outcome, details }) => [by, outcome, details?.['route']])).toEqual([
      ['registrar', 4, 'GET /operations/audit'],
      ['auditor', 4, 'GET /operations/parked'],
    ]);
    expect(await listAudit(store, { kind: 'audit-read' })).toEqual([]);
  });

  it('should have a wrong token in it once a minute, without the token, and not a request without one', async () => {
    expect((await call(undefined, '/operations/parked')).status).toBe(401);
    for (let count = 0; count < 5; count += 1)
      expect((await call('PLANTED-token', '/operations/parked')).status).toBe(401);
    const found = await listAudit(store);
    expect(found).toMatchObject([
      {
        kind: 'sign-in-failure',
        action: 'E',
        outcome: 4,
        by: 'unknown',
        origin: { via: 'http', address: '127.0.0.1' },
        details: { code: 'DUCTUS_UNAUTHENTICATED', route: 'GET /operations/parked' },
      },
    ]);
    expect(JSON.stringify(found)).not.toContain('PLANTED');
  });

  it('should show nothing that cannot be written down', async () => {
    await registrar('/operations/patients/import', {
      organization: 'st-marien',
      reason: 'a test',
      patients: [patient],
    });
    await store.schema.alterTable('audit_event').renameTo('elsewhere').execute();
    const refused = await registrar('/operations/patients/search', { organization: 'st-marien' });
    expect(refused.status).toBe(500);
    expect(refused.text).not.toContain('PLANTED');
    // Nobody gets in, whether or not that can be written down.
    expect((await call('wrong', '/operations/parked')).status).toBe(401);
    const again = { organization: 'st-marien', reason: 'a test', patients: [{ ...patient, sourceValue: 'PLANTED-3' }] };
    expect((await registrar('/operations/patients/import', again)).status).toBe(500);
    const { rows } = { rows: await store.selectFrom('patient_identifier').select('source_value').execute() };
    expect(rows).toEqual([{ source_value: 'PLANTED-1' }]);
  });
});

/** The entry point alone, over real HTTP: what it takes, what it refuses, and what it says. */
import { Client, Connection } from '@temporalio/client';
import type { FastifyInstance } from 'fastify';
import { request } from 'undici';
import { createApi } from '../../src/api/server';
import type { Notification } from '../../src/domain/data-sharing';
import { DuctusError } from '../../src/domain/errors';
import { createLogger } from '../../src/runtime/telemetry/logger';
import { createMetrics } from '../../src/runtime/telemetry/metrics';
import { SECRETS, testConfig } from '../support/config';
import { NO_AUDIT } from '../support/no-audit';
import { NO_PATIENTS } from '../support/no-patients';
import { NO_REDELIVERY } from '../support/no-redelivery';

const OID = '2.999.1.1';
const URL_WITH_SIGNATURE = 'https://bucket.s3.amazonaws.com/key.json?X-Amz-Signature=planted-signature';

function config() {
  const organization = (emrOid: string, username: string) => ({
    emrOid,
    timeZone: 'Europe/Berlin',
    notification: { basic: { username, password: { env: 'PASSWORD' } } },
    roche: { servicesUrl: 'https://localhost:1/', clientId: 'c', clientSecret: { env: 'CLIENT_SECRET' }, tls: {} },
    destinations: ['emr-main'],
  });
  return testConfig({
    api: { port: 0, bodyLimitBytes: 4096 },
    organizations: { 'st-marien': organization(OID, 'roche'), 'st-anna': organization('2.999.1.2', 'other') },
    destinations: { 'emr-main': { kind: 'mllp', host: 'localhost', port: 1 } },
  });
}

const body = (change: object = {}) => ({
  EmrOid: OID,
  MessageId: '6a1f6ba0-6f0e-4a53-8f8c-111111111111',
  MessageType: 'Clinical Data',
  MessageCreatedAt: '1603434071811',
  MessageReference: {
    accesspoint: 'arn:aws:s3:eu-central-1:000000000000:accesspoint/ap',
    objectKey: 'delivery/clinical-data/a.json',
  },
  MessageReceiptHandle: 'planted-receipt-handle',
  ...change,
});

describe('POST /roche/notifications', () => {
  let app: FastifyInstance;
  let url: string;
  const taken: { organization: string; notificationId: string; notification: Notification }[] = [];
  const logLines: string[] = [];
  let answer: () => Promise<void>;

  beforeAll(async () => {
    const logger = createLogger({
      level: 'debug',
      role: 'test',
      stream: { write: (line) => void logLines.push(line) },
    });
    const metrics = createMetrics();
    app = await createApi({
      config: config(),
      logger,
      metrics,
      notify: async (input) => {
        await answer();
        taken.push(input);
      },
      patients: NO_PATIENTS,
      audit: NO_AUDIT,
      redelivery: NO_REDELIVERY,
      operations: {
        parked: () => Promise.resolve([]),
        work: () => Promise.resolve(undefined),
        repair: () => Promise.reject(new DuctusError('DUCTUS_NOT_FOUND')),
        repairAll: () => Promise.resolve([]),
        destinations: () => Promise.resolve([]),
        hold: () => Promise.resolve(),
        resume: () => Promise.resolve(false),
      },
      health: { notReady: () => Promise.resolve(['temporal']), scrape: () => metrics.registry.metrics() },
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const address = app.addresses()[0];
    if (address === undefined || typeof address === 'string') throw new Error('no address');
    url = `http://127.0.0.1:${String(address.port)}`;
  });
  afterAll(() => app.close());
  beforeEach(() => {
    taken.length = 0;
    answer = () => Promise.resolve();
  });

  const basic = (username: string, password = SECRETS['PASSWORD'] ?? '') =>
    `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const post = async (payload: unknown, headers: Record<string, string> = {}) => {
    const response = await request(`${url}/roche/notifications`, {
      method: 'POST',
      headers: {
        authorization: basic('roche'),
        'content-type': 'application/json',
        'x-operation-id': 'op-1',
        ...headers,
      },
      body: typeof payload === 'string' ? payload : JSON.stringify(payload),
    });
    const text = await response.body.text();
    return { status: response.statusCode, headers: response.headers, text };
  };

  it('should answer 202 with nothing in it, after the notification was stored', async () => {
    const response = await post(body());
    expect(response).toMatchObject({ status: 202, text: '' });
    expect(taken).toHaveLength(1);
    expect(taken[0]).toMatchObject({
      organization: 'st-marien',
      notificationId: body().MessageId,
      notification: {
        source: { kind: 'access-point', objectKey: 'delivery/clinical-data/a.json' },
        createdAtMs: 1603434071811,
        receiptHandle: 'planted-receipt-handle',
        operationId: 'op-1',
      },
    });
  });

  it('should take a pre-signed URL, and hash it without its signature', async () => {
    await post(body({ MessageReference: { preSignedUrl: URL_WITH_SIGNATURE } }));
    await post(
      body({ MessageReference: { preSignedUrl: URL_WITH_SIGNATURE.replace('planted-signature', 'another') } }),
    );
    expect(taken[0]?.notification.source).toEqual({ kind: 'presigned-url', url: URL_WITH_SIGNATURE });
    expect(taken[0]?.notification.sourceHash).toBe(taken[1]?.notification.sourceHash);
  });

  it('should tell organizations apart by EmrOid, for those whose credentials came', async () => {
    expect((await post(body({ EmrOid: '2.999.1.2' }), { authorization: basic('other') })).status).toBe(202);
    expect(taken[0]?.organization).toBe('st-anna');
    expect((await post(body({ EmrOid: '2.999.1.2' }))).status).toBe(404);
    expect((await post(body({ EmrOid: '1.2.3' }))).status).toBe(404);
  });

  it.each([
    ['without credentials', { authorization: '' }],
    ['with a wrong password', { authorization: basic('roche', 'wrong') }],
    ['with an unknown user', { authorization: basic('nobody') }],
    ['with another scheme', { authorization: 'Bearer x' }],
  ])('should answer 401 %s, before it looks at the body', async (_name, headers) => {
    const response = await post('not even JSON', headers);
    expect(response.status).toBe(401);
    expect(response.headers['www-authenticate']).toMatch(/^Basic /);
    expect(JSON.parse(response.text)).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ code: 'login' }] });
  });

  it.each<[string, object, string]>([
    ['EmrOid', { EmrOid: undefined }, 'EmrOid'],
    ['MessageId with a slash', { MessageId: 'a/b' }, 'MessageId'],
    ['MessageType', { MessageType: 'Gossip' }, 'MessageType'],
    ['MessageCreatedAt', { MessageCreatedAt: 'yesterday' }, 'MessageCreatedAt'],
    ['an empty receipt handle', { MessageReceiptHandle: '' }, 'MessageReceiptHandle'],
    ['no reference', { MessageReference: undefined }, 'MessageReference'],
    ['a reference without key', { MessageReference: { accesspoint: 'arn:x' } }, 'MessageReference.objectKey'],
    ['a time after the year 9999', { MessageCreatedAt: 9007199254740991 }, 'MessageCreatedAt'],
    [
      'a NUL in the key',
      { MessageReference: { accesspoint: 'arn:x', objectKey: 'a\u0000b' } },
      'MessageReference.objectKey',
    ],
    [
      'half a surrogate in the key',
      { MessageReference: { accesspoint: 'arn:x', objectKey: '\ud800' } },
      'MessageReference.objectKey',
    ],
    [
      'a key of too many bytes',
      { MessageReference: { accesspoint: 'arn:x', objectKey: 'ä'.repeat(1000) } },
      'MessageReference.objectKey',
    ],
    ['a URL without TLS', { MessageReference: { url: 'http://bucket.s3.amazonaws.com/k' } }, 'MessageReference.url'],
  ])('should answer 400 and name the element for %s', async (_name, change, element) => {
    const response = await post(body(change));
    expect(response.status).toBe(400);
    expect(JSON.parse(response.text)).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: expect.arrayContaining([expect.objectContaining({ expression: [element] })]),
    });
    expect(taken).toHaveLength(0);
  });

  it('should never quote what was sent', async () => {
    const response = await post(body({ MessageType: 'planted-patient-name', MessageReceiptHandle: 7 }));
    expect(response.status).toBe(400);
    expect(response.text).not.toContain('planted');
    expect(logLines.join('')).not.toContain('planted');
  });

  it('should answer 400 to broken JSON, 413 to a large body, 415 to another type, 404 to another path', async () => {
    expect((await post('{')).status).toBe(400);
    expect((await post('')).status).toBe(400);
    expect((await post(body({ MessageReceiptHandle: 'x'.repeat(5000) }))).status).toBe(413);
    expect((await post('<a/>', { 'content-type': 'text/xml' })).status).toBe(415);
    expect((await post('hello', { 'content-type': 'text/plain' })).status).toBe(415);
    const odd = await request(`${url}/roche/%E0%A4%A-planted?sig=planted`);
    expect([odd.statusCode, (await odd.body.text()).includes('planted')]).toEqual([404, false]);
    expect((await request(`${url}/roche/other`, { method: 'POST' })).statusCode).toBe(404);
    expect((await request(`${url}/roche/notifications`)).statusCode).toBe(404);
  });

  it('should answer 503 with Retry-After when Temporal cannot be reached', async () => {
    // Port 9 (discard) has no listener on the loopback.
    const connection = Connection.lazy({ address: '127.0.0.1:9' });
    const client = new Client({ connection });
    answer = async () => {
      const [last] = [body()];
      try {
        await client.withDeadline(Date.now() + 500, () =>
          client.workflow.signalWithStart('dataSharing', {
            workflowId: last.MessageId,
            taskQueue: 'none',
            signal: 'notified',
          }),
        );
      } catch (error) {
        throw new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE', undefined, { cause: error });
      }
    };
    const response = await post(body());
    expect(response.status).toBe(503);
    expect(response.headers['retry-after']).toBe('15');
    expect(JSON.parse(response.text)).toMatchObject({ issue: [{ code: 'transient' }] });
    await connection.close();
  });

  it('should count what it answered, and say what is not ready', async () => {
    await post(body());
    const metrics = await (await request(`${url}/metrics`)).body.text();
    expect(metrics).toMatch(/ductus_notifications_total\{result="accepted"\} [1-9]/);
    expect(metrics).toMatch(/ductus_notifications_total\{result="DUCTUS_UNAUTHENTICATED"\} 4/);
    const ready = await request(`${url}/health/ready`);
    expect([ready.statusCode, await ready.body.json()]).toEqual([
      503,
      { status: 'unavailable', missing: ['temporal'] },
    ]);
    expect((await request(`${url}/health/live`)).statusCode).toBe(200);
  });

  it('should let operators in by token and right only', async () => {
    const get = (token: string) =>
      request(`${url}/operations/parked`, { headers: { authorization: `Bearer ${token}` } });
    expect((await get('wrong')).statusCode).toBe(401);
    expect((await get(SECRETS['READER'] ?? '')).statusCode).toBe(200);
    const repair = await request(`${url}/operations/repair/data-sharing/a/b`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SECRETS['READER'] ?? ''}`, 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'retry', reason: 'x' }),
    });
    expect(repair.statusCode).toBe(403);
  });
});

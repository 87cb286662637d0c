/** Organizations that prove themselves by client certificate, alone or besides Basic, over real TLS. */
import { X509Certificate } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { Agent, request } from 'undici';
import { createCertificates, type Certificates, type KeyPair } from '../../simulators/certificates';
import { createApi } from '../../src/api/server';
import { DuctusError } from '../../src/domain/errors';
import { createLogger } from '../../src/runtime/telemetry/logger';
import { createMetrics } from '../../src/runtime/telemetry/metrics';
import { SECRETS, testConfig } from '../support/config';
import { NO_AUDIT } from '../support/no-audit';
import { NO_PATIENTS } from '../support/no-patients';
import { NO_HEALTH } from '../support/no-health';
import { NO_REDELIVERY } from '../support/no-redelivery';

let certificates: Certificates;
let strangers: Certificates;
let app: FastifyInstance;
let url: string;

const basic = `Basic ${Buffer.from(`roche:${SECRETS['PASSWORD'] ?? ''}`).toString('base64')}`;

beforeAll(async () => {
  [certificates, strangers] = await Promise.all([createCertificates(), createCertificates()]);
  const sha256 = new X509Certificate(certificates.rocheClient.cert).fingerprint256;
  const organization = (emrOid: string, notification: object) => ({
    emrOid,
    timeZone: 'Europe/Berlin',
    notification,
    roche: { servicesUrl: 'https://localhost:1/', clientId: 'c', clientSecret: { env: 'CLIENT_SECRET' }, tls: {} },
    destinations: ['emr-main'],
  });
  const config = testConfig(
    {
      api: { port: 0, tls: { cert: { env: 'CERT' }, key: { env: 'KEY_PEM' }, clientCa: { env: 'CA' } } },
      organizations: {
        certified: organization('2.999.1.1', { clientCertificate: { sha256 } }),
        both: organization('2.999.1.2', {
          clientCertificate: { sha256 },
          basic: { username: 'roche', password: { env: 'PASSWORD' } },
        }),
      },
      destinations: { 'emr-main': { kind: 'mllp', host: 'localhost', port: 1 } },
    },
    { CERT: certificates.server.cert, KEY_PEM: certificates.server.key, CA: certificates.ca.cert },
  );
  const refuse = () => Promise.reject(new DuctusError('DUCTUS_NOT_FOUND'));
  app = await createApi({
    config,
    logger: createLogger({ level: 'error', role: 'test', stream: { write: () => undefined } }),
    metrics: createMetrics(),
    notify: () => Promise.resolve(),
    patients: NO_PATIENTS,
    audit: NO_AUDIT,
    redelivery: NO_REDELIVERY,
    operations: {
      parked: () => Promise.resolve([]),
      work: () => Promise.resolve(undefined),
      repair: refuse,
      repairAll: () => Promise.resolve([]),
      destinations: () => Promise.resolve([]),
      hold: refuse,
      resume: () => Promise.resolve(false),
    },
    health: NO_HEALTH,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.addresses()[0];
  if (address === undefined || typeof address === 'string') throw new Error('no address');
  url = `https://localhost:${String(address.port)}/roche/notifications`;
});
afterAll(() => app.close());

async function statusOf(emrOid: string, client: KeyPair | undefined, authorization?: string): Promise<number> {
  const dispatcher = new Agent({ connect: { ca: certificates.ca.cert, ...client } });
  try {
    const response = await request(url, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
      body: JSON.stringify({
        EmrOid: emrOid,
        MessageId: 'm-1',
        MessageType: 'Clinical Data',
        MessageCreatedAt: '1603434071811',
        MessageReference: { accesspoint: 'arn:x', objectKey: 'k' },
        MessageReceiptHandle: 'h',
      }),
    });
    await response.body.dump();
    return response.statusCode;
  } finally {
    await dispatcher.close();
  }
}

it('should take the organization whose certificate came', async () => {
  expect(await statusOf('2.999.1.1', certificates.rocheClient)).toBe(202);
});

it('should refuse no certificate, another one of the same authority, and one of another authority', async () => {
  expect(await statusOf('2.999.1.1', undefined)).toBe(401);
  expect(await statusOf('2.999.1.1', certificates.ductusClient)).toBe(401);
  expect(await statusOf('2.999.1.1', strangers.rocheClient)).toBe(401);
});

it('should ask for both where both are set', async () => {
  expect(await statusOf('2.999.1.2', certificates.rocheClient, basic)).toBe(202);
  // The certificate alone proves to be the other organization only.
  expect(await statusOf('2.999.1.2', certificates.rocheClient)).toBe(404);
  expect(await statusOf('2.999.1.2', undefined, basic)).toBe(401);
});

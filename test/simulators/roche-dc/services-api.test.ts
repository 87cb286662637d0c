import { createCertificates } from '../../../simulators/certificates';
import { CallbackServer } from '../callback-server';
import { ORGANIZATION, RocheClient, startSimulator } from './roche-client';
import type { Certificates } from '../../../simulators/certificates';

describe('the services API of the Roche simulator', () => {
  let certificates: Certificates;

  beforeAll(async () => {
    certificates = await createCertificates();
  });

  it('should issue temporary credentials that end when it is said', async () => {
    await using simulator = await startSimulator(certificates, 'http://localhost:1/', {
      credentialLifetimeMs: 900_000,
    });
    await using client = new RocheClient(simulator, certificates);
    const before = Date.now();
    const token = await client.token();
    expect(token.awsResources).toEqual([simulator.accessPointArn(ORGANIZATION.emrOid)]);
    const ends = Date.parse(token.awsCredentials.Expiration);
    expect(ends).toBeGreaterThanOrEqual(before + 900_000);
    expect(ends).toBeLessThanOrEqual(Date.now() + 900_000);
    expect(simulator.stats().tokens).toEqual({ issued: 1, refused: 0 });
  });

  it('should refuse a caller without a certificate and one of another authority', async () => {
    const other = await createCertificates();
    await using simulator = await startSimulator(certificates, 'http://localhost:1/');
    for (const pair of [null, other.ductusClient]) {
      await using client = new RocheClient(simulator, certificates, pair);
      const answer = await client.post('v1/token');
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.text)).toEqual({
        status: 'error',
        detail: 'Validation policy error: Certificate validation failed.',
      });
    }
    expect(simulator.stats().tokens).toEqual({ issued: 0, refused: 2 });
  });

  it.each([
    { changes: { org_id: '2.999.9' }, status: 403, text: 'forbidden' },
    { changes: { org_id: '' }, status: 403, text: 'forbidden' },
    { changes: { client_id: 'other' }, status: 403, text: 'ClientID enforcement error' },
    { changes: { client_secret: 'wrong' }, status: 401, text: '{"error":"Invalid Client"}' },
    { changes: { 'x-origin-request-id': '' }, status: 400, text: 'x-origin-request-id' },
    { changes: { 'x-origin-request-id': 'no-uuid' }, status: 400, text: 'x-origin-request-id' },
    { changes: { 'content-type': 'text/plain' }, status: 400, text: 'content type' },
  ])('should answer $status when $changes differs', async ({ changes, status, text }) => {
    await using simulator = await startSimulator(certificates, 'http://localhost:1/');
    await using client = new RocheClient(simulator, certificates);
    const answer = await client.post('v1/token', changes);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(text);
  });

  it('should refuse a body', async () => {
    await using simulator = await startSimulator(certificates, 'http://localhost:1/');
    await using client = new RocheClient(simulator, certificates);
    expect((await client.post('v1/token', {}, '{}')).status).toBe(400);
  });

  it('should acknowledge once for a receipt handle and stay calm about a second time', async () => {
    await using callback = await CallbackServer.start();
    await using simulator = await startSimulator(certificates, callback.url);
    await using client = new RocheClient(simulator, certificates);
    await simulator.share({ organization: ORGANIZATION.emrOid, bundle: {}, option: 'access-point' });
    const [notification] = callback.received;
    if (notification === undefined) {
      throw new Error('no notification came');
    }
    expect(await client.acknowledge(notification)).toEqual({ status: 200, text: '' });
    expect((await client.acknowledge(notification)).status).toBe(200);
    const [stats] = simulator.stats().notifications;
    expect(stats?.acks.map(({ attempt }) => attempt)).toEqual([1, 1]);
  });

  it("should refuse a receipt handle that is unknown, of another organization, expired, or with another's operation id", async () => {
    const other = { emrOid: '2.999.1.2', clientId: 'other', clientSecret: 'other-secret' };
    await using callback = await CallbackServer.start();
    await using simulator = await startSimulator(certificates, callback.url, {
      organizations: [{ ...ORGANIZATION, callback: { url: callback.url } }, other],
    });
    await using client = new RocheClient(simulator, certificates);
    await simulator.share({ organization: ORGANIZATION.emrOid, bundle: {}, option: 'access-point' });
    const [notification] = callback.received;
    if (notification === undefined) {
      throw new Error('no notification came');
    }
    const unknown = await client.acknowledge(notification, { receiptHandle: 'AQEB-unknown' });
    expect(unknown.status).toBe(400);
    expect(JSON.parse(unknown.text)).toEqual({
      resourceType: 'OperationOutcome',
      issue: [
        {
          severity: 'error',
          code: 'invalid',
          details: { text: 'The input receipt handle "AQEB-unknown" is not a valid receipt handle.' },
        },
      ],
    });
    const foreign = { org_id: other.emrOid, client_id: other.clientId, client_secret: other.clientSecret };
    expect((await client.acknowledge(notification, foreign)).status).toBe(400);
    expect((await client.acknowledge(notification, { 'x-operation-id': 'another' })).status).toBe(400);
    expect(simulator.stats().totals.acknowledged).toBe(0);
  });

  it('should refuse a handle after its life time', async () => {
    await using callback = await CallbackServer.start();
    await using simulator = await startSimulator(certificates, callback.url, { receiptHandleLifetimeMs: 0.001 });
    await using client = new RocheClient(simulator, certificates);
    await simulator.share({ organization: ORGANIZATION.emrOid, bundle: {}, option: 'access-point' });
    const [notification] = callback.received;
    if (notification === undefined) {
      throw new Error('no notification came');
    }
    expect((await client.acknowledge(notification)).status).toBe(400);
    expect(simulator.stats().totals.refusedAcks).toBe(1);
  });

  it('should take only the newest handle of a notification, or older ones too if so set', async () => {
    for (const acceptOlderReceiptHandles of [false, true]) {
      await using callback = await CallbackServer.start();
      await using simulator = await startSimulator(certificates, callback.url, { acceptOlderReceiptHandles });
      await using client = new RocheClient(simulator, certificates);
      const { messageId } = await simulator.share({
        organization: ORGANIZATION.emrOid,
        bundle: {},
        option: 'access-point',
      });
      await simulator.repeat(messageId);
      const [older, newer] = callback.received;
      if (older === undefined || newer === undefined) {
        throw new Error('two notifications should have come');
      }
      expect(older.body.MessageId).toBe(newer.body.MessageId);
      expect(older.body.MessageReceiptHandle).not.toBe(newer.body.MessageReceiptHandle);
      expect(older.headers['x-operation-id']).not.toBe(newer.headers['x-operation-id']);
      expect((await client.acknowledge(older)).status).toBe(acceptOlderReceiptHandles ? 200 : 400);
      expect((await client.acknowledge(newer)).status).toBe(200);
    }
  });

  describe('with faults', () => {
    it('should fail token requests as ordered, and count it', async () => {
      await using simulator = await startSimulator(certificates, 'http://localhost:1/', { tokenTimeoutMs: 50 });
      await using client = new RocheClient(simulator, certificates);
      simulator.faults.order('token-500');
      simulator.faults.order('token-401');
      simulator.faults.order('token-timeout');
      expect((await client.post('v1/token')).status).toBe(500);
      expect((await client.post('v1/token')).status).toBe(401);
      await expect(client.post('v1/token')).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
      expect((await client.post('v1/token')).status).toBe(200);
      expect(simulator.stats().faults).toMatchObject({ 'token-500': 1, 'token-401': 1, 'token-timeout': 1 });
    });

    it('should process an ACK whose answer it loses, and not one that it fails', async () => {
      await using callback = await CallbackServer.start();
      await using simulator = await startSimulator(certificates, callback.url);
      await using client = new RocheClient(simulator, certificates);
      await simulator.share({ organization: ORGANIZATION.emrOid, bundle: {}, option: 'access-point' });
      const [notification] = callback.received;
      if (notification === undefined) {
        throw new Error('no notification came');
      }
      simulator.faults.order('ack-500');
      expect((await client.acknowledge(notification)).status).toBe(500);
      expect(simulator.stats().totals.acks).toBe(0);
      simulator.faults.order('ack-lost');
      await expect(client.acknowledge(notification)).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
      expect(simulator.stats().totals.acks).toBe(1);
      expect(simulator.stats().notifications[0]?.faults).toEqual(['ack-500', 'ack-lost']);
    });

    it('should meet the same faults with the same seed', async () => {
      const statuses = async (seed: number): Promise<number[]> => {
        await using simulator = await startSimulator(certificates, 'http://localhost:1/', {
          seed,
          faults: { 'token-500': 0.3, 'token-401': 0.3 },
        });
        await using client = new RocheClient(simulator, certificates);
        const seen = [];
        for (let index = 0; index < 20; index += 1) {
          seen.push((await client.post('v1/token')).status);
        }
        return seen;
      };
      const first = await statuses(7);
      expect(new Set(first)).toEqual(new Set([200, 401, 500]));
      expect(await statuses(7)).toEqual(first);
      expect(await statuses(8)).not.toEqual(first);
    });
  });
});

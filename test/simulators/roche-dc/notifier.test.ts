import { createCertificates } from '../../../simulators/certificates';
import { CallbackServer } from '../callback-server';
import { ORGANIZATION, RocheClient, startSimulator } from './roche-client';
import type { Certificates } from '../../../simulators/certificates';

const SHARE = {
  organization: ORGANIZATION.emrOid,
  bundle: { resourceType: 'Bundle' },
  option: 'access-point',
} as const;

describe('the notifications of the Roche simulator', () => {
  let certificates: Certificates;

  beforeAll(async () => {
    certificates = await createCertificates();
  });

  it("should have Roche's shape", async () => {
    await using callback = await CallbackServer.start();
    await using simulator = await startSimulator(certificates, callback.url);
    const before = Date.now();
    const shared = await simulator.share({ ...SHARE, messageId: 'id-1', objectKey: 'delivery/clinical-data/a.json' });
    expect(shared.firstAttempt.status).toBe(202);
    const [notification] = callback.received;
    expect(notification?.body).toEqual({
      EmrOid: ORGANIZATION.emrOid,
      MessageId: 'id-1',
      MessageType: 'Clinical Data',
      MessageCreatedAt: expect.stringMatching(/^\d{13}$/),
      MessageReference: {
        accesspoint: 'arn:aws:s3:eu-central-1:000000000000:accesspoint/ductus-demo',
        objectKey: 'delivery/clinical-data/a.json',
      },
      MessageReceiptHandle: expect.stringMatching(/^[A-Za-z0-9+/=]{300,}$/),
    });
    expect(Number(notification?.body.MessageCreatedAt)).toBeGreaterThanOrEqual(before);
    expect(notification?.headers['authorization']).toBe(`Basic ${Buffer.from('roche:pass:word').toString('base64')}`);
    expect(notification?.headers['x-operation-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(notification?.headers['content-type']).toBe('application/json');
  });

  it('should come over TLS with a client certificate', async () => {
    await using callback = await CallbackServer.start(() => 202, certificates);
    await using simulator = await startSimulator(certificates, callback.url);
    simulator.setCallback(ORGANIZATION.emrOid, {
      url: callback.url,
      ca: certificates.ca.cert,
      ...certificates.rocheClient,
    });
    expect((await simulator.share(SHARE)).firstAttempt.status).toBe(202);
    expect(callback.received[0]?.clientName).toBe('roche-dc-simulator');
  });

  it('should be repeated until the repeats are spent when no ACK comes', async () => {
    await using callback = await CallbackServer.start();
    await using simulator = await startSimulator(certificates, callback.url, {
      renotifications: 2,
      renotifyAfterMs: 20,
    });
    await simulator.share(SHARE);
    const stats = await simulator.waitUntil(({ totals }) => totals.exhausted === 1, 10_000);
    expect(stats.notifications[0]?.attempts.map(({ kind }) => kind)).toEqual([
      'first',
      'renotification',
      'renotification',
    ]);
    expect(new Set(callback.received.map(({ body }) => body.MessageId)).size).toBe(1);
    expect(new Set(callback.received.map(({ body }) => body.MessageReceiptHandle)).size).toBe(3);
    expect(new Set(callback.received.map(({ body }) => body.MessageCreatedAt)).size).toBe(1);
  });

  it('should not be repeated after an ACK', async () => {
    await using callback = await CallbackServer.start();
    await using simulator = await startSimulator(certificates, callback.url, {
      renotifications: 3,
      renotifyAfterMs: 200,
      acceptOlderReceiptHandles: true,
    });
    await using client = new RocheClient(simulator, certificates);
    await simulator.share(SHARE);
    await callback.waitFor(2);
    const newest = callback.received.at(-1);
    if (newest === undefined) {
      throw new Error('no notification came');
    }
    expect((await client.acknowledge(newest)).status).toBe(200);
    const attempts = simulator.stats().notifications[0]?.attempts.length;
    // A second one is not acknowledged: once all its repeats are out, those of the first would have been, too.
    await simulator.share(SHARE);
    const stats = await simulator.waitUntil(({ totals }) => totals.exhausted === 1, 10_000);
    expect(stats.notifications[0]?.attempts).toHaveLength(attempts ?? 0);
    expect(stats.notifications[0]?.acks).toHaveLength(1);
    expect(stats.notifications[1]?.attempts).toHaveLength(4);
  });

  it('should come twice at the seeded rate', async () => {
    const duplicated = async (seed: number): Promise<boolean[]> => {
      await using callback = await CallbackServer.start();
      await using simulator = await startSimulator(certificates, callback.url, { seed, duplicateRate: 0.2 });
      for (let index = 0; index < 40; index += 1) {
        await simulator.share(SHARE);
      }
      const stats = await simulator.waitUntil(
        ({ notifications }) => notifications.every((one) => one.attempts.every(({ status }) => status === 202)),
        10_000,
      );
      expect(stats.totals.duplicates).toBe(callback.received.length - 40);
      return stats.notifications.map((one) => one.attempts.some(({ kind }) => kind === 'duplicate'));
    };
    const first = await duplicated(11);
    const count = first.filter(Boolean).length;
    expect(count).toBeGreaterThan(2);
    expect(count).toBeLessThan(20);
    expect(await duplicated(11)).toEqual(first);
  });

  it('should be tried once only when refused or failed, without the option to go on', async () => {
    await using callback = await CallbackServer.start(() => 503);
    await using simulator = await startSimulator(certificates, callback.url, {
      renotifications: 0,
      renotifyAfterMs: 10,
    });
    expect((await simulator.share(SHARE)).firstAttempt.status).toBe(503);
    const stats = await simulator.waitUntil(({ totals }) => totals.exhausted === 1, 10_000);
    expect(stats.totals).toMatchObject({ attempts: 1, accepted: 0 });
  });

  it('should be retried until the answer is 2xx with the option to go on', async () => {
    await using callback = await CallbackServer.start((_notification, index) =>
      index === 0 ? 'hang-up' : index < 3 ? 503 : 202,
    );
    await using simulator = await startSimulator(certificates, callback.url, {
      retryUnanswered: true,
      retryUnansweredAfterMs: 5,
    });
    const { firstAttempt } = await simulator.share(SHARE);
    expect(firstAttempt).toMatchObject({ error: 'UND_ERR_SOCKET' });
    const { notifications } = await simulator.waitUntil(({ totals }) => totals.accepted === 1, 10_000);
    expect(notifications[0]?.attempts.map(({ kind, status }) => [kind, status])).toEqual([
      ['first', undefined],
      ['retry', 503],
      ['retry', 503],
      ['retry', 202],
    ]);
  });

  it('should be retried while nobody listens with the option to go on', async () => {
    const callback = await CallbackServer.start();
    const { port, url } = callback;
    await callback[Symbol.asyncDispose]();
    await using simulator = await startSimulator(certificates, url, {
      retryUnanswered: true,
      retryUnansweredAfterMs: 5,
    });
    expect((await simulator.share(SHARE)).firstAttempt.error).toBe('ECONNREFUSED');
    await using again = await CallbackServer.start(() => 202, undefined, port);
    await again.waitFor(1);
    await simulator.waitUntil(({ totals }) => totals.accepted === 1, 10_000);
  });

  it('should not be retried after a refusal 4xx', async () => {
    await using callback = await CallbackServer.start(() => 400);
    await using simulator = await startSimulator(certificates, callback.url, {
      retryUnanswered: true,
      retryUnansweredAfterMs: 1,
      renotifications: 0,
      renotifyAfterMs: 50,
    });
    await simulator.share(SHARE);
    const stats = await simulator.waitUntil(({ totals }) => totals.exhausted === 1, 10_000);
    expect(stats.totals.attempts).toBe(1);
  });

  it('should refer to another file under the same id when so shared', async () => {
    await using callback = await CallbackServer.start();
    await using simulator = await startSimulator(certificates, callback.url);
    await simulator.share({ ...SHARE, messageId: 'same', objectKey: 'delivery/clinical-data/a.json' });
    await simulator.share({ ...SHARE, messageId: 'same', objectKey: 'delivery/clinical-data/b.json' });
    expect(callback.received.map(({ body }) => body.MessageReference['objectKey'])).toEqual([
      'delivery/clinical-data/a.json',
      'delivery/clinical-data/b.json',
    ]);
    expect(simulator.stats().totals.notifications).toBe(2);
  });

  it('should stop with repeats outstanding', async () => {
    await using callback = await CallbackServer.start();
    const simulator = await startSimulator(certificates, callback.url);
    await simulator.share(SHARE);
    await simulator.stop();
    expect(simulator.stats().totals).toMatchObject({ attempts: 1, exhausted: 0 });
  });

  it('should fail a share for an organization that is unknown or has no callback', async () => {
    await using simulator = await startSimulator(certificates, 'http://localhost:1/', {
      organizations: [ORGANIZATION],
    });
    await expect(simulator.share({ ...SHARE, organization: '2.999.9' })).rejects.toThrow('no organization 2.999.9');
    await expect(simulator.share(SHARE)).rejects.toThrow('has no callback');
  });
});

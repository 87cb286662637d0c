import { createHash } from 'node:crypto';
import { S3ServiceException } from '@aws-sdk/client-s3';
import { createCertificates } from '../../../simulators/certificates';
import { bgBundle } from '../../../simulators/roche-dc/sample-data';
import { CallbackServer } from '../callback-server';
import { ORGANIZATION, RocheClient, startSimulator } from './roche-client';
import type { Certificates } from '../../../simulators/certificates';
import type { RocheSimulator } from '../../../simulators/roche-dc/roche-simulator';

const KEY = 'delivery/clinical-data/one.json';
const BUNDLE = Buffer.from(JSON.stringify(bgBundle({ patient: 1, count: 50, seed: 1 })));
const ETAG = `"${createHash('md5').update(BUNDLE).digest('hex')}"`;

async function codeOf(reading: Promise<unknown>): Promise<string> {
  try {
    await reading;
  } catch (error) {
    return error instanceof S3ServiceException ? error.name : 'broken connection';
  }
  return 'read';
}

describe('the files of the Roche simulator', () => {
  let certificates: Certificates;

  beforeAll(async () => {
    certificates = await createCertificates();
  });

  /** A file that was shared as pre-signed URL, and the URL that came. */
  async function sharedUrl(simulator: RocheSimulator, callback: CallbackServer): Promise<string> {
    await simulator.share({ organization: ORGANIZATION.emrOid, bundle: BUNDLE, option: 'presigned-url' });
    return callback.received.at(-1)?.body.MessageReference['preSignedUrl'] ?? '';
  }

  it('should be read through the access point with the token', async () => {
    await using simulator = await startSimulator(certificates, 'http://localhost:1/');
    await using client = new RocheClient(simulator, certificates);
    simulator.putObject(KEY, BUNDLE);
    const accessPoint = simulator.accessPointArn(ORGANIZATION.emrOid);
    expect(await client.read(await client.token(), accessPoint, KEY)).toEqual({ bytes: BUNDLE, etag: ETAG });
    expect(simulator.stats().s3).toEqual({ 200: 1 });
  });

  it('should not be read by another organization', async () => {
    await using simulator = await startSimulator(certificates, 'http://localhost:1/', {
      organizations: [
        { ...ORGANIZATION, accessPoint: 'own' },
        { emrOid: '2.999.1.2', clientId: 'other', clientSecret: 'secret' },
      ],
    });
    await using client = new RocheClient(simulator, certificates);
    simulator.putObject(KEY, BUNDLE);
    const token = await client.token();
    // `own-000000000000.localhost` is not in the certificate; the other organization's access point is.
    expect(await codeOf(client.read(token, simulator.accessPointArn('2.999.1.2'), KEY))).toBe('AccessDenied');
  });

  it('should not be read with a token whose time is over', async () => {
    await using simulator = await startSimulator(certificates, 'http://localhost:1/', { credentialLifetimeMs: -1 });
    await using client = new RocheClient(simulator, certificates);
    simulator.putObject(KEY, BUNDLE);
    const reading = client.read(await client.token(), simulator.accessPointArn(ORGANIZATION.emrOid), KEY);
    expect(await codeOf(reading)).toBe('ExpiredToken');
  });

  it('should be read by the pre-signed URL of the notification', async () => {
    await using callback = await CallbackServer.start();
    await using simulator = await startSimulator(certificates, callback.url);
    await using client = new RocheClient(simulator, certificates);
    const url = await sharedUrl(simulator, callback);
    expect(await client.fetch(url)).toEqual({ status: 200, text: BUNDLE.toString() });
  });

  it('should say what is wrong in XML to a caller without a signature', async () => {
    await using simulator = await startSimulator(certificates, 'http://localhost:1/');
    await using client = new RocheClient(simulator, certificates);
    const answer = await client.fetch(`${simulator.s3Endpoint}/simulated-roche-delivery/${KEY}`);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('<Code>AccessDenied</Code>');
  });

  describe('with faults', () => {
    it('should fail by access point as ordered; a token that ended stays so', async () => {
      await using simulator = await startSimulator(certificates, 'http://localhost:1/');
      await using client = new RocheClient(simulator, certificates);
      simulator.putObject(KEY, BUNDLE);
      const accessPoint = simulator.accessPointArn(ORGANIZATION.emrOid);
      const token = await client.token();
      simulator.faults.order('s3-503');
      expect(await codeOf(client.read(token, accessPoint, KEY))).toBe('SlowDown');
      simulator.faults.order('s3-reset');
      expect(await codeOf(client.read(token, accessPoint, KEY))).toBe('broken connection');
      simulator.faults.order('s3-truncated');
      const half = await client.read(token, accessPoint, KEY);
      expect(half).toEqual({ bytes: BUNDLE.subarray(0, Math.floor(BUNDLE.length / 2)), etag: ETAG });
      simulator.faults.order('s3-expired-token');
      expect(await codeOf(client.read(token, accessPoint, KEY))).toBe('ExpiredToken');
      expect(await codeOf(client.read(token, accessPoint, KEY))).toBe('ExpiredToken');
      expect(await codeOf(client.read(await client.token(), accessPoint, KEY))).toBe('read');
      expect(simulator.stats().faults).toMatchObject({
        's3-503': 1,
        's3-reset': 1,
        's3-truncated': 1,
        's3-expired-token': 1,
      });
    });

    it('should end a pre-signed URL early, until the next notification brings a new one', async () => {
      await using callback = await CallbackServer.start();
      await using simulator = await startSimulator(certificates, callback.url);
      await using client = new RocheClient(simulator, certificates);
      const url = await sharedUrl(simulator, callback);
      simulator.faults.order('s3-expired-url');
      expect((await client.fetch(url)).status).toBe(403);
      expect((await client.fetch(url)).status).toBe(403);
      const [notification] = simulator.stats().notifications;
      await simulator.repeat(notification?.messageId ?? '');
      const fresh = callback.received.at(-1)?.body.MessageReference['preSignedUrl'] ?? '';
      expect(fresh).not.toBe(url);
      expect((await client.fetch(fresh)).status).toBe(200);
      expect(simulator.stats().notifications[0]?.faults).toEqual(['s3-expired-url']);
    });
  });
});

/** Both readers against a server that checks signatures, session tokens and expiry as S3 does. */
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { CredentialCache } from '../../../src/connectors/s3/credentials';
import { S3ObjectReader } from '../../../src/connectors/s3/object-reader';
import { PresignedReader } from '../../../src/connectors/s3/presigned-reader';
import { ByteBudget } from '../../../src/runtime/byte-budget';
import { Secret } from '../../../src/runtime/config/secret';
import { createCertificates } from '../../../simulators/certificates';
import type { Certificates } from '../../../simulators/certificates';
import { S3Door } from '../../../simulators/roche-dc/s3-door';
import { ObjectStore } from '../../../simulators/roche-dc/s3-objects';
import { CredentialStore } from '../../../simulators/roche-dc/temporary-credentials';
import { ductusErrorOf } from '../../support/error-of';
import { retrievalConfig } from '../../support/retrieval';

const REGION = 'eu-central-1';
const ARN = `arn:aws:s3:${REGION}:123456789012:accesspoint/ap1`;
const KEY = 'delivery/clinical-data/a b+c/ü&=%.json';
const FILE = Buffer.alloc(300_000, 'bundle ');

let certificates: Certificates;
let credentials: CredentialStore;
let door: S3Door;
const budget = new ByteBudget(10_000_000);

beforeAll(async () => {
  certificates = await createCertificates({ serverNames: ['ap1-123456789012.localhost'] });
  credentials = new CredentialStore();
  const objects = new ObjectStore();
  objects.put(KEY, FILE);
  door = new S3Door({
    region: REGION,
    bucket: 'b',
    accessPoints: [ARN],
    credentials,
    objects,
    tls: certificates.server,
  });
  await door.start();
});

afterAll(async () => {
  await door.stop();
});

/** A reader whose credentials live for these times, one after another. */
function reader(...lifetimesMs: number[]): S3ObjectReader {
  const fetch = () => {
    const issued = credentials.issueTemporary(lifetimesMs.shift() ?? 60_000, [ARN]);
    return Promise.resolve({
      accessKeyId: issued.accessKeyId,
      secretAccessKey: new Secret(issued.secretAccessKey),
      sessionToken: new Secret(issued.sessionToken),
      expiration: undefined,
      resources: [ARN],
    });
  };
  return new S3ObjectReader({
    retrieval: retrievalConfig({ endpoint: door.endpoint, ca: { env: 'CA' } }, certificates.ca.cert),
    credentials: new CredentialCache(fetch, { refreshBeforeMs: 1 }),
  });
}

describe('signed requests', () => {
  it('should be accepted for an access point, also after the first credentials have expired', async () => {
    const objects = reader(-1, 60_000);
    const file = await objects.read({ accessPoint: ARN, objectKey: KEY }, { budget });
    expect(file.bytes).toEqual(FILE);
    file.release();
    objects.close();
  });

  it('should be refused for good when all credentials have expired', async () => {
    const objects = reader(-1, -1);
    expect(await ductusErrorOf(objects.read({ accessPoint: ARN, objectKey: KEY }, { budget }))).toMatchObject({
      code: 'DUCTUS_S3_TOKEN_EXPIRED',
    });
    objects.close();
  });

  it('should be answered that a file is not there', async () => {
    const objects = reader();
    expect(await ductusErrorOf(objects.read({ accessPoint: ARN, objectKey: 'other' }, { budget }))).toMatchObject({
      code: 'DUCTUS_S3_NOT_FOUND',
    });
    objects.close();
  });
});

describe('a pre-signed URL', () => {
  async function sign(lifetimeSeconds: number): Promise<string> {
    const { accessKeyId, secretAccessKey } = credentials.issuePermanent();
    const client = new S3Client({
      region: REGION,
      endpoint: door.endpoint,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    });
    const signingDate = lifetimeSeconds > 0 ? new Date() : new Date(Date.now() - 3_600_000);
    const expiresIn = Math.abs(lifetimeSeconds);
    return getSignedUrl(client, new GetObjectCommand({ Bucket: 'b', Key: KEY }), { expiresIn, signingDate });
  }

  it('should be called exactly as it was signed; one that expired or was changed is refused', async () => {
    const presigned = new PresignedReader({
      retrieval: retrievalConfig({ allowedHosts: ['localhost'], ca: { env: 'CA' } }, certificates.ca.cert),
    });
    const url = await sign(60);
    const file = await presigned.read(url, { budget });
    expect(file.bytes).toEqual(FILE);
    file.release();
    for (const bad of [await sign(-60), url.replace('clinical-data', 'clinical-dat4')]) {
      expect(await ductusErrorOf(presigned.read(bad, { budget }))).toMatchObject({ code: 'DUCTUS_URL_EXPIRED' });
    }
    expect(budget.inFlight).toBe(0);
    await presigned.close();
  });
});

/**
 * What a server that stands for S3 has to do when files are read from it. The same cases run on our own door and on other
 * S3 servers, each with what it can: a case that a server cannot do is not made for it.
 */
import { createHash } from 'node:crypto';
import { GetObjectCommand, HeadObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { request } from 'undici';
import type { Dispatcher } from 'undici';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A running server and the ways into it. */
export interface S3Target {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Credentials that may read the bucket. */
  readonly credentials: AwsCredentials;
  /** How the SDK connects, for example with the authority of the server's certificate. */
  readonly requestHandler?: NonNullable<S3ClientConfig['requestHandler']>;
  /** How a plain HTTP client connects. */
  readonly dispatcher?: Dispatcher;
  /** Puts an object there by the server's own means. */
  put(key: string, bytes: Buffer): Promise<void>;
  /** Session credentials. */
  issueSession?(): Promise<AwsCredentials>;
  /** Session credentials whose time is over. */
  issueExpiredSession?(): Promise<AwsCredentials>;
  /** ARN of an access point of the bucket. */
  readonly accessPoint?: string;
  stop(): Promise<void>;
}

/** What a server can do; each brings its cases. */
export type S3Capability =
  'presigned-urls' | 'clock-skew' | 'session-tokens' | 'expired-session-tokens' | 'access-points';

const BYTES = Buffer.from(JSON.stringify({ resourceType: 'Bundle', type: 'collection', note: 'schöne Grüße' }));
const MD5 = createHash('md5').update(BYTES).digest('hex');

/**
 * Registers the cases.
 * @param name of the server
 * @param capabilities of the server
 * @param start starts it
 */
export function describeS3Door(
  name: string,
  capabilities: readonly S3Capability[],
  start: () => Promise<S3Target>,
): void {
  describe(`S3 GetObject on ${name}`, () => {
    let target: S3Target;
    const key = 'delivery/clinical-data/file.json';

    beforeAll(async () => {
      target = await start();
      await target.put(key, BYTES);
    });

    afterAll(async () => {
      await target.stop();
    });

    function client(changes: Partial<S3ClientConfig> = {}): S3Client {
      return new S3Client({
        endpoint: target.endpoint,
        region: target.region,
        credentials: target.credentials,
        forcePathStyle: true,
        maxAttempts: 1,
        ...(target.requestHandler === undefined ? {} : { requestHandler: target.requestHandler }),
        ...changes,
      });
    }

    async function read(s3: S3Client, bucket = target.bucket, objectKey = key): Promise<Buffer> {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: objectKey }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    }

    async function refusal(reading: Promise<unknown>): Promise<{ code: string; status: number | undefined }> {
      try {
        await reading;
      } catch (error) {
        if (error instanceof S3ServiceException) {
          return { code: error.name, status: error.$metadata.httpStatusCode };
        }
        throw error;
      }
      throw new Error('the server did not refuse');
    }

    async function fetchUrl(url: string): Promise<{ status: number; text: string }> {
      const answer = await request(url, target.dispatcher === undefined ? {} : { dispatcher: target.dispatcher });
      return { status: answer.statusCode, text: await answer.body.text() };
    }

    it('should give the bytes, their length and the MD5 as ETag', async () => {
      const answer = await client().send(new GetObjectCommand({ Bucket: target.bucket, Key: key }));
      expect(Buffer.from((await answer.Body?.transformToByteArray()) ?? [])).toEqual(BYTES);
      expect(answer.ContentLength).toBe(BYTES.length);
      expect(answer.ETag).toBe(`"${MD5}"`);
    });

    it('should answer HEAD with the length and the ETag', async () => {
      const answer = await client().send(new HeadObjectCommand({ Bucket: target.bucket, Key: key }));
      expect(answer.ContentLength).toBe(BYTES.length);
      expect(answer.ETag).toBe(`"${MD5}"`);
    });

    it('should read a key with letters that an address has to encode', async () => {
      const odd = "delivery/ü b+c(1)!*'~&=$.json";
      await target.put(odd, BYTES);
      expect(await read(client(), target.bucket, odd)).toEqual(BYTES);
    });

    it('should answer NoSuchKey for a key that is not there', async () => {
      expect(await refusal(read(client(), target.bucket, 'delivery/none.json'))).toEqual({
        code: 'NoSuchKey',
        status: 404,
      });
    });

    it('should refuse a wrong secret', async () => {
      const credentials = { ...target.credentials, secretAccessKey: 'not-the-secret' };
      expect(await refusal(read(client({ credentials })))).toEqual({ code: 'SignatureDoesNotMatch', status: 403 });
    });

    it('should refuse an access key that it does not know', async () => {
      const credentials = { accessKeyId: 'AKIAUNKNOWNUNKNOWN00', secretAccessKey: 'whatever' };
      expect(await refusal(read(client({ credentials })))).toEqual({ code: 'InvalidAccessKeyId', status: 403 });
    });

    it('should refuse a request without a signature', async () => {
      const answer = await fetchUrl(`${target.endpoint}/${target.bucket}/${key}`);
      expect(answer.status).toBe(403);
      expect(answer.text).not.toContain('Bundle');
    });

    if (capabilities.includes('clock-skew')) {
      it('should refuse a request whose time is more than 15 minutes off', async () => {
        const late = client({ systemClockOffset: -16 * 60 * 1000 });
        expect(await refusal(read(late))).toEqual({ code: 'RequestTimeTooSkewed', status: 403 });
      });
    }

    if (capabilities.includes('presigned-urls')) {
      describe('by pre-signed URL', () => {
        async function presign(expiresIn = 300, signingDate = new Date()): Promise<string> {
          return getSignedUrl(client(), new GetObjectCommand({ Bucket: target.bucket, Key: key }), {
            expiresIn,
            signingDate,
          });
        }

        it('should give the bytes', async () => {
          expect(await fetchUrl(await presign())).toEqual({ status: 200, text: BYTES.toString() });
        });

        it('should refuse an expired one', async () => {
          const answer = await fetchUrl(await presign(60, new Date(Date.now() - 120_000)));
          expect(answer.status).toBe(403);
          expect(answer.text).toContain('<Code>AccessDenied</Code>');
          expect(answer.text).toContain('expired');
        });

        it('should refuse another signature', async () => {
          const url = new URL(await presign());
          const signature = url.searchParams.get('X-Amz-Signature') ?? '';
          url.searchParams.set(
            'X-Amz-Signature',
            signature.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
          );
          const answer = await fetchUrl(url.href);
          expect(answer.status).toBe(403);
          expect(answer.text).toContain('<Code>SignatureDoesNotMatch</Code>');
        });

        it('should refuse one that was made for another key', async () => {
          await target.put('delivery/clinical-data/other.json', BYTES);
          const answer = await fetchUrl((await presign()).replace('/file.json', '/other.json'));
          expect(answer.status).toBe(403);
          expect(answer.text).toContain('<Code>SignatureDoesNotMatch</Code>');
        });

        it('should refuse one whose life time was made longer', async () => {
          const url = new URL(await presign(60, new Date(Date.now() - 120_000)));
          url.searchParams.set('X-Amz-Expires', '3600');
          const answer = await fetchUrl(url.href);
          expect(answer.status).toBe(403);
          expect(answer.text).toContain('<Code>SignatureDoesNotMatch</Code>');
        });
      });
    }

    if (capabilities.includes('session-tokens')) {
      it('should take session credentials, and refuse them with another token', async () => {
        const session = await issue(target.issueSession);
        expect(await read(client({ credentials: session }))).toEqual(BYTES);
        const credentials = { ...session, sessionToken: `${session.sessionToken ?? ''}x` };
        expect(await refusal(read(client({ credentials })))).toEqual({ code: 'InvalidToken', status: 400 });
      });

      it('should refuse session credentials with a wrong secret', async () => {
        const session = await issue(target.issueSession);
        const credentials = { ...session, secretAccessKey: 'not-the-secret' };
        expect(await refusal(read(client({ credentials })))).toEqual({ code: 'SignatureDoesNotMatch', status: 403 });
      });
    }

    if (capabilities.includes('expired-session-tokens')) {
      it('should answer ExpiredToken once the time of session credentials is over', async () => {
        const credentials = await issue(target.issueExpiredSession);
        expect(await refusal(read(client({ credentials })))).toEqual({ code: 'ExpiredToken', status: 400 });
      });
    }

    if (capabilities.includes('access-points')) {
      it('should read through the ARN of an access point with session credentials', async () => {
        const session = await issue(target.issueSession);
        const s3 = client({ credentials: session, useArnRegion: true, forcePathStyle: false });
        expect(await read(s3, target.accessPoint)).toEqual(BYTES);
      });
    }
  });
}

async function issue(issuer: (() => Promise<AwsCredentials>) | undefined): Promise<AwsCredentials> {
  if (issuer === undefined) {
    throw new Error('the target says that it can do sessions, and issues none');
  }
  return issuer();
}

import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { CredentialCache } from '../../../src/connectors/s3/credentials';
import type { S3Credentials } from '../../../src/connectors/s3/credentials';
import { S3ObjectReader } from '../../../src/connectors/s3/object-reader';
import { ByteBudget } from '../../../src/runtime/byte-budget';
import { Secret } from '../../../src/runtime/config/secret';
import { createCertificates } from '../../../simulators/certificates';
import type { Certificates } from '../../../simulators/certificates';
import { ductusErrorOf, everythingOf } from '../../support/error-of';
import { retrievalConfig } from '../../support/retrieval';
import { startScriptedServer } from '../../support/scripted-server';
import type { Script, ScriptedServer } from '../../support/scripted-server';
import { until } from '../../support/until';

const ARN = 'arn:aws:s3:eu-central-1:123456789012:accesspoint/ap1';
const SOURCE = { accessPoint: ARN, objectKey: 'delivery/clinical-data/jane doe+1.json' };
const FILE = Buffer.from('{"resourceType":"Bundle"}');
const MD5 = createHash('md5').update(FILE).digest('hex');

let certificates: Certificates;

beforeAll(async () => {
  certificates = await createCertificates({ serverNames: ['ap1-123456789012.localhost'] });
});

interface Setup extends AsyncDisposable {
  readonly server: ScriptedServer;
  readonly reader: S3ObjectReader;
  readonly budget: ByteBudget;
  /** How many credentials were fetched. */
  readonly fetched: () => number;
}

async function setup(script: Script, retrieval: object = {}, budget = new ByteBudget(1_000_000)): Promise<Setup> {
  const server = await startScriptedServer(script, certificates.server);
  let count = 0;
  const fetch = (): Promise<S3Credentials> =>
    Promise.resolve({
      accessKeyId: `ASIA${(count += 1)}`,
      secretAccessKey: new Secret('planted-secret-key'),
      sessionToken: new Secret(`planted-session-token-${count}`),
      expiration: new Date(Date.now() + 3_600_000),
      resources: ['arn:aws:s3:eu-west-1:123456789012:accesspoint/other'],
    });
  const reader = new S3ObjectReader({
    retrieval: retrievalConfig(
      { endpoint: `https://localhost:${server.port}`, ca: { env: 'CA' }, ...retrieval },
      certificates.ca.cert,
    ),
    credentials: new CredentialCache(fetch, { refreshBeforeMs: 120_000 }),
  });
  return {
    server,
    reader,
    budget,
    fetched: () => count,
    [Symbol.asyncDispose]: async () => {
      reader.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Answers with the file. */
function give(headers: Record<string, string | number> = {}, body: Buffer = FILE): Script {
  return (_, response) => {
    response.writeHead(200, {
      etag: `"${createHash('md5').update(body).digest('hex')}"`,
      'content-length': body.length,
      ...headers,
    });
    response.end(body);
  };
}

/** Answers with an error document as S3 writes it, quoting what S3 quotes. */
function refuse(status: number, code: string, headers: Record<string, string> = {}): Script {
  return (request, response) => {
    response.writeHead(status, { 'content-type': 'application/xml', ...headers });
    response.end(
      `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>about ${request.path}</Message>` +
        `<Token-0>planted-session-token</Token-0></Error>`,
    );
  };
}

describe('S3ObjectReader', () => {
  it('should read from an access point, signed for the region of its ARN with the session token', async () => {
    await using s3 = await setup(give());
    const file = await s3.reader.read(SOURCE, { budget: s3.budget });
    expect(file.bytes).toEqual(FILE);
    expect(file.etag).toBe(MD5);
    expect(s3.budget.inFlight).toBe(FILE.length);
    file.release();
    expect(s3.budget.inFlight).toBe(0);
    const [request] = s3.server.requests;
    expect(request).toMatchObject({ method: 'GET', host: `ap1-123456789012.localhost:${s3.server.port}` });
    expect(request?.path).toMatch(/^\/delivery\/clinical-data\/jane%20doe%2B1\.json(\?|$)/);
    expect(request?.headers.authorization).toMatch(/Credential=ASIA1\/\d{8}\/eu-central-1\/s3\/aws4_request/);
    expect(request?.headers['x-amz-security-token']).toBe('planted-session-token-1');
  });

  it('should read from a bucket by path, in the region that the token names', async () => {
    await using s3 = await setup(give());
    const file = await s3.reader.read({ accessPoint: 'roche-bucket', objectKey: 'a/b.json' }, { budget: s3.budget });
    expect(file.bytes).toEqual(FILE);
    expect(s3.server.requests[0]?.path).toMatch(/^\/roche-bucket\/a\/b\.json/);
    expect(s3.server.requests[0]?.headers.authorization).toContain('/eu-west-1/s3/');
  });

  it('should take the region of a bucket from the role, when a role gives the credentials', async () => {
    const role = { source: 'assume-role', region: 'eu-south-2', roleArn: 'arn:aws:iam::123456789012:role/r' };
    await using s3 = await setup(give(), { credentials: role });
    await s3.reader.read({ accessPoint: 'arn:aws:s3:::roche-bucket', objectKey: 'a' }, { budget: s3.budget });
    expect(s3.server.requests[0]?.headers.authorization).toContain('/eu-south-2/s3/');
  });

  it('should use cached credentials for many files', async () => {
    await using s3 = await setup(give());
    const files = await Promise.all(Array.from({ length: 8 }, () => s3.reader.read(SOURCE, { budget: s3.budget })));
    expect(files.every((file) => file.bytes.equals(FILE))).toBe(true);
    expect(s3.fetched()).toBe(1);
  });

  it('should not trust an endpoint of another authority', async () => {
    await using s3 = await setup(give(), { ca: undefined });
    expect(await ductusErrorOf(s3.reader.read(SOURCE, { budget: s3.budget }))).toMatchObject({
      code: 'DUCTUS_S3_UNREACHABLE',
    });
    expect(s3.server.requests).toHaveLength(0);
  });
});

describe('credentials that S3 refuses', () => {
  it.each([
    [400, 'ExpiredToken'],
    [403, 'AccessDenied'],
    [400, 'InvalidToken'],
    [403, 'InvalidAccessKeyId'],
  ])('should be replaced at once after %i %s', async (status, code) => {
    await using s3 = await setup((request, response, count) =>
      (request.headers['x-amz-security-token'] === 'planted-session-token-1' ? refuse(status, code) : give())(
        request,
        response,
        count,
      ),
    );
    const file = await s3.reader.read(SOURCE, { budget: s3.budget });
    expect(file.bytes).toEqual(FILE);
    expect(s3.fetched()).toBe(2);
    await s3.reader.read(SOURCE, { budget: s3.budget });
    expect(s3.fetched()).toBe(2);
  });

  it('should be replaced once, not again and again', async () => {
    await using s3 = await setup(refuse(400, 'ExpiredToken'));
    expect(await ductusErrorOf(s3.reader.read(SOURCE, { budget: s3.budget }))).toMatchObject({
      code: 'DUCTUS_S3_TOKEN_EXPIRED',
    });
    expect([s3.fetched(), s3.server.requests.length]).toEqual([2, 2]);
  });

  it('should be replaced by one fetch, though many files are refused', async () => {
    await using s3 = await setup((request, response, count) =>
      (request.headers['x-amz-security-token'] === 'planted-session-token-1' ? refuse(400, 'ExpiredToken') : give())(
        request,
        response,
        count,
      ),
    );
    await Promise.all(Array.from({ length: 8 }, () => s3.reader.read(SOURCE, { budget: s3.budget })));
    expect(s3.fetched()).toBe(2);
  });
});

describe('answers of S3', () => {
  it.each([
    [400, 'ExpiredToken', 'DUCTUS_S3_TOKEN_EXPIRED'],
    [403, 'RequestTimeTooSkewed', 'DUCTUS_S3_TOKEN_EXPIRED'],
    [403, 'AccessDenied', 'DUCTUS_S3_ACCESS_DENIED'],
    [403, 'SignatureDoesNotMatch', 'DUCTUS_S3_ACCESS_DENIED'],
    [403, 'InvalidObjectState', 'DUCTUS_S3_ACCESS_DENIED'],
    [400, 'InvalidRequest', 'DUCTUS_S3_ACCESS_DENIED'],
    [301, 'PermanentRedirect', 'DUCTUS_S3_ACCESS_DENIED'],
    [404, 'NoSuchKey', 'DUCTUS_S3_NOT_FOUND'],
    [404, 'NoSuchBucket', 'DUCTUS_S3_NOT_FOUND'],
    [404, 'NoSuchAccessPoint', 'DUCTUS_S3_NOT_FOUND'],
    [503, 'SlowDown', 'DUCTUS_S3_UNREACHABLE'],
    [500, 'InternalError', 'DUCTUS_S3_UNREACHABLE'],
    [400, 'RequestTimeout', 'DUCTUS_S3_UNREACHABLE'],
    [429, 'TooManyRequests', 'DUCTUS_S3_UNREACHABLE'],
  ])('should turn %i %s into %s and quote nothing', async (status, name, code) => {
    await using s3 = await setup(refuse(status, name));
    const error = await ductusErrorOf(s3.reader.read(SOURCE, { budget: s3.budget }));
    expect(error).toMatchObject({ code, details: { accessPoint: ARN, reason: name, status } });
    expect(everythingOf(error)).not.toMatch(/jane|planted/);
    expect(s3.budget.inFlight).toBe(0);
  });

  it.each([
    [503, '<html><p>down', 'DUCTUS_S3_UNREACHABLE'],
    [502, '', 'DUCTUS_S3_UNREACHABLE'],
    [403, 'Forbidden by the proxy', 'DUCTUS_S3_ACCESS_DENIED'],
    [404, '', 'DUCTUS_S3_NOT_FOUND'],
  ])('should know a %i without an error document (%j)', async (status, body, code) => {
    await using s3 = await setup((_, response) => void response.writeHead(status, { 'retry-after': '9' }).end(body));
    const error = await ductusErrorOf(s3.reader.read(SOURCE, { budget: s3.budget }));
    expect(error).toMatchObject({ code, details: { status } });
    expect(error.retryAfterMs).toBe(9_000);
  });

  it('should say when nobody listens', async () => {
    await using s3 = await setup(give());
    await s3.server[Symbol.asyncDispose]();
    expect(await ductusErrorOf(s3.reader.read(SOURCE, { budget: s3.budget }))).toMatchObject({
      code: 'DUCTUS_S3_UNREACHABLE',
    });
  });
});

describe('whole files only', () => {
  const MAX = { maxFileBytes: 100 };

  it('should refuse a file that is announced as too large before reading it', async () => {
    await using s3 = await setup((_, response) => {
      response.writeHead(200, { 'content-length': 101 });
      response.write('x');
    }, MAX);
    expect(await ductusErrorOf(s3.reader.read(SOURCE, { budget: s3.budget }))).toMatchObject({
      code: 'DUCTUS_FILE_TOO_LARGE',
      details: { bytes: 101, maxBytes: 100 },
    });
    expect(s3.budget.inFlight).toBe(0);
  });

  it('should break off a file that grows too large without having announced it', async () => {
    await using s3 = await setup((_, response) => {
      const more = setInterval(() => response.write(Buffer.alloc(30)), 1);
      response.on('close', () => clearInterval(more));
    }, MAX);
    expect(await ductusErrorOf(s3.reader.read(SOURCE, { budget: s3.budget }))).toMatchObject({
      code: 'DUCTUS_FILE_TOO_LARGE',
      details: { maxBytes: 100 },
    });
    expect(s3.budget.inFlight).toBe(0);
  });

  it('should read a file of unknown length, and count it as the largest allowed', async () => {
    await using s3 = await setup((_, response) => {
      response.write(FILE.subarray(0, 5));
      response.end(FILE.subarray(5));
    }, MAX);
    const file = await s3.reader.read(SOURCE, { budget: s3.budget });
    expect(file.bytes).toEqual(FILE);
    expect(s3.budget.inFlight).toBe(100);
    file.release();
  });

  it('should notice that the connection broke in the middle', async () => {
    await using s3 = await setup((_, response) => {
      response.writeHead(200, { 'content-length': FILE.length });
      response.write(FILE.subarray(0, 5), () => response.destroy());
    });
    expect(await ductusErrorOf(s3.reader.read(SOURCE, { budget: s3.budget }))).toMatchObject({
      code: 'DUCTUS_S3_UNREACHABLE',
      details: { reason: 'ECONNRESET' },
    });
    expect(s3.budget.inFlight).toBe(0);
  });

  it.each([{ 'x-amz-server-side-encryption': 'AES256' }, {}])(
    'should notice bytes that do not fit an ETag that is an MD5 (%j)',
    async (headers) => {
      await using s3 = await setup(give({ etag: `"${'0'.repeat(32)}"`, ...headers }));
      expect(await ductusErrorOf(s3.reader.read(SOURCE, { budget: s3.budget }))).toMatchObject({
        code: 'DUCTUS_FILE_INCOMPLETE',
        details: { reason: 'etag' },
      });
      expect(s3.budget.inFlight).toBe(0);
    },
  );

  it.each([
    { etag: `"${'0'.repeat(32)}-3"` },
    { etag: `"${'0'.repeat(32)}"`, 'x-amz-server-side-encryption': 'aws:kms' },
    { etag: `"${'0'.repeat(32)}"`, 'x-amz-server-side-encryption-customer-algorithm': 'AES256' },
    { etag: `"${'0'.repeat(32)}"`, 'x-amz-storage-class': 'EXPRESS_ONEZONE' },
    { etag: 'W/"weak"' },
  ])('should not take an ETag for an MD5 that is none: %j', async (headers) => {
    await using s3 = await setup(give(headers));
    expect((await s3.reader.read(SOURCE, { budget: s3.budget })).bytes).toEqual(FILE);
  });

  it('should notice bytes that do not fit the checksum that S3 sends along', async () => {
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32('other bytes'));
    await using s3 = await setup(give({ 'x-amz-checksum-crc32': checksum.toString('base64') }));
    expect(await ductusErrorOf(s3.reader.read(SOURCE, { budget: s3.budget }))).toMatchObject({
      code: 'DUCTUS_FILE_INCOMPLETE',
      details: { reason: 'checksum' },
    });
  });
});

describe('the byte budget', () => {
  it('should hold no connection open while a file waits for its turn', async () => {
    const budget = new ByteBudget(FILE.length);
    await using s3 = await setup(give(), {}, budget);
    const first = await s3.reader.read(SOURCE, { budget });
    const second = s3.reader.read(SOURCE, { budget });
    await until(() => budget.waiting === 1);
    expect(s3.server.requests).toHaveLength(2);
    first.release();
    const file = await second;
    expect(file.bytes).toEqual(FILE);
    expect(s3.server.requests).toHaveLength(3);
    expect(budget.inFlight).toBe(FILE.length);
  });

  it('should not hold more than it has, though the file grew while it waited', async () => {
    const budget = new ByteBudget(FILE.length);
    const grown = Buffer.alloc(FILE.length * 2);
    await using s3 = await setup(
      (request, response, count) => give({}, count < 2 ? FILE : grown)(request, response, count),
      {},
      budget,
    );
    const first = await s3.reader.read(SOURCE, { budget });
    const second = ductusErrorOf(s3.reader.read(SOURCE, { budget }));
    await until(() => budget.waiting === 1);
    first.release();
    expect(await second).toMatchObject({ code: 'DUCTUS_FILE_INCOMPLETE', details: { reason: 'changed' } });
    expect(budget.inFlight).toBe(0);
  });

  it('should be left by a caller who gives up waiting, and by one who gives up reading', async () => {
    const budget = new ByteBudget(FILE.length);
    const reason = new Error('cancelled');
    await using s3 = await setup(give(), {}, budget);
    const first = await s3.reader.read(SOURCE, { budget });
    const waits = new AbortController();
    const waiting = s3.reader.read(SOURCE, { budget, signal: waits.signal });
    await until(() => budget.waiting === 1);
    waits.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(budget.waiting).toBe(0);
    first.release();

    const reads = new AbortController();
    s3.server.script = (_, response) => {
      response.writeHead(200, { 'content-length': FILE.length });
      response.write('{', () => reads.abort(reason));
    };
    await expect(s3.reader.read(SOURCE, { budget, signal: reads.signal })).rejects.toBe(reason);
    expect(budget.inFlight).toBe(0);
  });
});

describe('the place that a notification names', () => {
  it('should be one of allowedBuckets, when they are set', async () => {
    await using s3 = await setup(give(), { allowedBuckets: [ARN, 'roche-bucket'] });
    await s3.reader.read(SOURCE, { budget: s3.budget });
    await s3.reader.read({ accessPoint: 'roche-bucket', objectKey: 'a' }, { budget: s3.budget });
    const other = { accessPoint: ARN.replace('ap1', 'ap2'), objectKey: 'a' };
    const error = await ductusErrorOf(s3.reader.read(other, { budget: s3.budget }));
    expect(error).toMatchObject({ code: 'DUCTUS_S3_ACCESS_DENIED', details: { reason: 'not-allowed' } });
    expect(s3.server.requests).toHaveLength(2);
  });

  it.each([
    '',
    'UPPER',
    '../etc',
    'bucket/with/path',
    'https://evil.example',
    'arn:aws:s3:eu-central-1.evil.example#:123456789012:accesspoint/ap1',
    'arn:aws:s3:eu-central-1:123456789012:accesspoint/ap1.evil',
    'arn:aws:s3::123456789012:accesspoint/multi.mrap',
    'arn:aws:s3-outposts:eu-central-1:123456789012:outpost/op/accesspoint/ap1',
    'arn:aws:iam::123456789012:role/admin',
  ])('should be an access point or a bucket, not %j', async (accessPoint) => {
    await using s3 = await setup(give());
    expect(await ductusErrorOf(s3.reader.read({ accessPoint, objectKey: 'a' }, { budget: s3.budget }))).toMatchObject({
      code: 'DUCTUS_S3_ACCESS_DENIED',
      details: { reason: 'malformed-access-point' },
    });
    expect([s3.server.requests.length, s3.fetched()]).toEqual([0, 0]);
  });
});

import { createHash } from 'node:crypto';
import { PresignedReader } from '../../../src/connectors/s3/presigned-reader';
import { ByteBudget } from '../../../src/runtime/byte-budget';
import { createCertificates } from '../../../simulators/certificates';
import type { Certificates } from '../../../simulators/certificates';
import { ductusErrorOf, everythingOf } from '../../support/error-of';
import { retrievalConfig } from '../../support/retrieval';
import { startScriptedServer } from '../../support/scripted-server';
import type { Script, ScriptedServer } from '../../support/scripted-server';

const FILE = Buffer.from('{"resourceType":"Bundle"}');
const ETAG = `"${createHash('md5').update(FILE).digest('hex')}"`;

let certificates: Certificates;

beforeAll(async () => {
  certificates = await createCertificates();
});

interface Setup extends AsyncDisposable {
  readonly server: ScriptedServer;
  readonly reader: PresignedReader;
  readonly budget: ByteBudget;
  readonly url: string;
}

async function setup(script: Script, retrieval: object = {}): Promise<Setup> {
  const server = await startScriptedServer(script, certificates.server);
  const reader = new PresignedReader({
    retrieval: retrievalConfig({ ca: { env: 'CA' }, allowedHosts: ['localhost'], ...retrieval }, certificates.ca.cert),
  });
  return {
    server,
    reader,
    budget: new ByteBudget(1_000_000),
    url: `https://localhost:${server.port}/delivery/jane-doe.json?X-Amz-Credential=planted&X-Amz-Signature=planted`,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await reader.close();
    },
  };
}

function give(headers: Record<string, string | number> = {}): Script {
  return (_, response) =>
    void response.writeHead(200, { etag: ETAG, 'content-length': FILE.length, ...headers }).end(FILE);
}

function refuse(status: number, code: string, message = 'no'): Script {
  return (_, response) =>
    void response.writeHead(status).end(`<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
}

describe('PresignedReader', () => {
  it('should get the file as the URL stands, without headers of its own', async () => {
    await using s3 = await setup(give());
    const file = await s3.reader.read(s3.url, { budget: s3.budget });
    expect(file.bytes).toEqual(FILE);
    expect(file.etag).toBe(ETAG.slice(1, -1));
    expect(s3.budget.inFlight).toBe(FILE.length);
    file.release();
    const [request] = s3.server.requests;
    expect(request).toMatchObject({ method: 'GET', path: s3.url.slice(s3.url.indexOf('/delivery')) });
    expect(Object.keys(request?.headers ?? {}).sort()).toEqual(['connection', 'host']);
  });

  it.each(['http://localhost:1/x', 'https://evil.example/x', 'ftp://localhost/x'])(
    'should not call %s',
    async (url) => {
      await using s3 = await setup(give());
      expect(await ductusErrorOf(s3.reader.read(url, { budget: s3.budget }))).toMatchObject({
        code: 'DUCTUS_URL_REFUSED',
      });
    },
  );

  it.each([
    [403, 'AccessDenied', 'DUCTUS_URL_EXPIRED'],
    [403, 'SignatureDoesNotMatch', 'DUCTUS_URL_EXPIRED'],
    [400, 'ExpiredToken', 'DUCTUS_URL_EXPIRED'],
    [401, 'Unauthorized', 'DUCTUS_URL_EXPIRED'],
    [404, 'NoSuchKey', 'DUCTUS_S3_NOT_FOUND'],
    [410, 'Gone', 'DUCTUS_S3_NOT_FOUND'],
    [503, 'SlowDown', 'DUCTUS_S3_UNREACHABLE'],
    [400, 'RequestTimeout', 'DUCTUS_S3_UNREACHABLE'],
    [429, 'Throttled', 'DUCTUS_S3_UNREACHABLE'],
    [405, 'MethodNotAllowed', 'DUCTUS_S3_ACCESS_DENIED'],
    [206, 'Partial', 'DUCTUS_S3_ACCESS_DENIED'],
  ])('should turn %i %s into %s and never show the URL', async (status, reason, code) => {
    await using s3 = await setup(
      refuse(status, reason, 'https://localhost/delivery/jane-doe.json?X-Amz-Signature=planted'),
    );
    const error = await ductusErrorOf(s3.reader.read(s3.url, { budget: s3.budget }));
    expect(error).toMatchObject({ code, details: { status, reason, host: `localhost:${s3.server.port}` } });
    expect(everythingOf(error)).not.toMatch(/jane|planted|X-Amz/);
    expect(s3.budget.inFlight).toBe(0);
  });

  it('should not show the URL when the network fails', async () => {
    await using s3 = await setup((_, response) => void response.destroy());
    const error = await ductusErrorOf(s3.reader.read(s3.url, { budget: s3.budget }));
    expect(error).toMatchObject({ code: 'DUCTUS_S3_UNREACHABLE' });
    expect(everythingOf(error)).not.toMatch(/jane|planted|X-Amz/);
  });

  it('should end with the reason of a caller who gives up', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    await using s3 = await setup(() => controller.abort(reason));
    await expect(s3.reader.read(s3.url, { budget: s3.budget, signal: controller.signal })).rejects.toBe(reason);
    expect(s3.budget.inFlight).toBe(0);
  });
});

describe('redirects of a pre-signed URL', () => {
  it.each([301, 302, 303, 307, 308])('should follow one %i to an allowed host', async (status) => {
    await using s3 = await setup((request, response, count) =>
      count === 0
        ? void response.writeHead(status, { location: '/moved' }).end('gone')
        : give()(request, response, count),
    );
    expect((await s3.reader.read(s3.url, { budget: s3.budget })).bytes).toEqual(FILE);
    expect(s3.server.requests.map((request) => request.path)).toEqual([expect.stringContaining('jane-doe'), '/moved']);
  });

  it.each([
    ['another host', 'https://evil.example/'],
    ['the metadata service', 'http://169.254.169.254/latest/meta-data'],
    ['plain http', 'http://localhost/x'],
  ])('should not follow one to %s', async (_, location) => {
    await using s3 = await setup((request, response, count) => {
      if (count > 0) return give()(request, response, count);
      response.writeHead(302, { location }).end();
    });
    expect(await ductusErrorOf(s3.reader.read(s3.url, { budget: s3.budget }))).toMatchObject({
      code: 'DUCTUS_URL_REFUSED',
    });
    expect(s3.server.requests).toHaveLength(1);
  });

  it('should not go on when it names no place', async () => {
    await using s3 = await setup((_, response) => void response.writeHead(302).end());
    expect(await ductusErrorOf(s3.reader.read(s3.url, { budget: s3.budget }))).toMatchObject({
      code: 'DUCTUS_URL_REFUSED',
    });
    expect(s3.server.requests).toHaveLength(1);
  });

  it('should not follow a second one', async () => {
    await using s3 = await setup((_, response) => void response.writeHead(302, { location: '/again' }).end());
    expect(await ductusErrorOf(s3.reader.read(s3.url, { budget: s3.budget }))).toMatchObject({
      code: 'DUCTUS_URL_REFUSED',
    });
    expect(s3.server.requests).toHaveLength(2);
  });
});

describe('whole files only', () => {
  it('should refuse a file that is announced as too large', async () => {
    await using s3 = await setup(give(), { maxFileBytes: 10 });
    expect(await ductusErrorOf(s3.reader.read(s3.url, { budget: s3.budget }))).toMatchObject({
      code: 'DUCTUS_FILE_TOO_LARGE',
    });
    expect(s3.budget.inFlight).toBe(0);
  });

  it('should break off a file that grows too large', async () => {
    await using s3 = await setup(
      (_, response) => {
        const more = setInterval(() => response.write(Buffer.alloc(30)), 1);
        response.on('close', () => clearInterval(more));
      },
      { maxFileBytes: 100 },
    );
    expect(await ductusErrorOf(s3.reader.read(s3.url, { budget: s3.budget }))).toMatchObject({
      code: 'DUCTUS_FILE_TOO_LARGE',
    });
    expect(s3.budget.inFlight).toBe(0);
  });

  it('should notice a wrong checksum and a broken connection', async () => {
    await using s3 = await setup(give({ etag: `"${'0'.repeat(32)}"` }));
    expect(await ductusErrorOf(s3.reader.read(s3.url, { budget: s3.budget }))).toMatchObject({
      code: 'DUCTUS_FILE_INCOMPLETE',
    });
    s3.server.script = (_, response) => {
      response.writeHead(200, { 'content-length': FILE.length });
      response.write('{', () => response.destroy());
    };
    expect(await ductusErrorOf(s3.reader.read(s3.url, { budget: s3.budget }))).toMatchObject({
      code: 'DUCTUS_S3_UNREACHABLE',
    });
    expect(s3.budget.inFlight).toBe(0);
  });
});

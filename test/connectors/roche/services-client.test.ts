import { RocheServicesClient } from '../../../src/connectors/roche/services-client';
import { EmrOidSchema } from '../../../src/domain/identifiers';
import { Secret } from '../../../src/runtime/config/secret';
import { createCertificates } from '../../../simulators/certificates';
import type { Certificates } from '../../../simulators/certificates';
import { ductusErrorOf, everythingOf } from '../../support/error-of';
import { startScriptedServer } from '../../support/scripted-server';
import type { Script, ScriptedServer } from '../../support/scripted-server';

const ORIGIN = 'a3b1c2d4-0000-4000-8000-000000000001';
const HANDLE = 'AQEBhandle/with+signs==';
const ACK = { receiptHandle: HANDLE, operationId: 'op-77', originRequestId: ORIGIN };

/** As RDC/TemporaryTokenService shows it. */
const TOKEN = {
  awsCredentials: {
    AccessKeyId: 'ASIAEXAMPLE',
    SecretAccessKey: 'the-secret-access-key',
    SessionToken: 'the-session-token',
    Expiration: '2030-11-12T08:49:00.000Z',
  },
  awsResources: ['arn:aws:s3:us-east-1:123456789012:accesspoint/ap1'],
};

let certificates: Certificates;

beforeAll(async () => {
  certificates = await createCertificates();
});

async function serve(
  script: Script,
): Promise<{ server: ScriptedServer; client: RocheServicesClient } & AsyncDisposable> {
  const server = await startScriptedServer(script, {
    ...certificates.server,
    ca: certificates.ca.cert,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const client = clientFor(server.port);
  return {
    server,
    client,
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

function clientFor(
  port: number,
  options: { withCertificate?: boolean; requestTimeoutMs?: number } = {},
): RocheServicesClient {
  const { cert, key } = certificates.ductusClient;
  return new RocheServicesClient({
    emrOid: EmrOidSchema.parse('2.16.840.1'),
    config: {
      servicesUrl: `https://localhost:${port}/partners/services/api`,
      clientId: 'client-1',
      clientSecret: new Secret('client-secret-1'),
      tls: {
        ca: new Secret(certificates.ca.cert),
        ...(options.withCertificate === false ? {} : { cert: new Secret(cert), key: new Secret(key) }),
      },
      requestTimeoutMs: options.requestTimeoutMs ?? 5_000,
    },
  });
}

function answer(status: number, body?: unknown, headers: Record<string, string> = {}): Script {
  return (_, response) => {
    response.writeHead(status, headers);
    response.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
  };
}

function outcome(code: string, text: string): unknown {
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, details: { text } }] };
}

describe('RocheServicesClient.fetchToken', () => {
  it('should ask with the headers of the services API over mutual TLS and give the token', async () => {
    await using roche = await serve(answer(200, TOKEN));
    const token = await roche.client.fetchToken(ORIGIN);
    expect(token).toMatchObject({
      accessKeyId: 'ASIAEXAMPLE',
      expiration: new Date('2030-11-12T08:49:00Z'),
      resources: TOKEN.awsResources,
    });
    expect([token.secretAccessKey.reveal(), token.sessionToken.reveal()]).toEqual([
      'the-secret-access-key',
      'the-session-token',
    ]);
    const [request] = roche.server.requests;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/partners/services/api/v1/token',
      headers: {
        org_id: '2.16.840.1',
        client_id: 'client-1',
        client_secret: 'client-secret-1',
        'x-origin-request-id': ORIGIN,
        'content-type': 'application/json',
      },
    });
    expect(request?.body).toHaveLength(0);
  });

  it.each([
    ['no body', undefined, '(body)'],
    ['no JSON', '<html>', '(body)'],
    [
      'no session token',
      { ...TOKEN, awsCredentials: { ...TOKEN.awsCredentials, SessionToken: '' } },
      'awsCredentials.SessionToken',
    ],
    [
      'an expiration that is no time',
      { ...TOKEN, awsCredentials: { ...TOKEN.awsCredentials, Expiration: 'soon' } },
      'awsCredentials.Expiration',
    ],
  ])('should not take a 200 with %s', async (_, body, elements) => {
    await using roche = await serve(answer(200, body));
    const error = await ductusErrorOf(roche.client.fetchToken(ORIGIN));
    expect(error).toMatchObject({ code: 'DUCTUS_ROCHE_UNREACHABLE', details: { elements } });
    expect(everythingOf(error)).not.toContain('the-secret-access-key');
  });

  it('should break off an answer without end', async () => {
    await using roche = await serve((_, response) => {
      const more = setInterval(() => response.write(Buffer.alloc(16_384, ' ')), 1);
      response.on('close', () => clearInterval(more));
    });
    expect(await ductusErrorOf(roche.client.fetchToken(ORIGIN))).toMatchObject({
      code: 'DUCTUS_ROCHE_UNREACHABLE',
      details: { reason: 'answer-too-large' },
    });
  });
});

describe('RocheServicesClient.acknowledge', () => {
  it('should send the receipt handle and the operation id as headers, and no body', async () => {
    await using roche = await serve(answer(200));
    await roche.client.acknowledge(ACK);
    const [request] = roche.server.requests;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/partners/services/api/v1/notification/ack',
      headers: {
        receipthandle: HANDLE,
        'x-operation-id': 'op-77',
        'x-origin-request-id': ORIGIN,
        org_id: '2.16.840.1',
      },
    });
    expect(request?.rawHeaders).toContain('receiptHandle');
    expect(request?.body).toHaveLength(0);
  });

  it('should not send a handle that no header can hold', async () => {
    await using roche = await serve(answer(200));
    const bad = { ...ACK, receiptHandle: 'a\r\nx-injected: 1' };
    expect(await ductusErrorOf(roche.client.acknowledge(bad))).toMatchObject({ code: 'DUCTUS_ACK_HANDLE_REFUSED' });
    expect(roche.server.requests).toHaveLength(0);
  });
});

describe('answers of the services API', () => {
  const refused = outcome('invalid', `The input receipt handle "${HANDLE}" is not a valid receipt handle.`);
  const policy = { status: 'error', detail: 'Validation policy error: Certificate validation failed.' };

  it.each([
    [400, refused, 'DUCTUS_ACK_HANDLE_REFUSED', { answer: 'operation-outcome', issueCode: 'invalid' }],
    [400, outcome('invalid', 'x-operation-id is malformed'), 'DUCTUS_ROCHE_REJECTED', { issueCode: 'invalid' }],
    [400, outcome('required', 'receipt handle missing'), 'DUCTUS_ROCHE_REJECTED', { issueCode: 'required' }],
    [400, outcome('Jane Doe, born 1970', ''), 'DUCTUS_ROCHE_REJECTED', { answer: 'operation-outcome' }],
    [401, { error: 'Invalid Client' }, 'DUCTUS_ROCHE_UNAUTHORIZED', { answer: 'gateway' }],
    [403, policy, 'DUCTUS_ROCHE_UNAUTHORIZED', { answer: 'gateway' }],
    [403, undefined, 'DUCTUS_ROCHE_UNAUTHORIZED', { answer: 'empty' }],
    [403, outcome('forbidden', ''), 'DUCTUS_ROCHE_UNAUTHORIZED', { issueCode: 'forbidden' }],
    [404, outcome('not-found', ''), 'DUCTUS_ROCHE_REJECTED', { issueCode: 'not-found' }],
    [405, undefined, 'DUCTUS_ROCHE_REJECTED', { status: 405 }],
    [302, undefined, 'DUCTUS_ROCHE_REJECTED', { status: 302 }],
    [408, undefined, 'DUCTUS_ROCHE_UNREACHABLE', {}],
    [429, '<html>slow down', 'DUCTUS_ROCHE_UNREACHABLE', { answer: 'other' }],
    [500, outcome('exception', HANDLE), 'DUCTUS_ROCHE_UNREACHABLE', { issueCode: 'exception' }],
    [501, undefined, 'DUCTUS_ROCHE_UNREACHABLE', {}],
    [503, undefined, 'DUCTUS_ROCHE_UNREACHABLE', {}],
  ])('should turn %i %j into %s', async (status, body, code, details) => {
    await using roche = await serve(answer(status, body, { location: 'https://elsewhere.example/' }));
    const error = await ductusErrorOf(roche.client.acknowledge(ACK));
    expect(error).toMatchObject({ code, details: { service: 'acknowledge', status, ...details } });
    expect(everythingOf(error)).not.toMatch(/AQEB|Jane|client-secret/);
    expect(roche.server.requests).toHaveLength(1);
  });

  it('should not take the same answer of the token service for a refused handle', async () => {
    await using roche = await serve(answer(400, refused));
    expect(await ductusErrorOf(roche.client.fetchToken(ORIGIN))).toMatchObject({ code: 'DUCTUS_ROCHE_REJECTED' });
  });

  it('should pass on how long Roche asks to wait', async () => {
    await using roche = await serve(answer(429, undefined, { 'retry-after': '17' }));
    expect(await ductusErrorOf(roche.client.fetchToken(ORIGIN))).toMatchObject({ retryAfterMs: 17_000 });
  });
});

describe('the network to Roche', () => {
  it('should give nothing to a server that closes because there is no client certificate', async () => {
    await using roche = await serve(answer(200, TOKEN));
    const client = clientFor(roche.server.port, { withCertificate: false });
    expect(await ductusErrorOf(client.fetchToken(ORIGIN))).toMatchObject({ code: 'DUCTUS_ROCHE_UNREACHABLE' });
    expect(roche.server.requests).toHaveLength(0);
    await client.close();
  });

  it('should give up after the configured time', async () => {
    await using roche = await serve(() => undefined);
    const client = clientFor(roche.server.port, { requestTimeoutMs: 300 });
    expect(await ductusErrorOf(client.acknowledge(ACK))).toMatchObject({
      code: 'DUCTUS_ROCHE_UNREACHABLE',
      details: { reason: 'timeout' },
    });
  });

  it('should say when nobody listens', async () => {
    const port = await serve(answer(200)).then(async (roche) => {
      await roche[Symbol.asyncDispose]();
      return roche.server.port;
    });
    const client = clientFor(port);
    expect(await ductusErrorOf(client.acknowledge(ACK))).toMatchObject({
      code: 'DUCTUS_ROCHE_UNREACHABLE',
      details: { reason: 'ECONNREFUSED' },
    });
    await client.close();
  });

  it('should end with the reason of a caller who gives up', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    await using roche = await serve(() => controller.abort(reason));
    await expect(roche.client.fetchToken(ORIGIN, controller.signal)).rejects.toBe(reason);
  });
});

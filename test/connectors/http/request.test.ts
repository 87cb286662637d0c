import { createAgent } from '../../../src/connectors/http/agent';
import { isClientCertificateRefused, networkReason } from '../../../src/connectors/http/network-reason';
import { BodyTooLargeError } from '../../../src/connectors/http/read-body';
import { sendSmallRequest } from '../../../src/connectors/http/request';
import { TimeLimitError } from '../../../src/connectors/http/time-limit';
import type { ClientTlsConfig } from '../../../src/runtime/config/schema';
import { Secret } from '../../../src/runtime/config/secret';
import { createCertificates } from '../../../simulators/certificates';
import type { Certificates } from '../../../simulators/certificates';
import { startScriptedServer } from '../../support/scripted-server';
import type { Script, ScriptedServer } from '../../support/scripted-server';

let certificates: Certificates;

beforeAll(async () => {
  certificates = await createCertificates({ serverNames: ['roche.example'] });
});

const LIMITS = { connections: 2, connectTimeoutMs: 5_000, idleTimeoutMs: 5_000 };

function serve(script: Script, options: { clientCertificate?: boolean } = {}): Promise<ScriptedServer> {
  const { server, ca } = certificates;
  return startScriptedServer(script, {
    ...server,
    ...(options.clientCertificate ? { ca: ca.cert, requestCert: true, rejectUnauthorized: true } : {}),
  });
}

function trusting(extra: Partial<ClientTlsConfig> = {}): ClientTlsConfig {
  return { ca: new Secret(certificates.ca.cert), ...extra };
}

async function send(
  port: number,
  tls: ClientTlsConfig | undefined,
  more: { host?: string; timeLimitMs?: number; maxAnswerBytes?: number; signal?: AbortSignal } = {},
): Promise<{ status: number; body: string }> {
  const agent = createAgent(tls, LIMITS);
  try {
    const answer = await sendSmallRequest({
      dispatcher: agent,
      url: new URL(`https://${more.host ?? 'localhost'}:${port}/x`),
      method: 'POST',
      headers: {},
      timeLimitMs: more.timeLimitMs ?? 10_000,
      maxAnswerBytes: more.maxAnswerBytes ?? 1_000,
      signal: more.signal,
    });
    return { status: answer.status, body: answer.body.toString() };
  } finally {
    await agent.destroy();
  }
}

async function reasonOf(promise: Promise<unknown>): Promise<string | undefined> {
  return networkReason(
    await promise.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
}

describe('createAgent and sendSmallRequest', () => {
  it('should show the client certificate to a server that asks for it', async () => {
    await using server = await serve((_, response) => void response.end('hello'), { clientCertificate: true });
    const { cert, key } = certificates.ductusClient;
    const answer = await send(server.port, trusting({ cert: new Secret(cert), key: new Secret(key) }));
    expect(answer).toEqual({ status: 200, body: 'hello' });
  });

  it('should get nothing from such a server without a certificate that it knows', async () => {
    await using server = await serve((_, response) => void response.end('hello'), { clientCertificate: true });
    const other = await createCertificates();
    const { cert, key } = other.ductusClient;
    const reasons = [
      await reasonOf(send(server.port, trusting())),
      await reasonOf(send(server.port, trusting({ cert: new Secret(cert), key: new Secret(key) }))),
    ];
    expect(reasons.every((reason) => reason !== undefined)).toBe(true);
    expect(server.requests).toHaveLength(0);
  });

  // As `openssl s_server -Verify 1 -verify_return_error` makes Node report them; Node's own server closes without a word.
  it.each([
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', true],
    ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', true],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', true],
    ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', true],
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', false],
    ['ECONNRESET', false],
  ])('should tell from %s whether the server refused our certificate: %p', (code, refused) => {
    const reason = networkReason({ name: 'Error', code });
    expect(reason).toBe(code);
    expect(isClientCertificateRefused(reason ?? '')).toBe(refused);
  });

  it('should not trust a server of another authority', async () => {
    await using server = await serve((_, response) => void response.end('hello'));
    expect(await reasonOf(send(server.port, undefined))).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(server.requests).toHaveLength(0);
  });

  it('should check the configured server name in place of the host', async () => {
    await using server = await serve((_, response) => void response.end('hello'));
    expect((await send(server.port, trusting({ serverName: 'roche.example' }))).status).toBe(200);
    expect(await reasonOf(send(server.port, trusting({ serverName: 'other.example' })))).toBe(
      'ERR_TLS_CERT_ALTNAME_INVALID',
    );
  });

  it('should find names under .localhost on this machine', async () => {
    await using server = await serve((_, response) => void response.end('hello'));
    expect((await send(server.port, trusting(), { host: 'ap1.s3.localhost' })).status).toBe(200);
    expect(server.requests[0]?.host).toBe(`ap1.s3.localhost:${server.port}`);
  });

  it('should limit the whole time, also when bytes keep dripping in', async () => {
    await using server = await serve((_, response) => {
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    });
    const error = await send(server.port, trusting(), { timeLimitMs: 300 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TimeLimitError);
    expect(networkReason(error)).toBe('timeout');
  });

  it('should break off an answer that is too large', async () => {
    await using server = await serve((_, response) => void response.end(Buffer.alloc(2_000)));
    await expect(send(server.port, trusting())).rejects.toBeInstanceOf(BodyTooLargeError);
  });

  it('should end with the reason of a caller who gives up', async () => {
    const controller = new AbortController();
    const reason = new Error('the worker shuts down');
    await using server = await serve(() => controller.abort(reason));
    await expect(send(server.port, trusting(), { signal: controller.signal })).rejects.toBe(reason);
    await expect(send(server.port, trusting(), { signal: controller.signal })).rejects.toBe(reason);
    expect(server.requests).toHaveLength(1);
  });

  it('should name a refused connection and one that breaks off', async () => {
    let port;
    {
      await using server = await serve((_, response) => void response.destroy());
      port = server.port;
      expect(await reasonOf(send(port, trusting()))).toMatch(/^(UND_ERR_SOCKET|ECONNRESET)$/);
    }
    expect(await reasonOf(send(port, trusting()))).toBe('ECONNREFUSED');
  });

  it('should not take a mistake of our own for the network', async () => {
    expect(networkReason(new TypeError('x'))).toBeUndefined();
    expect(networkReason(Object.assign(new Error('invalid header'), { code: 'UND_ERR_INVALID_ARG' }))).toBeUndefined();
    expect(networkReason(undefined)).toBeUndefined();
  });
});

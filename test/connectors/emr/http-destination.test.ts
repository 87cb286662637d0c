/** HL7 v2 and JSON over HTTP, against a scripted server: every answer, and what is made of it. */
import net from 'node:net';
import { createCertificates, type Certificates } from '../../../simulators/certificates';
import type { EmrConnection } from '../../../src/connectors/emr/connection';
import { ductusErrorOf, everythingOf } from '../../support/error-of';
import { startScriptedServer, type Script, type ScriptedServer } from '../../support/scripted-server';
import { until } from '../../support/until';
import { hl7Message, jsonMessage, openDestination, SECRET_TEXT } from './kinds';

const TOKEN = 'planted-token-0123456789';
const PASSWORD = 'planted:pässword';

function ack(code: string, controlId = 'A1', more = ''): string {
  return `MSH|^~\\&|E|H|D|R|20240301||ACK|1|P|2.5.1\rMSA|${code}|${controlId}|planted-text\r${more}`;
}

function reply(status: number, body: string | Buffer = '', headers: Record<string, string> = {}): Script {
  return (_, response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}

async function serve(script: Script, settings: object = {}, tls?: Parameters<typeof startScriptedServer>[1]) {
  const server = await startScriptedServer(script, tls);
  const connection = openDestination(
    { kind: 'http', url: `http${tls === undefined ? '' : 's'}://localhost:${server.port}/in?site=1`, ...settings },
    { TOKEN, PASSWORD, CA: certificates.ca.cert, CERT: ours().cert, CERT_KEY: ours().key, OTHER_CA: stranger.ca.cert },
  );
  return {
    server,
    connection,
    async [Symbol.asyncDispose]() {
      await connection.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

let certificates: Certificates;
let stranger: Certificates;
const ours = () => certificates.ductusClient;
beforeAll(async () => {
  [certificates, stranger] = await Promise.all([createCertificates(), createCertificates()]);
});

const sendHl7 = (connection: EmrConnection, resent = false) => connection.send(hl7Message('A1'), { resent });
const sendJson = (connection: EmrConnection, resent = false) => connection.send(jsonMessage('A1'), { resent });

async function outcome(sent: Promise<void>): Promise<string> {
  return sent.then(
    () => 'accepted',
    async (error: unknown) => {
      const known = await ductusErrorOf(Promise.reject(error instanceof Error ? error : new Error(String(error))));
      expect(everythingOf(known)).not.toMatch(new RegExp(`planted|${SECRET_TEXT}|site=`));
      return known.code.replace('DUCTUS_EMR_', '');
    },
  );
}

function only(server: ScriptedServer) {
  const [request, ...others] = server.requests;
  if (request === undefined || others.length > 0) throw new Error(`${server.requests.length} requests`);
  return request;
}

describe('the request', () => {
  it('should be a POST of the message with its id and character set', async () => {
    await using test = await serve(reply(200, ack('AA')));
    await sendHl7(test.connection);
    const { method, path, headers, body } = only(test.server);
    expect([method, path]).toEqual(['POST', '/in?site=1']);
    expect(headers).toMatchObject({
      'content-type': 'application/hl7-v2; charset=UTF-8',
      'content-length': String(body.length),
      'x-message-id': 'A1',
      'idempotency-key': 'A1',
    });
    expect(headers).not.toHaveProperty('authorization');
    expect(headers).not.toHaveProperty('transfer-encoding');
    expect(body).toEqual(hl7Message('A1').bytes);
  });

  it.each([
    ['8859/1', 'ISO-8859-1'],
    ['8859/15', 'ISO-8859-15'],
  ])('should name the character set %s as %s', async (characterSet, charset) => {
    await using test = await serve(reply(200, ack('AA')), { hl7: { characterSet } });
    await sendHl7(test.connection);
    expect(only(test.server).headers['content-type']).toBe(`application/hl7-v2; charset=${charset}`);
  });

  it('should be JSON under the format json', async () => {
    await using test = await serve(reply(204), { format: 'json' });
    await sendJson(test.connection);
    const { headers, body } = only(test.server);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-message-id': 'A1',
      'idempotency-key': 'A1',
    });
    expect(body).toEqual(jsonMessage('A1').bytes);
  });

  it.each([
    [{ kind: 'bearer', token: { env: 'TOKEN' } }, `Bearer ${TOKEN}`],
    [
      { kind: 'basic', username: 'ductus', password: { env: 'PASSWORD' } },
      `Basic ${Buffer.from(`ductus:${PASSWORD}`).toString('base64')}`,
    ],
  ])('should carry the credentials %j, and no error shows them', async (credentials, header) => {
    await using test = await serve(reply(401, 'planted'), { credentials });
    expect(await outcome(sendHl7(test.connection))).toBe('MISCONFIGURED');
    expect(only(test.server).headers.authorization).toBe(header);
  });

  it('should not be sent with a token that no header can hold', async () => {
    const connection = openDestination(
      { kind: 'http', url: 'http://127.0.0.1:1/', credentials: { kind: 'bearer', token: { env: 'TOKEN' } } },
      { TOKEN: `${TOKEN}\n` },
    );
    const error = await ductusErrorOf(sendHl7(connection));
    expect(error.code).toBe('DUCTUS_EMR_MISCONFIGURED');
    expect(error.message).toContain('credentials.token');
    expect(everythingOf(error)).not.toContain('planted');
    await connection.close();
  });

  it('should reuse its connection', async () => {
    const sockets = new Set<unknown>();
    await using test = await serve(
      (request, response) => {
        sockets.add(response.socket);
        response.end(ack('AA', String(request.headers['x-message-id'])));
      },
      { connections: 1 },
    );
    for (const id of ['A1', 'A2', 'A3']) await test.connection.send(hl7Message(id), { resent: false });
    expect(sockets.size).toBe(1);
    expect(test.connection.stats).toEqual({ busy: 0, idle: 1, waiting: 0 });
  });
});

describe('a connection', () => {
  it('should not be used when the EMR has closed it while it was idle', async () => {
    let open = 0;
    const seen = new Set<unknown>();
    await using test = await serve((request, response) => {
      const { socket } = response;
      if (!seen.has(socket)) {
        seen.add(socket);
        open += 1;
        socket?.once('close', () => (open -= 1));
      }
      // It says nothing of closing, and closes all the same.
      response.end(ack('AA', String(request.headers['x-message-id'])), () => socket?.end());
    });
    for (let round = 0; round < 20; round += 1) {
      await test.connection.send(hl7Message(`A${round}`), { resent: false });
      await until(() => open === 0);
    }
    expect(seen.size).toBe(20);
  });
});

describe('an HL7 acknowledgment', () => {
  const err = (code: string) => `ERR||PID^1^3|${code}^planted|E||||planted\r`;
  it.each([
    ['AA', 200, ack('AA'), 'accepted'],
    ['CA', 202, ack('CA'), 'accepted'],
    ['AE under 200, as HAPI gives it', 200, ack('AE', 'A1', err('102')), 'REJECTED'],
    ['AE under 400', 400, ack('AE', 'A1', err('102')), 'REJECTED'],
    ['AE under 500', 500, ack('AE', 'A1', err('102')), 'REJECTED'],
    ['a passing AE under 500', 500, ack('AE', 'A1', err('207')), 'BUSY'],
    ['AR under 500', 500, ack('AR'), 'BUSY'],
    ['AR under 401', 401, ack('AR'), 'BUSY'],
    ['AR of a type that is not taken', 500, ack('AR', 'A1', err('200')), 'REJECTED'],
    ['AE of a repeat, when it was not sent before', 200, ack('AE', 'A1', err('205')), 'REJECTED'],
    ['AA of another message', 200, ack('AA', 'OTHER'), 'AMBIGUOUS'],
    ['AA of no message', 200, ack('AA', ''), 'AMBIGUOUS'],
    ['AA under 500', 500, ack('AA'), 'AMBIGUOUS'],
    ['AE of another message under 400', 400, ack('AE', 'OTHER'), 'REJECTED'],
    ['AE of another message under 500', 500, ack('AE', 'OTHER'), 'AMBIGUOUS'],
    ['a code that is none', 200, ack('XX'), 'AMBIGUOUS'],
    ['a page', 200, '<html>planted</html>', 'AMBIGUOUS'],
    ['nothing', 200, '', 'AMBIGUOUS'],
    ['nothing under 202', 202, '', 'AMBIGUOUS'],
  ])('should be judged: %s (%d)', async (_, status, body, expected) => {
    await using test = await serve(reply(status, body));
    expect(await outcome(sendHl7(test.connection))).toBe(expected);
  });

  it('should be found in any character set that HTTP brings', async () => {
    const text = ack('AA', 'A1', 'NTE|1||größer\r');
    const swapped = Buffer.from(`\ufeff${text}`, 'utf16le').swap16();
    const bodies = [
      Buffer.from(text, 'latin1'),
      Buffer.from(`\ufeff${text}`, 'utf8'),
      Buffer.from(`\ufeff${text}`, 'utf16le'),
      swapped,
      Buffer.from(text.replaceAll('\r', '\r\n')),
    ];
    for (const body of bodies) {
      await using test = await serve(reply(200, body));
      expect(await outcome(sendHl7(test.connection))).toBe('accepted');
    }
  });

  it('should mean "stored" when a message that was sent before is a repeat', async () => {
    await using test = await serve(reply(400, ack('AE', 'A1', err('205'))));
    expect(await outcome(sendHl7(test.connection, true))).toBe('accepted');
  });

  it('should give its codes and places to the operator, and no text', async () => {
    await using test = await serve(reply(400, ack('AE', 'A1', err('102'))));
    expect((await ductusErrorOf(sendHl7(test.connection))).details).toEqual({
      acknowledgment: 'AE',
      errorCodes: '102',
      errorLocations: 'PID[1]-3',
      status: 400,
      controlId: 'A1',
    });
  });
});

describe('a status without more', () => {
  const hl7: Record<string, readonly number[]> = {
    REJECTED: [400, 409, 412, 413, 422],
    MISCONFIGURED: [301, 302, 307, 308, 401, 403, 404, 405, 407, 410, 415, 501],
    BUSY: [408, 425, 429, 503, 507],
    // A proxy gives 502 and 504 when the server behind it broke off or took too long: it may have stored the message.
    AMBIGUOUS: [500, 502, 504, 520],
  };
  const cases = Object.entries(hl7).flatMap(([code, statuses]) => statuses.map((status) => [status, code] as const));

  it.each(cases)('should be judged for HL7: %d is %s', async (status, expected) => {
    await using test = await serve(reply(status, 'planted', { location: 'http://127.0.0.1:1/planted' }));
    expect(await outcome(sendHl7(test.connection))).toBe(expected);
    expect(test.server.requests).toHaveLength(1);
  });

  it.each([
    [200, false, 'accepted'],
    [201, false, 'accepted'],
    [202, false, 'accepted'],
    [204, false, 'accepted'],
    [400, false, 'REJECTED'],
    // The patient may be what is not found: to pause for one patient would hold up all the others.
    [404, false, 'REJECTED'],
    [405, false, 'MISCONFIGURED'],
    [409, false, 'REJECTED'],
    [409, true, 'accepted'],
    [422, true, 'REJECTED'],
    [401, true, 'MISCONFIGURED'],
    [429, true, 'BUSY'],
    [500, true, 'AMBIGUOUS'],
  ])('should be judged for JSON: %d (sent before: %s) is %s', async (status, resent, expected) => {
    await using test = await serve(reply(status, status === 204 ? '' : '{"planted":1}'), { format: 'json' });
    expect(await outcome(sendJson(test.connection, resent))).toBe(expected);
  });

  it('should carry the wait that the EMR asks for', async () => {
    await using test = await serve(reply(503, '', { 'retry-after': '7' }));
    const error = await ductusErrorOf(sendHl7(test.connection));
    expect([error.code, error.retryAfterMs, error.details]).toEqual([
      'DUCTUS_EMR_BUSY',
      7000,
      { status: 503, controlId: 'A1' },
    ]);
  });
});

describe('an answer that is not complete', () => {
  it.each<[string, string, Script, object]>([
    ['the connection ends', 'UND_ERR_SOCKET', (_, response) => void response.socket?.end(), {}],
    ['the connection is reset', 'ECONNRESET', (_, response) => void response.destroy(), {}],
    ['no answer', 'timeout', () => undefined, { acknowledgmentTimeoutMs: 60 }],
    [
      'half of a body',
      'UND_ERR_SOCKET',
      (_, response) => void response.socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nMSH|'),
      {},
    ],
    [
      'a body that drips',
      'timeout',
      (_, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(timer));
      },
      { acknowledgmentTimeoutMs: 150 },
    ],
    ['a body that is too long', 'answer-too-large', reply(200, ack('AA').padEnd(2000)), { maxAnswerBytes: 1000 }],
    ['no HTTP', 'not-http', (_, response) => void response.socket?.end('MSH|planted\r\n\r\n'), {}],
  ])('should be ambiguous: %s (%s)', async (_, reason, script, settings) => {
    await using test = await serve(script, settings);
    const error = await ductusErrorOf(sendHl7(test.connection));
    expect(error.code).toBe('DUCTUS_EMR_AMBIGUOUS');
    expect(error.details['controlId']).toBe('A1');
    if (reason === 'UND_ERR_SOCKET' || reason === 'ECONNRESET') {
      expect(error.details['reason']).toMatch(/^(UND_ERR_SOCKET|ECONNRESET|EPIPE)$/);
    } else {
      expect(error.details['reason']).toBe(reason);
    }
    expect(everythingOf(error)).not.toMatch(/planted|Muster/);
    await until(() => test.connection.stats.busy === 0);
  });

  it('should be ambiguous when the server ends the connection in the middle of the message', async () => {
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.resetAndDestroy());
    });
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const connection = openDestination({ kind: 'http', url: `http://127.0.0.1:${port}/` });
    const message = { ...hl7Message('A1'), bytes: Buffer.alloc(20_000_000, 'x') };
    expect(await outcome(connection.send(message, { resent: false }))).toBe('AMBIGUOUS');
    await connection.close();
    server.close();
  });

  it('should be ambiguous when the caller gives up after sending', async () => {
    const giveUp = new AbortController();
    await using test = await serve(() => giveUp.abort());
    const error = await ductusErrorOf(test.connection.send(hl7Message('A1'), { resent: false, signal: giveUp.signal }));
    expect([error.code, error.details]).toEqual(['DUCTUS_EMR_AMBIGUOUS', { controlId: 'A1', reason: 'aborted' }]);
  });
});

describe('what was not sent', () => {
  it('should be known when the server ends the connection before the first byte, after the step before sending', async () => {
    const sockets: net.Socket[] = [];
    let bytes = 0;
    const server = net.createServer((socket) => {
      sockets.push(socket);
      socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
      socket.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const connection = openDestination({ kind: 'http', url: `http://127.0.0.1:${port}/` });
    let isOver = false;
    const beforeSend = async (): Promise<void> => {
      const socket = await until(() => sockets[0]);
      await new Promise((resolve) => socket.once('close', resolve).destroy());
      // The end of the connection is known here too before this ends.
      await until(() => connection.stats.idle === 0);
      await new Promise((resolve) => setTimeout(resolve, 50));
      isOver = true;
    };
    const error = await ductusErrorOf(connection.send(hl7Message('A1'), { resent: false, beforeSend }));
    expect(error.code).toBe('DUCTUS_EMR_UNREACHABLE');
    expect([bytes, isOver]).toEqual([0, true]);
    await connection.close();
    server.close();
  });

  it('should be known when the name is not', async () => {
    const connection = openDestination({ kind: 'http', url: 'http://emr.invalid/' });
    let ran = false;
    const beforeSend = (): Promise<void> => {
      ran = true;
      return Promise.resolve();
    };
    const error = await ductusErrorOf(connection.send(hl7Message('A1'), { resent: false, beforeSend }));
    expect(error.code).toBe('DUCTUS_EMR_UNREACHABLE');
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(error.details['reason']);
    expect(ran).toBe(false);
    await connection.close();
  });
});

describe('TLS', () => {
  const trust = { ca: { env: 'CA' } };
  const mutual = { ...trust, cert: { env: 'CERT' }, key: { env: 'CERT_KEY' } };
  const server = (more: object = {}) => ({ ...certificates.server, ...more });

  it('should send to a server that it trusts, with its own certificate', async () => {
    const asks = { ca: certificates.ca.cert, requestCert: true, rejectUnauthorized: true };
    await using test = await serve(reply(200, ack('AA')), { tls: mutual }, server(asks));
    expect(await outcome(sendHl7(test.connection))).toBe('accepted');
  });

  it.each([
    ['an authority that it does not trust', { ca: { env: 'OTHER_CA' } }],
    ['no authority', undefined],
    ['another name', { ...trust, serverName: 'other.example' }],
  ])('should send nothing to a server with %s', async (_, tls) => {
    await using test = await serve(reply(200, ack('AA')), { ...(tls === undefined ? {} : { tls }) }, server());
    const error = await ductusErrorOf(sendHl7(test.connection));
    expect(error.code).toBe('DUCTUS_EMR_UNREACHABLE');
    expect(error.details['reason']).toMatch(/CERT|VERIFY|ALTNAME/);
    expect(test.server.requests).toEqual([]);
  });

  // Under TLS 1.3 the refusal comes after the request was written, and Node's servers just close the connection then.
  it.each([
    ['TLSv1.2', /UNREACHABLE/],
    ['TLSv1.3', /UNREACHABLE|AMBIGUOUS/],
  ] as const)('should not be had by a server that wants a certificate and gets none (%s)', async (maxVersion, code) => {
    const asks = { ca: certificates.ca.cert, requestCert: true, rejectUnauthorized: true, maxVersion };
    await using test = await serve(reply(200, ack('AA')), { tls: trust }, server(asks));
    const error = await ductusErrorOf(sendHl7(test.connection));
    expect(error.code).toMatch(code);
    expect(test.server.requests).toEqual([]);
    expect(everythingOf(error)).not.toContain('PRIVATE KEY');
  });
});

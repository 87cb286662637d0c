/** The codec server over real HTTP: whom it shows payloads, what it refuses, and that nothing is shown unrecorded. */
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { FastifyInstance } from 'fastify';
import { request } from 'undici';
import { z } from 'zod';
import { createCodecServer, type CodecEvent } from '../../src/api/codec/server';
import { createKeyRing } from '../../src/runtime/codec/key-ring';
import { EncryptionCodec } from '../../src/runtime/codec/payload-codec';
import type { Config } from '../../src/runtime/config/schema';
import { createLogger } from '../../src/runtime/telemetry/logger';
import { SECRETS, testConfig } from '../support/config';

const UI = 'http://127.0.0.1:8233';
const READER = 'planted-decoder-token';
const WORKFLOW = 'data-sharing/st-marien/6a1f6ba0';
const PLAIN = 'planted-plain-text';
const START = Date.UTC(2026, 2, 3);

const Answer = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), z.string()), data: z.string() })),
});

const inJson = ({ metadata, data }: Payload): object => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
  ),
  data: Buffer.from(data ?? []).toString('base64'),
});

function config(codec: object = {}, extra: Readonly<Record<string, string>> = {}): Config {
  return testConfig(
    {
      codec: { port: 0, origins: [UI], ...codec },
      organizations: {},
      destinations: {},
      operators: [
        { name: 'night-shift', token: { env: 'DECODER' }, rights: ['read', 'decode'] },
        { name: 'reader', token: { env: 'READER' }, rights: ['read'] },
      ],
    },
    { DECODER: READER, ...extra },
  );
}

class Running implements AsyncDisposable {
  readonly events: CodecEvent[] = [];
  readonly logLines: string[] = [];
  now = START;
  /** Set: the audit can't be written. */
  broken = false;
  #app: FastifyInstance | undefined;
  url = '';

  static async start(settings: Config): Promise<Running> {
    const running = new Running();
    running.#app = await createCodecServer({
      config: settings,
      codec: new EncryptionCodec(createKeyRing(settings.encryption)),
      logger: createLogger({
        level: 'debug',
        role: 'test',
        stream: { write: (line) => void running.logLines.push(line) },
      }),
      origins: () => settings.codec?.origins ?? [],
      record: (event) => {
        if (running.broken) return Promise.reject(new Error('the audit is away'));
        running.events.push(event);
        return Promise.resolve();
      },
      now: () => running.now,
    });
    running.url = await running.#app.listen({ host: '127.0.0.1', port: 0 });
    return running;
  }

  async post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    const answer = await request(`${this.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  }

  login(token: string, origin = this.url) {
    return this.post('/login', `token=${encodeURIComponent(token)}`, {
      'content-type': 'application/x-www-form-urlencoded',
      origin,
    });
  }

  /** Signs in. @returns the cookie as a browser sends it back */
  async session(): Promise<string> {
    const { status, headers } = await this.login(READER);
    expect(status).toBe(303);
    return String(headers['set-cookie']).split(';')[0] ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app?.close();
  }
}

const bearer = { authorization: `Bearer ${READER}` };

async function encrypted(settings = config()): Promise<{ readonly payloads: readonly object[] }> {
  const codec = new EncryptionCodec(createKeyRing(settings.encryption));
  const context = { type: 'workflow', namespace: 'default', workflowId: WORKFLOW } as const;
  const payloads = await codec.encode([defaultPayloadConverter.toPayload({ text: PLAIN })], context);
  return { payloads: payloads.map(inJson) };
}

const shown = (text: string): unknown =>
  Answer.parse(JSON.parse(text)).payloads.map(({ data }) => JSON.parse(Buffer.from(data, 'base64').toString()));

describe('codec server', () => {
  it('should show payloads to a token with the right, and record what of', async () => {
    await using server = await Running.start(config());
    const body = await encrypted();
    expect(JSON.stringify(body)).not.toContain(Buffer.from(PLAIN).toString('base64').slice(0, 10));
    const { status, text } = await server.post('/decode?preserveStorageRefs=true', body, {
      ...bearer,
      'x-namespace': 'default',
    });
    expect(status).toBe(200);
    expect(shown(text)).toEqual([{ text: PLAIN }]);
    expect(server.events).toEqual([
      {
        kind: 'payload-read',
        operator: 'night-shift',
        via: 'http',
        namespace: 'default',
        workflowIds: [WORKFLOW],
        address: '127.0.0.1',
      },
    ]);
    expect(server.logLines.join('')).not.toContain(PLAIN);
  });

  it('should show nothing when it cannot be recorded', async () => {
    await using server = await Running.start(config());
    server.broken = true;
    const { status, text } = await server.post('/decode', await encrypted(), bearer);
    expect(status).toBe(500);
    expect(text).not.toContain('payloads');
  });

  it.each([
    ['no token', {}, 401, undefined],
    [
      'a wrong token',
      { authorization: 'Bearer nobody' },
      401,
      { kind: 'sign-in-failure', address: '127.0.0.1', notWrittenBefore: 0 },
    ],
    [
      'an operator without the right',
      { authorization: `Bearer ${SECRETS['READER'] ?? ''}` },
      403,
      { kind: 'access-refused', operator: 'reader', address: '127.0.0.1', notWrittenBefore: 0 },
    ],
    ['another namespace', { ...bearer, 'x-namespace': 'other' }, 403, undefined],
    ['a token from another page', { ...bearer, origin: 'http://elsewhere.example' }, 403, undefined],
  ] as const)('should refuse %s', async (_what, headers, wanted, event) => {
    await using server = await Running.start(config());
    const { status, text, headers: answered } = await server.post('/decode', await encrypted(), headers);
    expect(status).toBe(wanted);
    expect(text).not.toContain('payloads');
    expect(answered['access-control-allow-origin']).toBeUndefined();
    expect(server.events).toEqual(event === undefined ? [] : [event]);
  });

  it('should let the Web UI ask with the session of a login, and no other page or program', async () => {
    await using server = await Running.start(config());
    const { headers } = await server.login(READER);
    expect(String(headers['set-cookie'])).toMatch(
      /^ductus-codec=[^;]+; Path=\/; Max-Age=3600; HttpOnly; SameSite=Strict$/,
    );
    const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
    const body = await encrypted();
    const answer = await server.post('/decode', body, { cookie, origin: UI });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe(UI);
    expect(answer.headers['access-control-allow-credentials']).toBe('true');
    expect(shown(answer.text)).toEqual([{ text: PLAIN }]);
    expect(server.events.at(-1)).toMatchObject({ operator: 'night-shift', via: 'web-ui' });
    expect((await server.post('/decode', body, { cookie, origin: 'http://127.0.0.1:8234' })).status).toBe(403);
    expect((await server.post('/decode', body, { cookie })).status).toBe(401);
  });

  it('should mark the cookie for TLS where browsers come by TLS', async () => {
    await using server = await Running.start(config({ publicUrl: 'https://codec.hospital.example' }));
    const { headers } = await server.login(READER, 'https://codec.hospital.example');
    expect(String(headers['set-cookie'])).toMatch(/^__Host-ductus-codec=.*; Secure$/);
  });

  it('should end a session after its time, with its token, and when it is changed', async () => {
    const settings = config();
    await using server = await Running.start(settings);
    const cookie = await server.session();
    const body = await encrypted();
    const ask = async (one: Running, value: string): Promise<number> =>
      (await one.post('/decode', body, { cookie: value, origin: UI })).status;
    expect(await ask(server, `${cookie}x`)).toBe(401);
    const [name, value] = cookie.split('=');
    const forged = Buffer.from(JSON.stringify({ operator: 'night-shift', expiresAtMs: START * 2 }));
    expect(await ask(server, `${name ?? ''}=${forged.toString('base64url')}.${value?.split('.')[1] ?? ''}`)).toBe(401);
    server.now = START + 59 * 60_000;
    expect(await ask(server, cookie)).toBe(200);
    server.now = START + 60 * 60_000;
    expect(await ask(server, cookie)).toBe(401);

    await using other = await Running.start(config({}, { DECODER: 'another-token' }));
    expect(await ask(other, cookie)).toBe(401);
  });

  it('should take logins of its own page only, and say why not', async () => {
    await using server = await Running.start(config());
    expect((await server.login(READER, UI)).status).toBe(403);
    expect((await server.login(READER, 'null')).status).toBe(403);
    const wrong = await server.login('nobody');
    expect(wrong.status).toBe(401);
    expect(wrong.text).toContain('not a token of an operator');
    expect(wrong.headers['set-cookie']).toBeUndefined();
    expect(wrong.headers['content-security-policy']).toContain("default-src 'none'");
    const reader = await server.login(SECRETS['READER'] ?? '');
    expect(reader.status).toBe(403);
    expect(reader.text).toContain('decode');
    expect(server.events.map(({ kind }) => kind)).toEqual(['sign-in-failure', 'access-refused']);
    const page = await request(`${server.url}/`);
    expect(page.statusCode).toBe(200);
    expect(await page.body.text()).toContain('Operator token');
  });

  it('should make a caller wait that guesses', async () => {
    await using server = await Running.start(config());
    for (let tries = 0; tries < 10; tries += 1) expect((await server.login(`guess-${String(tries)}`)).status).toBe(401);
    expect((await server.login(READER)).status).toBe(429);
    expect((await server.post('/decode', await encrypted(), bearer)).status).toBe(403);
    server.now += 60_001;
    expect((await server.login(READER)).status).toBe(303);
  });

  it('should let those go on who are signed in while somebody else guesses from the same address', async () => {
    await using server = await Running.start(config());
    const cookie = await server.session();
    for (let tries = 0; tries < 11; tries += 1) await server.login(`guess-${String(tries)}`);
    expect((await server.login(READER)).status).toBe(429);
    expect((await server.post('/decode', await encrypted(), { cookie, origin: UI })).status).toBe(200);
  });

  it('should not let the audit be filled with refusals: one a minute of each caller, and how many more there were', async () => {
    await using server = await Running.start(config());
    const reader = { authorization: `Bearer ${SECRETS['READER'] ?? ''}` };
    for (let tries = 0; tries < 20; tries += 1) {
      await server.login(`guess-${String(tries)}`);
      await server.post('/decode', '{}', reader);
    }
    expect(server.events.map(({ kind }) => kind).sort()).toEqual(['access-refused', 'sign-in-failure']);
    server.now += 60_001;
    await server.login('guess');
    expect(server.events.at(-1)).toEqual({ kind: 'sign-in-failure', address: '127.0.0.1', notWrittenBefore: 19 });
  });

  it('should not read the body of who may not ask', async () => {
    await using server = await Running.start(config());
    const tooLarge = JSON.stringify({ payloads: [{ data: 'A'.repeat(9 * 1024 * 1024) }] });
    for (const route of ['/decode', '/encode']) {
      expect((await server.post(route, '{')).status).toBe(401);
      expect((await server.post(route, '{', { authorization: `Bearer ${SECRETS['READER'] ?? ''}` })).status).toBe(403);
    }
    expect((await server.post('/decode', tooLarge, bearer)).status).toBe(413);
  });

  it.each(['in clear', 'encrypted by whom may ask'])(
    'should not write down what a payload %s says of itself',
    async (how) => {
      await using server = await Running.start(config());
      const { metadata, data } = defaultPayloadConverter.toPayload(1);
      const claims = { ...metadata, 'ductus-workflow-id': Buffer.from('of somebody else\0') };
      const plain = JSON.stringify({ payloads: [inJson({ metadata: claims, data: data ?? null })] });
      const body = how === 'in clear' ? plain : (await server.post('/encode', plain, bearer)).text;
      expect((await server.post('/decode', body, bearer)).status).toBe(200);
      expect(server.events).toMatchObject([{ kind: 'payload-read', workflowIds: [] }]);
    },
  );

  it('should encrypt what the Web UI sends to a workflow, for who may read', async () => {
    await using server = await Running.start(config());
    const plain = { payloads: [inJson(defaultPayloadConverter.toPayload({ action: 'retry', reason: PLAIN }))] };
    expect((await server.post('/encode', plain)).status).toBe(401);
    const { status, text } = await server.post('/encode', plain, bearer);
    expect(status).toBe(200);
    expect(
      Buffer.from(Answer.parse(JSON.parse(text)).payloads[0]?.metadata['encoding'] ?? '', 'base64').toString(),
    ).toBe('binary/encrypted');
    expect(shown((await server.post('/decode', text, bearer)).text)).toEqual([{ action: 'retry', reason: PLAIN }]);
  });

  it('should answer the preflight of the Web UI', async () => {
    await using server = await Running.start(config());
    const answer = await request(`${server.url}/decode`, {
      method: 'OPTIONS',
      headers: { origin: UI, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-namespace' },
    });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers['access-control-allow-headers']).toContain('x-namespace');
    expect(answer.headers['access-control-allow-credentials']).toBe('true');
  });

  it('should say that a key is missing, and no more', async () => {
    await using server = await Running.start(config());
    const foreign = config({}, { KEY: Buffer.alloc(32, 9).toString('base64') });
    const { status, text } = await server.post('/decode', await encrypted(foreign), bearer);
    expect(status).toBe(400);
    expect(JSON.parse(text)).toEqual({ code: 'DUCTUS_CODEC_KEY_MISSING', message: expect.stringContaining('k1') });
    expect(server.events).toEqual([]);
  });

  it.each([
    ['what is no list of payloads', '{"payloads":[{"data":"!"}]}', 400],
    ['what is no JSON', '{', 400],
    ['a body beyond its limit', JSON.stringify({ payloads: [{ data: 'A'.repeat(9 * 1024 * 1024) }] }), 413],
  ])('should refuse %s without quoting it', async (_what, body, wanted) => {
    await using server = await Running.start(config());
    const { status, text } = await server.post('/decode', body, bearer);
    expect(status).toBe(wanted);
    expect(text.length).toBeLessThan(200);
  });
});

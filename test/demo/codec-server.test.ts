/** The codec server makes payloads readable for the Web UI, and for no other page. */
import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import { request } from 'undici';
import { z } from 'zod';
import { startCodecServer } from '../../demo/codec-server';
import { createKeyRing } from '../../src/runtime/codec/key-ring';
import { EncryptionCodec } from '../../src/runtime/codec/payload-codec';
import { Secret } from '../../src/runtime/config/secret';

const UI = 'http://127.0.0.1:8233';
const Answer = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), z.string()), data: z.string() })),
});

const ring = (): ReturnType<typeof createKeyRing> =>
  createKeyRing({ currentKey: 'k1', keys: { k1: new Secret(randomBytes(32).toString('base64')) } });

async function withServer<T>(run: (url: string) => Promise<T>): Promise<T> {
  const server = await startCodecServer(new EncryptionCodec(ring()), { port: 0, origins: [UI] });
  try {
    return await run(server.url);
  } finally {
    await server.stop();
  }
}

async function post(url: string, body: unknown, origin: string | undefined = UI) {
  return request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(origin === undefined ? {} : { origin }) },
    body: JSON.stringify(body),
  });
}

/** A payload as the Web UI sends it: bytes in base64. */
function inJson(value: unknown): object {
  const { metadata, data } = defaultPayloadConverter.toPayload(value);
  const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, bytes]) => [name, text(bytes)])),
    data: text(data),
  };
}

describe('codec server', () => {
  it('should give back what was encoded', () =>
    withServer(async (url) => {
      const plain = inJson({ organization: 'st-marien' });
      const encoded = Answer.parse(await (await post(`${url}/encode`, { payloads: [plain] })).body.json());
      expect(Buffer.from(encoded.payloads[0]?.metadata['encoding'] ?? '', 'base64').toString()).toBe(
        'binary/encrypted',
      );
      expect(JSON.stringify(encoded)).not.toContain(Buffer.from('st-marien').toString('base64').slice(0, 10));

      const decoded = await post(`${url}/decode`, encoded);
      expect(decoded.headers['access-control-allow-origin']).toBe(UI);
      expect(await decoded.body.json()).toEqual({ payloads: [plain] });
    }));

  it('should answer the preflight of the Web UI', () =>
    withServer(async (url) => {
      const answer = await request(`${url}/decode`, {
        method: 'OPTIONS',
        headers: {
          origin: UI,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'x-namespace',
        },
      });
      expect(answer.statusCode).toBe(204);
      expect(answer.headers['access-control-allow-headers']).toContain('x-namespace');
    }));

  it('should refuse every other page', () =>
    withServer(async (url) => {
      const answer = await post(`${url}/decode`, { payloads: [] }, 'http://elsewhere.example');
      expect(answer.statusCode).toBe(403);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }));

  it('should say that a key is missing, and no more', () =>
    withServer(async (url) => {
      const foreign = await new EncryptionCodec(ring()).encode([defaultPayloadConverter.toPayload('secret')]);
      const payloads = foreign.map(({ metadata, data }) => ({
        metadata: Object.fromEntries(
          Object.entries(metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
        ),
        data: Buffer.from(data ?? []).toString('base64'),
      }));
      const answer = await post(`${url}/decode`, { payloads });
      expect(answer.statusCode).toBe(400);
      expect(await answer.body.json()).toEqual({ message: expect.stringContaining('k1') });
    }));
});

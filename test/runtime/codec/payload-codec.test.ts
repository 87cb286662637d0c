import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Payload } from '@temporalio/common';
import fc from 'fast-check';
import { createKeyRing } from '../../../src/runtime/codec/key-ring';
import type { KeyRing } from '../../../src/runtime/codec/key-ring';
import { EncryptionCodec } from '../../../src/runtime/codec/payload-codec';
import { Secret } from '../../../src/runtime/config/secret';
import { ductusErrorOf } from '../../support/error-of';

function ring(currentKey: string, keys: Readonly<Record<string, number>>): KeyRing {
  const secrets = Object.entries(keys).map(([id, byte]) => [id, new Secret(Buffer.alloc(32, byte).toString('base64'))]);
  return createKeyRing({ currentKey, keys: Object.fromEntries(secrets) });
}

const K1 = ring('k1', { k1: 1 });

function plain(value: unknown): Payload {
  return defaultPayloadConverter.toPayload(value);
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function normal(payload: Payload | undefined): unknown {
  const metadata = Object.entries(payload?.metadata ?? {}).map(([name, value]) => [
    name,
    Buffer.from(value).toString('hex'),
  ]);
  return { metadata: Object.fromEntries(metadata), data: Buffer.from(payload?.data ?? []).toString('hex') };
}

describe('EncryptionCodec', () => {
  it('should encrypt under the current key and say which one', async () => {
    const [encrypted] = await new EncryptionCodec(K1).encode([plain({ patient: 'planted-phi' })]);
    expect(Buffer.from(encrypted?.data ?? []).includes('planted-phi')).toBe(false);
    expect(Object.keys(encrypted?.metadata ?? {}).sort()).toEqual(['encoding', 'encryption-key-id']);
    expect(Buffer.from(encrypted?.metadata?.['encoding'] ?? []).toString()).toBe('binary/encrypted');
    expect(Buffer.from(encrypted?.metadata?.['encryption-key-id'] ?? []).toString()).toBe('k1');
  });

  it('should give back any payloads with their metadata, in order', async () => {
    const codec = new EncryptionCodec(K1);
    const payload = fc.record({
      metadata: fc.dictionary(
        fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'),
        fc.uint8Array({ maxLength: 40 }),
      ),
      data: fc.uint8Array({ maxLength: 2_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(payload, { maxLength: 5 }), async (payloads) => {
        const encrypted = await codec.encode(payloads);
        expect((await codec.decode(encrypted)).map(normal)).toEqual(payloads.map(normal));
      }),
    );
  });

  it('should give back any value that Temporal converts', async () => {
    const codec = new EncryptionCodec(K1);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.jsonValue(), fc.constant(undefined)), async (value) => {
        const [decoded] = await codec.decode(await codec.encode([plain(value)]));
        if (decoded === undefined) throw new Error('no payload');
        expect(defaultPayloadConverter.fromPayload(decoded)).toEqual(defaultPayloadConverter.fromPayload(plain(value)));
      }),
    );
  });

  it('should never encrypt the same payload to the same bytes', async () => {
    const encrypted = await new EncryptionCodec(K1).encode([plain('same'), plain('same')]);
    expect(normal(encrypted[0])).not.toEqual(normal(encrypted[1]));
  });

  it('should let payloads in clear pass, as the Web UI sends them', async () => {
    const codec = new EncryptionCodec(K1);
    const payloads = [plain({ action: 'retry' }), plain(undefined), { data: bytes('x') }, {}];
    expect(await codec.decode(payloads)).toEqual(payloads);
  });

  it('should read what an old key encrypted', async () => {
    const encrypted = await new EncryptionCodec(K1).encode([plain('old')]);
    const rotated = new EncryptionCodec(ring('k2', { k1: 1, k2: 2 }));
    expect((await rotated.decode(encrypted)).map(normal)).toEqual([normal(plain('old'))]);
    const [recent] = await rotated.encode([plain('new')]);
    expect(Buffer.from(recent?.metadata?.['encryption-key-id'] ?? []).toString()).toBe('k2');
  });

  it.each([
    ['gone', ring('k2', { k2: 2 }), 'not in the key ring'],
    ['another one', ring('k1', { k1: 9 }), 'does not fit'],
  ])('should name a key that is %s', async (_, keys, what) => {
    const encrypted = await new EncryptionCodec(K1).encode([plain('x')]);
    const error = await ductusErrorOf(new EncryptionCodec(keys).decode(encrypted));
    expect(error).toMatchObject({ code: 'DUCTUS_CODEC_KEY_MISSING', details: { keyId: 'k1' } });
    expect(error.message).toContain(what);
  });

  it('should refuse every changed byte, cut and moved key id', async () => {
    const codec = new EncryptionCodec(ring('k1', { k1: 1, k2: 1 }));
    const [encrypted] = await codec.encode([plain('x')]);
    const data = Buffer.from(encrypted?.data ?? []);
    const metadata = encrypted?.metadata ?? {};
    const changed = [...data.keys()].map((at) => ({
      metadata,
      data: Buffer.from(data.map((byte, i) => (i === at ? byte ^ 1 : byte))),
    }));
    const cut = [...data.keys()].map((at) => ({ metadata, data: data.subarray(0, at) }));
    const moved = { metadata: { ...metadata, 'encryption-key-id': bytes('k2') }, data };
    for (const payload of [...changed, ...cut, moved, { metadata }]) {
      expect(await ductusErrorOf(codec.decode([payload]))).toMatchObject({ code: 'DUCTUS_CODEC_KEY_MISSING' });
    }
  });

  it('should not repeat a key id that is none', async () => {
    const encoding = bytes('binary/encrypted');
    const codec = new EncryptionCodec(K1);
    for (const metadata of [{ encoding, 'encryption-key-id': bytes('planted <script>') }, { encoding }]) {
      const error = await ductusErrorOf(codec.decode([{ metadata, data: randomBytes(64) }]));
      expect(error.code).toBe('DUCTUS_CODEC_KEY_MISSING');
      expect(error.message).not.toContain('planted');
    }
  });

  it('should refuse a payload above the limit and say which one of what', async () => {
    const codec = new EncryptionCodec(K1);
    const large = plain('x'.repeat(256 * 1024));
    const context = { type: 'workflow', namespace: 'default', workflowId: 'data-sharing/org/1' } as const;
    const error = await ductusErrorOf(codec.encode([plain('small'), large], context));
    expect(error).toMatchObject({
      code: 'DUCTUS_PAYLOAD_TOO_LARGE',
      details: { limit: 262_144, payload: 2, owner: 'workflow data-sharing/org/1' },
    });
    expect(error.message).toMatch(/^Payload 2 of 2 of workflow data-sharing\/org\/1 has 262\d{3} bytes/);
    const activity = {
      type: 'activity',
      namespace: 'default',
      activityId: '7',
      workflowId: 'w',
      isLocal: true,
    } as const;
    expect((await ductusErrorOf(codec.encode([large], activity))).message).toContain('activity 7 of workflow w');
    expect((await ductusErrorOf(codec.encode([large]))).message).toContain('Payload 1 of 1');
    await expect(codec.encode([plain('x'.repeat(255 * 1024))])).resolves.toHaveLength(1);
    await expect(new EncryptionCodec(K1, { maxPayloadBytes: 300 * 1024 }).encode([large])).resolves.toHaveLength(1);
  });
});

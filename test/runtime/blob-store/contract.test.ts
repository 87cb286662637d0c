/** One contract for both places where blobs may lie. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { createBlobStore } from '../../../src/runtime/blob-store';
import type { Config } from '../../../src/runtime/config/schema';
import { testConfig } from '../../support/config';
import { ductusErrorOf, everythingOf } from '../../support/error-of';
import { startMinimalS3 } from '../../support/minimal-s3';
import { temporaryFolder } from '../../support/temporary-folder';

/** What the contract needs to know of a place. */
interface Place extends AsyncDisposable {
  readonly blobs: Config['blobs'];
  /** All stored files as they lie there. */
  raw(): Buffer[];
  /** Changes all stored files. */
  change(how: (file: Buffer) => Buffer): void;
  /** Makes the file of one key the file of another. */
  swap(): void;
}

const BUNDLE = Buffer.from(
  JSON.stringify(
    Array.from({ length: 200 }, (_, id) => ({ resourceType: 'Observation', id, note: 'planted-phi Jane Doe' })),
  ),
);

function folderPlace(): Promise<Place> {
  const folder = temporaryFolder();
  const root = path.join(folder.path, 'blobs');
  const files = (): string[] =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort();
  const change = (how: (file: Buffer, index: number) => Buffer): void =>
    files().forEach((file, index) => writeFileSync(file, how(readFileSync(file), index)));
  return Promise.resolve({
    blobs: testConfig({ organizations: {}, destinations: {}, blobs: { store: { kind: 'folder', path: root } } }).blobs,
    raw: () => files().map((file) => readFileSync(file)),
    change,
    swap: () => {
      const all = files()
        .map((file) => readFileSync(file))
        .reverse();
      change((file, index) => all[index] ?? file);
    },
    [Symbol.asyncDispose]: () => {
      folder[Symbol.dispose]();
      return Promise.resolve();
    },
  });
}

async function bucketPlace(): Promise<Place> {
  const s3 = await startMinimalS3();
  const store = { kind: 's3', bucket: 'blobs', region: 'eu-central-1', prefix: 'ductus/', endpoint: s3.endpoint };
  return {
    blobs: testConfig({ organizations: {}, destinations: {}, blobs: { store } }).blobs,
    raw: () => [...s3.objects.values()],
    change: (how) => {
      for (const [name, file] of s3.objects) s3.objects.set(name, how(file));
    },
    swap: () => {
      const all = [...s3.objects.values()].reverse();
      [...s3.objects.keys()].forEach((name, index) => s3.objects.set(name, all[index] ?? Buffer.alloc(0)));
    },
    [Symbol.asyncDispose]: () => s3[Symbol.asyncDispose](),
  };
}

const before = { ...process.env };

beforeAll(() => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIAHOSPITAL', AWS_SECRET_ACCESS_KEY: 'own-secret' });
});

afterAll(() => {
  process.env = before;
});

/** Keys: by default the one of `testConfig`. */
function encryption(currentKey: string, fill: Readonly<Record<string, number>>): Config['encryption'] {
  const names = Object.keys(fill);
  return testConfig(
    {
      organizations: {},
      destinations: {},
      encryption: {
        currentKey,
        keys: Object.fromEntries(names.map((id) => [id, { env: id }])),
        hashKey: { env: 'HASH_KEY' },
      },
    },
    Object.fromEntries(Object.entries(fill).map(([id, byte]) => [id, Buffer.alloc(32, byte).toString('base64')])),
  ).encryption;
}

function open(place: Place, keys = encryption('k1', { k1: 7 })): ReturnType<typeof createBlobStore> {
  return createBlobStore({ blobs: place.blobs, dataDir: 'unused', encryption: keys });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe.each([
  ['in a folder', folderPlace],
  ['in a bucket', bucketPlace],
])('blob store %s', (_, createPlace) => {
  let place: Place;
  let store: ReturnType<typeof open>;

  beforeEach(async () => {
    place = await createPlace();
    store = open(place);
  });

  afterEach(async () => {
    store.close();
    await place[Symbol.asyncDispose]();
  });

  it('should count what each key encrypts, and what is none of its own', async () => {
    expect([...(await store.keyUse())]).toEqual([]);
    // More than one page of a bucket's list.
    for (let index = 0; index < 5; index += 1) await store.put(`data-sharing/org/id-${String(index)}/file`, BUNDLE);
    const next = open(place, encryption('k2', { k1: 7, k2: 8 }));
    await next.put('data-sharing/org/id-1/file', Buffer.from('x'));
    await next.put('data-sharing/org/id-9/file', Buffer.alloc(0));
    expect([...(await next.keyUse())].sort()).toEqual([
      ['k1', 4],
      ['k2', 2],
    ]);
    place.change(() => Buffer.from('something else'));
    expect([...(await next.keyUse())]).toEqual([[undefined, 6]]);
    next.close();
  });

  it('should give back what was put, and say its size and hash', async () => {
    const ref = await store.put('data-sharing/org/id-1/file', BUNDLE);
    expect(ref).toEqual({ key: 'data-sharing/org/id-1/file', sha256: sha256(BUNDLE), bytes: BUNDLE.length });
    expect(await store.get(ref)).toEqual(BUNDLE);
    expect(await open(place).get(ref)).toEqual(BUNDLE);
  });

  it('should keep nothing in clear, and FHIR JSON in a fraction of its size', async () => {
    await store.put('a/b', BUNDLE);
    const [file] = place.raw();
    expect(file?.includes('planted-phi')).toBe(false);
    expect(file?.length).toBeLessThan(BUNDLE.length / 4);
    const random = Buffer.from(Array.from({ length: 64 }, (_, byte) => byte * 3));
    await store.put('a/small', random);
    expect(place.raw().every((raw) => !raw.includes(random))).toBe(true);
  });

  it('should take the same bytes again, and replace them by others', async () => {
    const first = await store.put('a', Buffer.from('one'));
    expect(await store.put('a', Buffer.from('one'))).toEqual(first);
    const second = await store.put('a', Buffer.from('two'));
    expect((await store.get(second)).toString()).toBe('two');
    expect(await ductusErrorOf(store.get(first))).toMatchObject({ code: 'DUCTUS_BLOB_CORRUPT' });
    expect(place.raw()).toHaveLength(1);
  });

  it('should say that a blob is missing, before, after and without a delete', async () => {
    const ref = { key: 'a/b', sha256: sha256(BUNDLE) };
    expect(await ductusErrorOf(store.get(ref))).toMatchObject({ code: 'DUCTUS_BLOB_MISSING', details: { key: 'a/b' } });
    await store.put('a/b', BUNDLE);
    await store.delete('a/b');
    await store.delete('a/b');
    expect(await ductusErrorOf(store.get(ref))).toMatchObject({ code: 'DUCTUS_BLOB_MISSING' });
    expect(place.raw()).toHaveLength(0);
  });

  it('should notice every changed byte and every cut', async () => {
    const ref = await store.put('a', Buffer.from('short text'));
    const [intact] = place.raw();
    const length = intact?.length ?? 0;
    for (let at = 0; at < length; at += 1) {
      place.change((file) =>
        Buffer.concat([file.subarray(0, at), Buffer.from([(file[at] ?? 0) ^ 1]), file.subarray(at + 1)]),
      );
      expect(await ductusErrorOf(store.get(ref))).toMatchObject({ code: 'DUCTUS_BLOB_CORRUPT' });
      place.change(() => intact?.subarray(0, at) ?? Buffer.alloc(0));
      expect(await ductusErrorOf(store.get(ref))).toMatchObject({ code: 'DUCTUS_BLOB_CORRUPT' });
      place.change(() => intact ?? Buffer.alloc(0));
    }
    expect((await store.get(ref)).toString()).toBe('short text');
  });

  it('should notice that one blob was put in place of another', async () => {
    const one = await store.put('patient/1', BUNDLE);
    await store.put('patient/2', BUNDLE);
    place.swap();
    expect(await ductusErrorOf(store.get(one))).toMatchObject({ code: 'DUCTUS_BLOB_CORRUPT' });
  });

  it('should read blobs of an old key after a change of keys, and name a key that is gone', async () => {
    const old = await store.put('old', BUNDLE);
    const changed = open(place, encryption('k2', { k1: 7, k2: 8 }));
    const recent = await changed.put('recent', BUNDLE);
    expect(await changed.get(old)).toEqual(BUNDLE);
    expect(await changed.get(recent)).toEqual(BUNDLE);
    const withoutOld = open(place, encryption('k2', { k2: 8 }));
    expect(await withoutOld.get(recent)).toEqual(BUNDLE);
    const error = await ductusErrorOf(withoutOld.get(old));
    expect(error.code).toBe('DUCTUS_BLOB_CORRUPT');
    expect(error.message).toContain('"k1"');
    const otherBytes = open(place, encryption('k1', { k1: 9 }));
    const mismatch = await ductusErrorOf(otherBytes.get(old));
    expect(mismatch.code).toBe('DUCTUS_BLOB_CORRUPT');
    expect(everythingOf(mismatch)).not.toContain(Buffer.alloc(32, 9).toString('base64'));
  });

  it('should never show half a blob to those who read while others write', async () => {
    const versions = Array.from({ length: 6 }, (_, i) => Buffer.alloc(40_000, `version ${i} `));
    const refs = await Promise.all(versions.map((bytes) => store.put('shared', bytes)));
    const writes = versions.map((bytes) => store.put('shared', bytes));
    const reads = refs.map(async (ref) => {
      try {
        return (await store.get(ref)).length;
      } catch (error) {
        // Whole, but another version: its hash differs. Half of one could not be decrypted.
        return error instanceof Error ? error.message : error;
      }
    });
    await Promise.all(writes);
    for (const result of await Promise.all(reads)) {
      expect([40_000, 'The blob shared has other bytes than its reference says.']).toContain(result);
    }
  });

  it.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', '.hidden', 'a b', 'ä', 'a\\b', 'a'.repeat(801)])(
    'should not take the key %j',
    async (key) => {
      expect(await ductusErrorOf(store.put(key, BUNDLE))).toMatchObject({ code: 'DUCTUS_INTERNAL' });
      expect(await ductusErrorOf(store.get({ key, sha256: '' }))).toMatchObject({ code: 'DUCTUS_INTERNAL' });
      expect(await ductusErrorOf(store.delete(key))).toMatchObject({ code: 'DUCTUS_INTERNAL' });
    },
  );

  it('should give back any bytes under any allowed key', async () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,20}$/);
    const keys = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join('/'));
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 5_000 }),
      fc.string({ minLength: 1_000, maxLength: 3_000 }).map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(keys, content), { minLength: 1, maxLength: 4, selector: ([key]) => key }),
        async (blobs) => {
          const refs = await Promise.all(blobs.map(([key, bytes]) => store.put(key, bytes)));
          for (const [index, ref] of refs.entries()) {
            expect(await store.get(ref)).toEqual(Buffer.from(blobs[index]?.[1] ?? []));
          }
          await Promise.all(refs.map((ref) => store.delete(ref.key)));
          expect(place.raw()).toHaveLength(0);
        },
      ),
      { numRuns: 25 },
    );
  });
});

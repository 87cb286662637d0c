/** What only one of the two places does. */
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createBlobStore } from '../../../src/runtime/blob-store';
import { testConfig } from '../../support/config';
import { ductusErrorOf } from '../../support/error-of';
import { startMinimalS3 } from '../../support/minimal-s3';
import { temporaryFolder } from '../../support/temporary-folder';

const BYTES = Buffer.from('hello');
const PLAIN = { organizations: {}, destinations: {} };

describe('blobs in a folder', () => {
  it('should lie below the data folder when no path is set, readable by the owner only', async () => {
    using folder = temporaryFolder();
    const store = createBlobStore(testConfig({ ...PLAIN, dataDir: folder.path }));
    await store.put('a', BYTES);
    const root = path.join(folder.path, 'blobs');
    const [file] = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(file).toBeDefined();
    if (process.platform !== 'win32') {
      expect(statSync(root).mode & 0o777).toBe(0o700);
      expect(statSync(path.join(file?.parentPath ?? '', file?.name ?? '')).mode & 0o777).toBe(0o600);
    }
  });

  it('should lie apart though their keys differ only in case or one continues the other', async () => {
    using folder = temporaryFolder();
    const store = createBlobStore(testConfig({ ...PLAIN, dataDir: folder.path }));
    const keys = ['a', 'A', 'a/b', 'a/b/c', 'CON', 'a.'];
    const refs = await Promise.all(keys.map((key) => store.put(key, Buffer.from(key))));
    expect(await Promise.all(refs.map(async (ref) => (await store.get(ref)).toString()))).toEqual(keys);
  });

  it('should delete what crashed writes left, and nothing that is being written', async () => {
    using folder = temporaryFolder();
    const aside = path.join(folder.path, 'blobs', 'aside');
    mkdirSync(aside, { recursive: true });
    const [leftover, recent] = [path.join(aside, 'leftover'), path.join(aside, 'recent')];
    writeFileSync(leftover, 'half');
    writeFileSync(recent, 'half');
    const twoHoursAgo = Date.now() / 1000 - 7_200;
    utimesSync(leftover, twoHoursAgo, twoHoursAgo);
    await createBlobStore(testConfig({ ...PLAIN, dataDir: folder.path })).put('a', BYTES);
    expect([existsSync(leftover), existsSync(recent)]).toEqual([false, true]);
  });

  it('should call it a passing failure when the folder cannot be used', async () => {
    using folder = temporaryFolder();
    const file = path.join(folder.path, 'file');
    writeFileSync(file, '');
    const store = createBlobStore(
      testConfig({ ...PLAIN, blobs: { store: { kind: 'folder', path: path.join(file, 'below') } } }),
    );
    const errors = [
      await ductusErrorOf(store.put('a', BYTES)),
      await ductusErrorOf(store.get({ key: 'a', sha256: '' })),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({
        code: 'DUCTUS_BLOB_UNAVAILABLE',
        class: 'transient',
        details: { reason: 'ENOTDIR' },
      });
    }
  });
});

describe('blobs in a bucket', () => {
  const before = { ...process.env };
  beforeAll(() => {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIAHOSPITAL', AWS_SECRET_ACCESS_KEY: 'own-secret' });
  });
  afterAll(() => {
    process.env = before;
  });

  it('should lie below the prefix, signed with the credentials of the process', async () => {
    await using s3 = await startMinimalS3();
    const store = createBlobStore(
      testConfig({
        ...PLAIN,
        blobs: { store: { kind: 's3', bucket: 'b', region: 'eu-central-1', endpoint: s3.endpoint } },
      }),
    );
    await store.put('data-sharing/org/1', BYTES);
    expect([...s3.objects.keys()]).toEqual(['b/ductus/data-sharing/org/1']);
    expect(s3.server.requests[0]?.headers.authorization).toMatch(/Credential=AKIAHOSPITAL\/\d{8}\/eu-central-1\/s3/);
    store.close();
  });

  it.each([
    [403, 'AccessDenied'],
    [404, 'NoSuchBucket'],
  ])('should call %i %s a passing failure, not a missing blob', async (status, code) => {
    await using s3 = await startMinimalS3();
    s3.fault = (_, response) => void response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
    const store = createBlobStore(
      testConfig({
        ...PLAIN,
        blobs: { store: { kind: 's3', bucket: 'b', region: 'eu-central-1', endpoint: s3.endpoint } },
      }),
    );
    const runs = [store.put('a', BYTES), store.get({ key: 'a', sha256: '' }), store.delete('a')];
    for (const error of await Promise.all(runs.map(ductusErrorOf))) {
      expect(error).toMatchObject({ code: 'DUCTUS_BLOB_UNAVAILABLE', details: { reason: code } });
    }
    store.close();
  });

  it('should try again by itself after a hiccup of S3', async () => {
    await using s3 = await startMinimalS3();
    s3.fault = (_, response) => {
      s3.fault = undefined;
      response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
    };
    const store = createBlobStore(
      testConfig({
        ...PLAIN,
        blobs: { store: { kind: 's3', bucket: 'b', region: 'eu-central-1', endpoint: s3.endpoint } },
      }),
    );
    const ref = await store.put('a', BYTES);
    expect(await store.get(ref)).toEqual(BYTES);
    store.close();
  });
});

import { abortReason } from '../../../src/domain/abort';
import { CredentialCache } from '../../../src/connectors/s3/credentials';
import type { S3Credentials } from '../../../src/connectors/s3/credentials';
import { Secret } from '../../../src/runtime/config/secret';

const MINUTE = 60_000;

function credentials(expiresAt: number | undefined, id = 'AKIA'): S3Credentials {
  return {
    accessKeyId: id,
    secretAccessKey: new Secret('s'),
    sessionToken: new Secret('t'),
    expiration: expiresAt === undefined ? undefined : new Date(expiresAt),
  };
}

/** A source that the test answers by hand. */
class Source {
  readonly calls: {
    resolve: (value: S3Credentials) => void;
    reject: (error: unknown) => void;
    signal: AbortSignal | undefined;
  }[] = [];

  readonly fetch = (signal?: AbortSignal): Promise<S3Credentials> =>
    new Promise((resolve, reject) => {
      this.calls.push({ resolve, reject, signal });
      signal?.addEventListener('abort', () => reject(abortReason(signal)));
    });

  answer(index: number, value: S3Credentials): void {
    this.calls[index]?.resolve(value);
  }
}

describe('CredentialCache', () => {
  it('should keep credentials until shortly before they expire', async () => {
    let now = 0;
    let fetched = 0;
    const cache = new CredentialCache(() => Promise.resolve(credentials(now + 60 * MINUTE, `key-${(fetched += 1)}`)), {
      refreshBeforeMs: 2 * MINUTE,
      now: () => now,
    });
    expect((await cache.get()).accessKeyId).toBe('key-1');
    now = 58 * MINUTE - 1;
    expect((await cache.get()).accessKeyId).toBe('key-1');
    now = 58 * MINUTE;
    expect((await cache.get()).accessKeyId).toBe('key-2');
  });

  it('should use credentials that live shorter than the reserve for half their life', async () => {
    let now = 0;
    let fetched = 0;
    const cache = new CredentialCache(() => Promise.resolve(credentials(now + MINUTE, `key-${(fetched += 1)}`)), {
      refreshBeforeMs: 2 * MINUTE,
      now: () => now,
    });
    await cache.get();
    now = 29_000;
    expect((await cache.get()).accessKeyId).toBe('key-1');
    now = 30_000;
    expect((await cache.get()).accessKeyId).toBe('key-2');
  });

  it('should keep credentials without an end until they are refused', async () => {
    let fetched = 0;
    const cache = new CredentialCache(() => Promise.resolve(credentials(undefined, `key-${(fetched += 1)}`)), {
      refreshBeforeMs: 1,
    });
    const first = await cache.get();
    expect(await cache.get()).toBe(first);
    cache.invalidate(first);
    const second = await cache.get();
    expect(second.accessKeyId).toBe('key-2');
    cache.invalidate(first); // somebody comes late with the old ones
    expect(await cache.get()).toBe(second);
  });

  it('should fetch once for all who ask meanwhile', async () => {
    const source = new Source();
    const cache = new CredentialCache(source.fetch, { refreshBeforeMs: 1 });
    const waits = [cache.get(), cache.get(), cache.get()];
    source.answer(0, credentials(undefined));
    expect(new Set(await Promise.all(waits)).size).toBe(1);
    expect(source.calls).toHaveLength(1);
  });

  it('should give a failure to all who wait for it and keep nothing of it', async () => {
    const source = new Source();
    const cache = new CredentialCache(source.fetch, { refreshBeforeMs: 1 });
    const waits = [cache.get(), cache.get()];
    source.calls[0]?.reject(new Error('down'));
    expect((await Promise.allSettled(waits)).map((result) => result.status)).toEqual(['rejected', 'rejected']);
    const again = cache.get();
    source.answer(1, credentials(undefined, 'later'));
    expect((await again).accessKeyId).toBe('later');
  });

  it('should let one caller go and fetch on for the others', async () => {
    const source = new Source();
    const cache = new CredentialCache(source.fetch, { refreshBeforeMs: 1 });
    const controller = new AbortController();
    const leaves = cache.get(controller.signal);
    const stays = cache.get();
    const reason = new Error('cancelled');
    controller.abort(reason);
    await expect(leaves).rejects.toBe(reason);
    expect(source.calls[0]?.signal?.aborted).toBe(false);
    source.answer(0, credentials(undefined, 'for the others'));
    expect((await stays).accessKeyId).toBe('for the others');
  });

  it('should stop the fetch when the last caller has left, and start anew for the next', async () => {
    const source = new Source();
    const cache = new CredentialCache(source.fetch, { refreshBeforeMs: 1 });
    const controllers = [new AbortController(), new AbortController()];
    const waits = controllers.map((controller) => cache.get(controller.signal));
    for (const controller of controllers) controller.abort(new Error('cancelled'));
    expect((await Promise.allSettled(waits)).every((result) => result.status === 'rejected')).toBe(true);
    expect(source.calls[0]?.signal?.aborted).toBe(true);
    const next = cache.get();
    source.answer(1, credentials(undefined, 'anew'));
    expect((await next).accessKeyId).toBe('anew');
    await expect(cache.get(controllers[0]?.signal)).rejects.toThrow('cancelled');
  });
});

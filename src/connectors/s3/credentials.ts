/** Session credentials for S3, kept until shortly before they expire and fetched by one request at a time. */
import { abortReason } from '../../domain/abort';
import type { Secret } from '../../runtime/config/secret';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  /** Undefined for long-lived keys. */
  readonly sessionToken: Secret | undefined;
  /** Undefined for credentials that do not expire. */
  readonly expiration: Date | undefined;
  /** ARNs that the credentials are good for, when their source says so. */
  readonly resources?: readonly string[];
}

/** Fetches new credentials, from Roche's token service or STS. */
export type CredentialFetch = (signal?: AbortSignal) => Promise<S3Credentials>;

export interface CredentialCacheOptions {
  /** Milliseconds before `expiration` from which credentials count as used up. */
  readonly refreshBeforeMs: number;
  /** Epoch milliseconds; the system's clock when left out. */
  readonly now?: () => number;
}

interface Cached {
  readonly credentials: S3Credentials;
  /** Epoch milliseconds. */
  readonly refreshAt: number;
}

/** A fetch under way and how many wait for it. */
interface Flight {
  readonly promise: Promise<S3Credentials>;
  readonly controller: AbortController;
  waiting: number;
}

export class CredentialCache {
  readonly #fetch: CredentialFetch;
  readonly #refreshBeforeMs: number;
  readonly #now: () => number;
  #cached: Cached | undefined;
  #flight: Flight | undefined;

  constructor(fetch: CredentialFetch, options: CredentialCacheOptions) {
    this.#fetch = fetch;
    this.#refreshBeforeMs = options.refreshBeforeMs;
    this.#now = options.now ?? Date.now;
  }

  /**
   * @param signal lets this caller go; the fetch goes on while another one waits for it
   * @throws what the fetch throws, to all who wait for it; the next call fetches again
   */
  async get(signal?: AbortSignal): Promise<S3Credentials> {
    signal?.throwIfAborted();
    if (this.#cached !== undefined && this.#now() < this.#cached.refreshAt) return this.#cached.credentials;
    this.#flight ??= this.#start();
    return this.#join(this.#flight, signal);
  }

  /**
   * Forgets credentials that S3 refused.
   * @param used the ones that were refused: newer ones, fetched by somebody else meanwhile, stay
   */
  invalidate(used: S3Credentials): void {
    if (this.#cached?.credentials === used) this.#cached = undefined;
  }

  #start(): Flight {
    const controller = new AbortController();
    const startedAt = this.#now();
    const flight: Flight = { promise: this.#fetch(controller.signal), controller, waiting: 0 };
    flight.promise.then(
      (credentials) => {
        if (this.#flight !== flight) return; // all callers left, and another fetch may be on its way
        this.#flight = undefined;
        this.#cached = { credentials, refreshAt: this.#refreshAt(credentials, startedAt) };
      },
      () => {
        // Who waits gets the error; nothing is kept of it.
        if (this.#flight === flight) this.#flight = undefined;
      },
    );
    return flight;
  }

  /** Credentials shorter-lived than the reserve are used for half their life, not fetched for every file. */
  #refreshAt(credentials: S3Credentials, startedAt: number): number {
    if (credentials.expiration === undefined) return Infinity;
    const end = credentials.expiration.getTime();
    return Math.max(end - this.#refreshBeforeMs, startedAt + (end - startedAt) / 2);
  }

  async #join(flight: Flight, signal: AbortSignal | undefined): Promise<S3Credentials> {
    flight.waiting += 1;
    try {
      return await untilAborted(flight.promise, signal);
    } finally {
      flight.waiting -= 1;
      if (flight.waiting === 0 && this.#flight === flight) {
        // The last one left before the answer came: nobody wants it, and the next caller starts anew.
        this.#flight = undefined;
        flight.controller.abort(signal?.reason);
      }
    }
  }
}

/** The promise, or the signal's reason when that comes first. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(abortReason(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

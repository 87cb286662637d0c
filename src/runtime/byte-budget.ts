/**
 * Limits the bytes that a worker holds at once. Files differ by a factor of a thousand, so a limit on their
 * number would either starve the small ones or run out of memory on the large ones.
 */
import { abortReason } from '../domain/abort';

interface Waiter {
  readonly bytes: number;
  readonly grant: () => void;
}

/** A semaphore whose permits are bytes. First come, first served: a large request is not passed by small ones forever. */
export class ByteBudget {
  readonly #maxBytes: number;
  #inFlight = 0;
  #queue: Waiter[] = [];

  /** @param maxBytes bytes held at once; a single larger request waits until it is alone */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes held now. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Takes bytes when that is possible at once and nobody waits.
   * @returns gives them back (calling it twice does no harm); undefined when they are not to be had now
   */
  tryAcquire(bytes: number): (() => void) | undefined {
    return this.#queue.length === 0 && this.#fits(bytes) ? this.#take(bytes) : undefined;
  }

  /**
   * Waits for its turn and takes bytes.
   * @returns gives them back (calling it twice does no harm)
   * @throws the signal's reason when the caller gave up; it then holds nothing
   */
  async acquire(bytes: number, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    const now = this.tryAcquire(bytes);
    if (now !== undefined) return now;
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        bytes,
        grant: () => {
          signal?.removeEventListener('abort', giveUp);
          resolve(this.#take(bytes));
        },
      };
      const giveUp = (): void => {
        this.#queue = this.#queue.filter((other) => other !== waiter);
        reject(abortReason(signal));
        this.#serve();
      };
      this.#queue.push(waiter);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  #fits(bytes: number): boolean {
    return this.#inFlight === 0 || this.#inFlight + bytes <= this.#maxBytes;
  }

  #take(bytes: number): () => void {
    this.#inFlight += bytes;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#inFlight -= bytes;
      this.#serve();
    };
  }

  #serve(): void {
    for (let next = this.#queue[0]; next !== undefined && this.#fits(next.bytes); next = this.#queue[0]) {
      this.#queue.shift();
      next.grant();
    }
  }
}

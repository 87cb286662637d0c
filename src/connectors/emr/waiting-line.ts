/**
 * The places of one destination, each for one message at a time, and the line of those who wait for one: first come,
 * first served. The same for every kind of destination.
 */
import type { DuctusError } from '../../domain/errors';

/** Why a message got no place. */
export type NoPlaceReason = 'aborted' | 'closed';

interface Waiter {
  readonly go: () => void;
  readonly fail: (error: DuctusError) => void;
}

export class WaitingLine {
  readonly #places: number;
  readonly #notSent: (reason: NoPlaceReason) => DuctusError;
  readonly #waiters: Waiter[] = [];
  #busy = 0;
  #closed = false;
  /** Whoever waits in `close()` for the last message. */
  readonly #drained: (() => void)[] = [];

  /**
   * @param places messages at a time
   * @param notSent makes the error for a message that gets no place
   */
  constructor(places: number, notSent: (reason: NoPlaceReason) => DuctusError) {
    this.#places = places;
    this.#notSent = notSent;
  }

  /** Messages that hold a place. */
  get busy(): number {
    return this.#busy;
  }

  /** Messages that wait for one. */
  get waiting(): number {
    return this.#waiters.length;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /**
   * Does something while a place is held.
   * @param signal ends the wait for a place, and nothing else
   * @throws DuctusError of `notSent` when the signal or `close` ended the wait; whatever the task throws
   */
  async hold<T>(signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    await this.#enter(signal);
    try {
      return await task();
    } finally {
      this.#leave();
    }
  }

  /** Gives no more places, fails those in line (nothing of them was sent), and waits for those who hold one. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiter of this.#waiters.splice(0)) waiter.fail(this.#notSent('closed'));
    if (this.#busy === 0) return;
    await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  async #enter(signal: AbortSignal | undefined): Promise<void> {
    if (this.#closed) throw this.#notSent('closed');
    if (signal?.aborted === true) throw this.#notSent('aborted');
    if (this.#busy < this.#places) {
      this.#busy += 1;
      return;
    }
    let abort = (): void => undefined;
    const place = new Promise<void>((resolve, reject) => {
      const waiter: Waiter = { go: resolve, fail: reject };
      this.#waiters.push(waiter);
      abort = () => {
        const position = this.#waiters.indexOf(waiter);
        // Not in line any more: it has a place already, and the steps to come look at the signal themselves.
        if (position === -1) return;
        this.#waiters.splice(position, 1);
        reject(this.#notSent('aborted'));
      };
    });
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await place;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Gives the place to the first in line, or up. */
  #leave(): void {
    const next = this.#waiters.shift();
    if (next !== undefined) return next.go();
    this.#busy -= 1;
    if (this.#busy === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }
}

/**
 * Randomness that a seed repeats. Decisions about a request are drawn from the seed and from what the
 * request is (`draw`), never from the order in which requests come, since that order changes from run to run.
 */
import { createHash } from 'node:crypto';

/**
 * Draws a number for a decision.
 * @param seed the seed of the run
 * @param keys what the decision is about, for example a fault's name, a message id and how often it came
 * @returns 0 ≤ n < 1; the same for the same seed and keys
 */
export function draw(seed: number, ...keys: readonly (string | number)[]): number {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...keys]))
    .digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

/** A UUID (version 4 in form) drawn like `draw`. */
export function drawUuid(seed: number, ...keys: readonly (string | number)[]): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([seed, 'uuid', ...keys]))
    .digest('hex');
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A stream of random numbers for making data: fast, small, not for secrets. */
export class RandomStream {
  #state: number;

  /** @param seed the seed of the stream; @param keys further parts of it */
  constructor(seed: number, ...keys: readonly (string | number)[]) {
    this.#state = Math.floor(draw(seed, 'stream', ...keys) * 2 ** 32);
  }

  /** The next number, 0 ≤ n < 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, `from` ≤ n ≤ `to`. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** A UUID (version 4 in form). */
  uuid(): string {
    return drawUuid(this.integer(0, 2 ** 31), this.integer(0, 2 ** 31), this.integer(0, 2 ** 31));
  }
}

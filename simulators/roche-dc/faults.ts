/** Decides which requests meet a fault, and counts them. */
import { draw } from '../random';
import type { FaultRates, RocheFault } from './options';

/** Faults at seeded rates, and faults ordered for the next requests. */
export class Faults {
  readonly #seed: number;
  #rates: FaultRates;
  readonly #ordered: RocheFault[] = [];
  readonly #counts: Record<RocheFault, number> = {
    'token-500': 0,
    'token-timeout': 0,
    'token-401': 0,
    's3-503': 0,
    's3-reset': 0,
    's3-truncated': 0,
    's3-expired-token': 0,
    's3-expired-url': 0,
    'ack-lost': 0,
    'ack-500': 0,
  };
  /** How often each subject was asked about, so that a second try is drawn anew. */
  readonly #asked = new Map<string, number>();

  constructor(seed: number, rates: FaultRates) {
    this.#seed = seed;
    this.#rates = rates;
  }

  /** Replaces the rates. */
  setRates(rates: FaultRates): void {
    this.#rates = rates;
  }

  /** Orders a fault for the next `times` requests that it can happen to; ordered faults come before drawn ones. */
  order(fault: RocheFault, times = 1): void {
    for (let index = 0; index < times; index += 1) {
      this.#ordered.push(fault);
    }
  }

  /**
   * Decides about one request.
   * @param among the faults that can happen to it
   * @param subject what the request is about (object key, message id …): same seed and subject, same decisions
   */
  decide(among: readonly RocheFault[], subject: string): RocheFault | undefined {
    const index = this.#ordered.findIndex((fault) => among.includes(fault));
    if (index >= 0) {
      return this.#count(this.#ordered.splice(index, 1)[0]);
    }
    const about = `${among.join()} ${subject}`;
    const asked = this.#asked.get(about) ?? 0;
    this.#asked.set(about, asked + 1);
    let drawn = draw(this.#seed, 'fault', about, asked);
    for (const fault of among) {
      drawn -= this.#rates[fault] ?? 0;
      if (drawn < 0) {
        return this.#count(fault);
      }
    }
    return undefined;
  }

  /** How often each fault happened. */
  counts(): Record<RocheFault, number> {
    return { ...this.#counts };
  }

  #count(fault: RocheFault | undefined): RocheFault | undefined {
    if (fault !== undefined) {
      this.#counts[fault] += 1;
    }
    return fault;
  }
}

/** Decides which requests meet a fault, and counts them. */
import { draw } from '../random';
import { ROCHE_FAULTS } from './options';
import type { FaultRates, RocheFault } from './options';

/** Faults at seeded rates, and faults ordered for the next requests. */
export class Faults {
  readonly #seed: number;
  #rates: FaultRates;
  readonly #ordered: RocheFault[] = [];
  readonly #counts = new Map<RocheFault, number>();
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
  decide<Fault extends RocheFault>(among: readonly Fault[], subject: string): Fault | undefined {
    for (const [index, ordered] of this.#ordered.entries()) {
      const fault = among.find((one) => one === ordered);
      if (fault !== undefined) {
        this.#ordered.splice(index, 1);
        return this.#count(fault);
      }
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
  counts(): Partial<Record<RocheFault, number>> {
    return Object.fromEntries(ROCHE_FAULTS.map((fault) => [fault, this.#counts.get(fault) ?? 0]));
  }

  #count<Fault extends RocheFault>(fault: Fault): Fault {
    this.#counts.set(fault, (this.#counts.get(fault) ?? 0) + 1);
    return fault;
  }
}

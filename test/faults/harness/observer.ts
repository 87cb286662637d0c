/** Looks at the Roche simulator now and then: which notifications are acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RocheControl } from '../../../simulators/roche-dc/control';
import type { RocheStats } from '../../../simulators/roche-dc/statistics';

/** Often enough for the files that wait for an acknowledgment of another. */
const LOOK_MS = 500;

export class RocheObserver {
  readonly #roche: RocheControl;
  readonly #acknowledged = new Set<string>();
  readonly #ended = new AbortController();
  readonly #looking: Promise<void>;
  #failure: unknown;

  constructor(roche: RocheControl) {
    this.#roche = roche;
    this.#looking = this.#look().catch((error: unknown) => {
      this.#failure = error;
    });
  }

  isAcknowledged(messageId: string): boolean {
    if (this.#failure !== undefined) throw new Error('the Roche simulator does not answer', { cause: this.#failure });
    return this.#acknowledged.has(messageId);
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  async stop(): Promise<RocheStats> {
    this.#ended.abort();
    await this.#looking;
    return this.#roche.stats();
  }

  async #look(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      for (const one of (await this.#roche.stats()).notifications) {
        if (one.acks.length > 0) this.#acknowledged.add(one.messageId);
      }
      await sleep(LOOK_MS);
    }
  }
}

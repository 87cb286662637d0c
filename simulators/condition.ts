/** Waiting for something to become true, told by changes instead of by sleeping. */

/** Wakes those who wait when the thing they look at has changed. */
export class ChangeSignal {
  readonly #listeners = new Set<() => void>();
  readonly #gatherMs: number;
  #gathering: NodeJS.Timeout | undefined;

  /** @param gatherMs changes within this time wake once, for conditions that cost something to look at; 0: each wakes */
  constructor(gatherMs = 0) {
    this.#gatherMs = gatherMs;
  }

  /** Says that something changed. */
  changed(): void {
    if (this.#gatherMs === 0 || this.#listeners.size === 0) {
      this.#wake();
      return;
    }
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      this.#wake();
    }, this.#gatherMs);
  }

  /**
   * Waits until a condition holds; it is looked at now and after changes.
   * @param condition what has to hold
   * @param timeoutMs how long at most, milliseconds
   * @param describe what to say about the state when the time is over
   * @throws Error when the time is over, or what the condition throws
   */
  async until(condition: () => boolean, timeoutMs: number, describe: () => string): Promise<void> {
    if (condition()) {
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        settle();
      };
      const look = (): void => {
        try {
          if (condition()) {
            end(resolve);
          }
        } catch (error) {
          end(() => {
            reject(error instanceof Error ? error : new Error(String(error)));
          });
        }
      };
      const timer = setTimeout(() => {
        end(() => {
          reject(new Error(`did not happen within ${timeoutMs} ms: ${describe()}`));
        });
      }, timeoutMs);
      this.#listeners.add(look);
    });
  }

  #wake(): void {
    for (const listener of [...this.#listeners]) {
      listener();
    }
  }
}

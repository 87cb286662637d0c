/** Slows down who guesses tokens: a caller that was refused often waits, and others don't. */

/** Refusals in a minute before a caller waits. A person who mistypes needs three or four. */
const MOST = 10;
const WINDOW_MS = 60_000;
/** Callers remembered at once; beyond it, the oldest are forgotten. */
const MOST_CALLERS = 10_000;

export class FailedLogins {
  readonly #failures = new Map<string, { count: number; readonly untilMs: number }>();

  /** @param now milliseconds since 1970 */
  constructor(private readonly now: () => number = Date.now) {}

  /** True while a caller has to wait. @param caller its address */
  mustWait(caller: string): boolean {
    const failures = this.#failures.get(caller);
    if (failures === undefined) return false;
    if (failures.untilMs > this.now()) return failures.count >= MOST;
    this.#failures.delete(caller);
    return false;
  }

  /** Counts a refusal. */
  add(caller: string): void {
    const failures = this.#failures.get(caller);
    if (failures !== undefined && failures.untilMs > this.now()) {
      failures.count += 1;
      return;
    }
    this.#failures.delete(caller);
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size < MOST_CALLERS) break;
      this.#failures.delete(oldest);
    }
    this.#failures.set(caller, { count: 1, untilMs: this.now() + WINDOW_MS });
  }
}

/**
 * Which refusals are written to the audit: of each caller one a minute, with the number of those before it. Somebody who
 * tries tokens by the million must not fill an audit from which nothing can be taken out.
 */

const WINDOW_MS = 60_000;
/** Callers told apart in a minute; beyond it, they are counted as one. */
const MOST_CALLERS = 100;
/** A number that nobody comes back for is forgotten, or a hundred addresses would take all places for good. */
const KEPT_MS = 60 * 60_000;
const OTHERS = 'others';

interface Window {
  readonly untilMs: number;
  /** Refused since the last event about this caller. */
  more: number;
}

export class RefusalWindows {
  readonly #windows = new Map<string, Window>();

  /** @param now milliseconds since 1970 */
  constructor(private readonly now: () => number = Date.now) {}

  /** @returns how many were only counted since the last event; undefined: this one is only counted as well */
  count(caller: string): number | undefined {
    const now = this.now();
    for (const [key, { untilMs, more }] of this.#windows) {
      if (untilMs <= now && (more === 0 || untilMs + KEPT_MS <= now)) this.#windows.delete(key);
    }
    const known = this.#windows.has(caller) || this.#windows.size < MOST_CALLERS ? caller : OTHERS;
    const window = this.#windows.get(known);
    if (window !== undefined && window.untilMs > now) {
      window.more += 1;
      return undefined;
    }
    this.#windows.set(known, { untilMs: now + WINDOW_MS, more: 0 });
    return window?.more ?? 0;
  }
}

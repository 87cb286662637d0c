/**
 * The offset of a local time without offset, in an IANA time zone.
 *
 * When clocks go back, an hour occurs twice; when they go forward, one does not occur. In both cases the
 * offset in force before the change is taken: the first of the two, and a skipped time counted on from
 * before the change. RFC 5545 §3.3.5 has the same rule.
 */

export type ClockChange = 'repeated' | 'skipped';

export interface ResolvedOffset {
  /** Minutes east of UTC. */
  readonly minutes: number;
  /** Set when the local time occurs twice or never in this zone. */
  readonly change: ClockChange | undefined;
}

const MINUTE = 60_000;
const LONG_OFFSET = /GMT([+-])(\d\d):(\d\d)/;
const DAY = 24 * 60 * MINUTE;

/** A time zone with a cache of whole days, since bundles hold thousands of times of few days. */
export class TimeZone {
  readonly name: string;
  #format: Intl.DateTimeFormat | undefined;
  readonly #days = new Map<number, { before: number; after: number }>();

  /** @param name IANA name, as in `Europe/Berlin` */
  constructor(name: string) {
    this.name = name;
  }

  /** @param localMs the local clock reading, in milliseconds, as if it were UTC */
  resolve(localMs: number): ResolvedOffset {
    const { before, after } = this.#around(localMs);
    if (before === after) return { minutes: before, change: undefined };
    const isBefore = this.#offsetAt(localMs - before * MINUTE) === before;
    const isAfter = this.#offsetAt(localMs - after * MINUTE) === after;
    if (isBefore && isAfter) return { minutes: before, change: 'repeated' };
    if (isBefore) return { minutes: before, change: undefined };
    if (isAfter) return { minutes: after, change: undefined };
    return { minutes: before, change: 'skipped' };
  }

  /** Minutes east of UTC at an instant, in epoch milliseconds. */
  offsetOf(instantMs: number): number {
    const { before, after } = this.#around(instantMs);
    return before === after ? before : this.#offsetAt(instantMs);
  }

  /** Offsets a day before and a day after the local day: when they are the same, no clock changed in between. */
  #around(localMs: number): { before: number; after: number } {
    const day = Math.floor(localMs / DAY);
    let known = this.#days.get(day);
    if (known === undefined) {
      known = { before: this.#offsetAt((day - 1) * DAY), after: this.#offsetAt((day + 2) * DAY) };
      this.#days.set(day, known);
    }
    return known;
  }

  #offsetAt(instantMs: number): number {
    // Made when it is needed: that takes as long as 20 readings take in all, and most files give all offsets.
    this.#format ??= new Intl.DateTimeFormat('en-US', { timeZone: this.name, timeZoneName: 'longOffset' });
    // `3/1/2024, GMT+01:00`
    const offset = LONG_OFFSET.exec(this.#format.format(instantMs));
    if (offset === null) return 0;
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    return offset[1] === '-' ? -minutes : minutes;
  }
}

/**
 * Times as devices write them: with an offset, in UTC, or as the bare reading of a clock. The same file says which
 * instant such a text means, so that what an EMR received can be compared with what happened; it shares no code with
 * Ductus, which has to find that out by itself.
 */

/** `offset`: `…T08:00:00+02:00`; `utc`: `…T06:00:00Z`; `bare`: `…T08:00:00`, as clocks without a time zone say it. */
export type TimeStyle = 'offset' | 'utc' | 'bare';

/**
 * A night in which the clocks of the European Union change, at 01:00 UTC (Directive 2000/84/EC). In autumn 02:00 to 03:00
 * in Berlin (01:00 to 02:00 on the Canary Islands) comes twice; in spring it does not come.
 */
export const CLOCK_CHANGES = { autumn: '2026-10-25T01:00:00Z', spring: '2026-03-29T01:00:00Z' } as const;

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const FHIR_TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?$/;

/** The clocks of one time zone. */
export class ZoneClock {
  readonly #format: Intl.DateTimeFormat;

  /** @param zone IANA name */
  constructor(zone: string) {
    this.#format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      calendar: 'iso8601',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    });
  }

  /** Minutes by which the clocks are ahead of UTC at an instant. */
  offsetMinutes(epochMs: number): number {
    const parts = Object.fromEntries(
      this.#format.formatToParts(epochMs).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
    return Math.round((Date.UTC(year, month - 1, day, hour, minute, second) - epochMs) / MINUTE);
  }

  /**
   * What a device writes at an instant.
   * @param setAtMs when its clock was last set; one without a time zone does not follow a change after that
   */
  write(epochMs: number, style: TimeStyle, setAtMs = epochMs): string {
    if (style === 'utc') return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
    const minutes = this.offsetMinutes(style === 'bare' ? setAtMs : epochMs);
    const local = new Date(epochMs + minutes * MINUTE).toISOString().slice(0, 19);
    return style === 'bare' ? local : local + offsetText(minutes);
  }

  /**
   * The instant that a FHIR dateTime with a clock time means; undefined when it is none. Without an offset it is read by
   * the clocks of this zone: of an hour that comes twice the first, and one that does not come as if no clock had changed.
   */
  read(text: string): number | undefined {
    const parts = FHIR_TIME.exec(text);
    if (parts === null) return undefined;
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map(Number);
    const local = Date.UTC(year, month - 1, day, hour, minute, second);
    const offset = parts[7];
    if (offset === 'Z') return local;
    if (offset !== undefined) {
      const size = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4));
      return local - (offset.startsWith('-') ? -size : size) * MINUTE;
    }
    // The zone's offsets around that day, the earlier first; the first that the clocks agree with.
    const around = [this.offsetMinutes(local - DAY), this.offsetMinutes(local + DAY)];
    const fitting = around.find((minutes) => this.offsetMinutes(local - minutes * MINUTE) === minutes);
    return local - (fitting ?? around[0] ?? 0) * MINUTE;
  }
}

function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  const [hours, rest] = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, '0'));
  return `${minutes < 0 ? '-' : '+'}${hours ?? ''}:${rest ?? ''}`;
}

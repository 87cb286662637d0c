/** FHIR dates and times (STU3 and R4 `date`, `dateTime`, `instant`) as HL7 DT and TS (v2.5.1 chapter 2A). */
import type { ClockChange, TimeZone } from './time-zone';

/** A FHIR time that was found to be a real one. The digits stay text: they go to HL7 as they are. */
export interface FhirTime {
  /** `YYYY[MM[DD[HHMM[SS[.S[S[S[S]]]]]]]]`; HL7 has at most four digits after the point, more are cut off. */
  readonly digits: string;
  /** The clock reading in milliseconds, as if it were UTC. */
  readonly localMs: number;
  /** Minutes east of UTC; undefined when the text has none. */
  readonly offsetMinutes: number | undefined;
  /** The offset as it goes to HL7 (`-0000` stays different from `+0000`). */
  readonly offsetText: string;
  readonly hasClock: boolean;
}

/** An HL7 time and the instant it means. */
export interface Hl7Time {
  readonly text: string;
  readonly instantMs: number;
  /** Set when the time came without offset and occurs twice or never in the zone. */
  readonly change: ClockChange | undefined;
}

const FHIR_TIME = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

/** @returns undefined when the text is not a FHIR time, or there is no such day, time or offset */
export function parseFhirTime(text: string): FhirTime | undefined {
  const parts = FHIR_TIME.exec(text);
  if (parts === null) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction, zone] = parts;
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number);
  if (y === undefined || mo === undefined || d === undefined) return undefined;
  if (month !== '' && (mo < 1 || mo > 12)) return undefined;
  if (day !== '' && (d < 1 || d > daysInMonth(y, mo))) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const offsetMinutes = zone === undefined ? undefined : parseOffset(zone);
  if (zone !== undefined && offsetMinutes === undefined) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(y, month === '' ? 0 : mo - 1, day === '' ? 1 : d);
  const milliseconds = Number((fraction ?? '').slice(0, 3).padEnd(3, '0'));
  return {
    digits: year + month + day + hour + minute + second + (fraction === undefined ? '' : `.${fraction.slice(0, 4)}`),
    localMs: date.setUTCHours(h ?? 0, mi ?? 0, s ?? 0, milliseconds),
    offsetMinutes,
    offsetText: zone === 'Z' ? '+0000' : (zone ?? '').replace(':', ''),
    hasClock: hour !== '',
  };
}

const HL7_TIME = /^(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d+))?)?)?)?)?)?([+-]\d\d(?:\d\d)?)?$/;

/**
 * A time as HL7 v2 and V3 write it (TS: `YYYY[MM[DD[HH[MM[SS[.S…]]]]]][+/-ZZZZ]`). An hour alone is read as its first
 * minute, since the other forms have no hours without minutes; an offset without a clock time says nothing.
 * @returns undefined when the text is not such a time, or there is no such day, time or offset
 */
export function parseHl7Time(text: string): FhirTime | undefined {
  const parts = HL7_TIME.exec(text);
  if (parts === null) return undefined;
  const [, year = '', month, day, hour, minute = '00', second, fraction, zone] = parts;
  const date = [year, month, day].filter((part) => part !== undefined).join('-');
  if (hour === undefined) return parseFhirTime(date);
  const clock = `${hour}:${minute}${second === undefined ? '' : `:${second}`}${fraction === undefined ? '' : `.${fraction}`}`;
  const offset = zone === undefined ? '' : `${zone.slice(0, 3)}:${zone.slice(3).padEnd(2, '0')}`;
  return parseFhirTime(`${date}T${clock}${offset}`);
}

/**
 * The HL7 form. A given offset is kept; a clock time without one gets the offset of the zone; a day,
 * month or year gets none, since HL7 gives it no meaning there.
 */
export function toHl7Time(time: FhirTime, zone: TimeZone): Hl7Time {
  if (time.offsetMinutes !== undefined) {
    const instantMs = time.localMs - time.offsetMinutes * 60_000;
    return { text: time.digits + time.offsetText, instantMs, change: undefined };
  }
  const { minutes, change } = zone.resolve(time.localMs);
  const instantMs = time.localMs - minutes * 60_000;
  return time.hasClock
    ? { text: time.digits + offsetText(minutes), instantMs, change }
    : { text: time.digits, instantMs, change: undefined };
}

/** An instant in UTC, to the second: `20240301090000+0000`. */
export function utcTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19).replace(/[-:T]/g, '')}+0000`;
}

/** `date` to HL7 DT; undefined when it is not a real date. */
export function toHl7Date(text: string): string | undefined {
  const time = parseFhirTime(text);
  return time === undefined ? undefined : time.digits.slice(0, 8);
}

/** FHIR offsets go to ±14:00 (STU3 datatypes, pattern of `dateTime`). */
function parseOffset(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  if (minutes > 14 * 60 || Number(zone.slice(4, 6)) > 59) return undefined;
  return zone.startsWith('-') ? -minutes : minutes;
}

function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  const text = String(Math.floor(size / 60) * 100 + (size % 60)).padStart(4, '0');
  return (minutes < 0 ? '-' : '+') + text;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

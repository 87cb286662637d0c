/** What Observations and MedicationAdministrations have in common: when it was, and what was noted beside it. */
import type { Elements } from '../model/reading';
import type { FhirTime } from '../model/time';
import { readFhirTime } from './fhir-time';
import type { Event } from './shapes';

export interface EventTime {
  readonly start: FhirTime;
  readonly end: FhirTime | undefined;
  /** True when the end is none that is a time: named as unread. */
  readonly isEndLost?: boolean;
}

/** Where the time of an event stands. */
export type TimeElement = 'effectiveDateTime' | 'effectiveInstant' | 'effectivePeriod' | 'effectivePeriod.end';

/**
 * When it was. A period with an end and no start has its end for a time.
 * @returns undefined when there is none, or none that is a time: an end does not stand in for a start that cannot be read
 */
export function readTime(event: Event, instant: string | undefined): EventTime | undefined {
  const period = event.effectivePeriod;
  const from = event.effectiveDateTime ?? instant ?? period?.start;
  const first = from ?? period?.end;
  const second = from === undefined ? undefined : period?.end;
  if (first === undefined) return undefined;
  const start = readFhirTime(first);
  if (start === undefined) return undefined;
  const end = second === undefined ? undefined : readFhirTime(second);
  return second !== undefined && end === undefined ? { start, end, isEndLost: true } : { start, end };
}

export function timeElement(event: Event, instant: string | undefined): TimeElement {
  if (event.effectiveDateTime !== undefined) return 'effectiveDateTime';
  if (instant !== undefined) return 'effectiveInstant';
  return event.effectivePeriod?.start === undefined && event.effectivePeriod?.end !== undefined
    ? 'effectivePeriod.end'
    : 'effectivePeriod';
}

/** The elements of a time, by where it stands. */
export const TIME_ELEMENTS: Readonly<Record<TimeElement, Pick<Elements, 'start' | 'end'>>> = {
  effectiveDateTime: { start: 'effectiveDateTime' },
  effectiveInstant: { start: 'effectiveInstant' },
  effectivePeriod: { start: 'effectivePeriod.start', end: 'effectivePeriod.end' },
  'effectivePeriod.end': { start: 'effectivePeriod.end' },
};

const NO_COMMENTS: readonly string[] = [];

/** STU3's comment of an Observation first, then the notes. */
export function readComments({ note }: Event, comment: string | undefined): readonly string[] {
  if (note === undefined && comment === undefined) return NO_COMMENTS;
  const texts = [comment, ...(note ?? []).map(({ text }) => text)];
  return texts.filter((text): text is string => text !== undefined && text !== '');
}

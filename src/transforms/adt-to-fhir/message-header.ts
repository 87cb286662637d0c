/** MSH and EVN: what is sent, and when it happened. AR for what is not taken, AE for what is wrong. */
import { isPlainText } from '../../domain/plain-text';
import { ADT_EVENTS, type AdtEvent } from '../../domain/patient-sync';
import type { Hl7Message } from '../../protocols/hl7-v2/message';
import type { Hl7ErrorCode, Hl7Location, Hl7Problem, PatientSyncSettings } from './contract';
import { malformed, missing } from './problems';
import { orderInstantOf, readTime } from './times';
import type { FhirTime } from '../model/time';

/** Versions whose ADT is read; the fields that count are the same in all. */
const VERSIONS: ReadonlySet<string> = new Set([
  '2.1',
  '2.2',
  '2.3',
  '2.3.1',
  '2.4',
  '2.5',
  '2.5.1',
  '2.6',
  '2.7',
  '2.7.1',
  '2.8',
  '2.8.1',
  '2.8.2',
]);

/** MSH-10 has 20 characters until v2.6, 199 since v2.7. */
const MAX_CONTROL_ID_LENGTH = 199;
/** Table 0103; many old systems leave MSH-11 empty, and mean this. */
const PRODUCTION = 'P';

export interface HeaderFacts {
  readonly event: AdtEvent;
  readonly controlId: string;
  readonly processingId: string;
  readonly version: string;
  readonly eventAtMs: number | undefined;
}

export type HeaderReading =
  { readonly ok: true; readonly facts: HeaderFacts } | { readonly ok: false; readonly problem: Hl7Problem };

/** Reads what a message is. MSH-9.3 and EVN-1 are often wrong and decide nothing (SPECS §6.1). */
export function readMessageHeader(message: Hl7Message, settings: PatientSyncSettings): HeaderReading {
  const { header } = message;
  const code = header.value(9, 1).trim();
  if (code === '') return refused(missing(msh(9, 1), 'MSH-9.1 (message type) is missing'));
  if (code !== 'ADT') return refused(unsupported('200', msh(9, 1), 'MSH-9.1: only ADT messages are taken'));

  // In v2.1 the event stands in EVN-1 alone.
  const evn = message.first('EVN');
  const named = header.value(9, 2).trim() || (evn?.value(1).trim() ?? '');
  if (named === '') return refused(missing(msh(9, 2), 'MSH-9.2 (trigger event) is missing'));
  const event = ADT_EVENTS.find((one) => one === named);
  if (event === undefined || !settings.events.has(event)) {
    return refused(unsupported('201', msh(9, 2), 'MSH-9.2: this trigger event is not one that is taken'));
  }

  const processingId = header.value(11).trim() || PRODUCTION;
  if (!settings.processingIds.has(processingId)) {
    return refused(unsupported('202', msh(11, 1), 'MSH-11: messages of this processing id are not taken'));
  }

  const version = header.value(12).trim();
  if (version === '') return refused(missing(msh(12, 1), 'MSH-12 (version) is missing'));
  if (!VERSIONS.has(version)) {
    return refused(unsupported('203', msh(12, 1), 'MSH-12: versions 2.1 to 2.8.2 are taken'));
  }

  const controlId = header.value(10).trim();
  if (controlId === '') return refused(missing(msh(10), 'MSH-10 (message control id) is missing'));
  if (controlId.length > MAX_CONTROL_ID_LENGTH || !isPlainText(controlId)) {
    return refused(
      malformed(msh(10), `MSH-10 has control characters, or more than ${MAX_CONTROL_ID_LENGTH} characters`),
    );
  }

  const sentAt = header.value(7).trim();
  const sent = readTime(sentAt);
  if (sentAt !== '' && sent === undefined) return refused(malformed(msh(7), NO_TIME('MSH-7')));
  const recordedAt = evn?.value(2).trim() ?? '';
  const recorded = readTime(recordedAt);
  if (recordedAt !== '' && recorded === undefined) {
    return refused(malformed({ segment: 'EVN', sequence: 1, field: 2 }, NO_TIME('EVN-2')));
  }
  const at = eventTime(recorded, sent);
  const eventAtMs = at === undefined ? undefined : latestOf(at, settings);
  return { ok: true, facts: { event, controlId, processingId, version, eventAtMs } };
}

const NO_TIME = (field: string) => `${field} is no time of the calendar in the form YYYYMMDD[HHMM[SS]][+/-ZZZZ]`;

/** A day alone orders nothing: then MSH-7 counts, when it has a time of day. */
function eventTime(recorded: FhirTime | undefined, sent: FhirTime | undefined): FhirTime | undefined {
  if (recorded?.hasClock === true) return recorded;
  return sent?.hasClock === true ? sent : (recorded ?? sent);
}

/** Of a day alone its end: at its beginning, all of that day by another connection would be newer. The door believes no future. */
function latestOf(time: FhirTime, { timeZone }: PatientSyncSettings): number {
  return orderInstantOf(time, timeZone) + (time.hasClock ? 0 : DAY_MS - 1);
}

const DAY_MS = 86_400_000;

function msh(field: number, component?: number): Hl7Location {
  return { segment: 'MSH', sequence: 1, field, ...(component === undefined ? {} : { component }) };
}

function unsupported(errorCode: Hl7ErrorCode, location: Hl7Location, text: string): Hl7Problem {
  return { answer: 'AR', errorCode, location, text };
}

function refused(problem: Hl7Problem): HeaderReading {
  return { ok: false, problem };
}

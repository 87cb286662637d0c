/**
 * One HL7 message from bytes to verdict: read as the mapping reads it, so that the answer names the field, and answered
 * AA only when Temporal has the work. Never throws.
 */
import { createHash } from 'node:crypto';
import { DuctusError, type ErrorCode } from '../../domain/errors';
import { isAcknowledgment, type Refused, type Verdict } from '../../protocols/hl7-v2/acknowledgment';
import type { Hl7Control } from '../../protocols/hl7-v2/control';
import { CHARACTER_SETS, decodeHl7, type CharacterSet } from '../../protocols/hl7-v2/encoding';
import { readHeader } from '../../protocols/hl7-v2/header';
import { readAdt, type Hl7Refusal } from '../../transforms/adt-to-fhir';
import type { Arrival, HisOrganization, PatientSyncDoor } from './door';
import { takeChange, takenBefore, type Taken } from './take-change';

export interface Received {
  /** As the bytes have it; undefined: they begin with no MSH. */
  readonly control: Hl7Control | undefined;
  /** Undefined: an acknowledgment came, which is never answered. */
  readonly verdict: Verdict | undefined;
  /** For HTTP and the log; undefined: taken. */
  readonly code: ErrorCode | undefined;
}

/** @param fallback character set of messages without MSH-18 */
export async function receiveHl7(
  door: PatientSyncDoor,
  his: HisOrganization,
  arrival: Arrival,
  bytes: Uint8Array,
  fallback: CharacterSet,
): Promise<Received> {
  const control = readHeader(bytes);
  try {
    if (control === undefined) return invalid(control, '100', { segment: 'MSH', sequence: 1 }, NOT_HL7);
    if (isAcknowledgment(control)) return { control, verdict: undefined, code: undefined };
    return await take(door, his, arrival, control, bytes, fallback);
  } catch (error) {
    return failed(door, his, arrival, control, error);
  }
}

/** A frame that is too large: only its beginning is known. */
export function receiveTooLarge(begun: Uint8Array, maxBytes: number): Received {
  const text = `The message has more than ${maxBytes} bytes, the most that is taken; nothing of it was`;
  return {
    control: readHeader(begun),
    // Not 207: to send it again does not help.
    verdict: { answer: 'AR', refused: { errorCode: '102', text } },
    code: 'DUCTUS_BODY_TOO_LARGE',
  };
}

const NOT_HL7 = 'This is no HL7 v2 message in ER7: it does not begin with MSH and a field separator';
const SEVERAL = 'More than one MSH in one frame: send each message in a frame of its own';
const TRY_AGAIN = 'The message could not be stored; nothing of it was taken. Try again with the same MSH-10';
const REUSED = 'MSH-10 was used for another message before; nothing of this one was taken. Send it under a new MSH-10';
const TOO_MUCH = 'The segments about the patient are longer than can be taken; nothing of the message was';

async function take(
  door: PatientSyncDoor,
  his: HisOrganization,
  arrival: Arrival,
  control: Hl7Control,
  bytes: Uint8Array,
  fallback: CharacterSet,
): Promise<Received> {
  const digest = createHash('sha256').update(bytes).digest('hex');
  const decoded = decodeHl7(bytes, control.characterSet, fallback);
  if (!decoded.ok) {
    const unknown = decoded.problem === 'unknown';
    const text = unknown
      ? `MSH-18 names a character set that is not decoded; use one of ${CHARACTER_SETS.join(', ')}`
      : `The message has bytes that the character set ${decoded.characterSet ?? ''} does not have; compare MSH-18 with what is sent`;
    return invalid(control, unknown ? '103' : '102', { segment: 'MSH', sequence: 1, field: 18 }, text);
  }
  const { text } = decoded;
  const forbidden = FRAMING.exec(text);
  if (forbidden !== null) {
    return invalid(
      control,
      '102',
      placeOf(text, forbidden.index),
      'A byte that MLLP uses for framing, or NUL, stands in the message; write it as \\X..\\',
    );
  }
  if ((text.includes('\r') ? SECOND_HEADER : SECOND_HEADER_OF_LINES).test(text))
    return invalid(control, '100', { segment: 'MSH', sequence: 2 }, SEVERAL);
  // Before anything is read: a repeat costs nothing.
  const controlId = controlIdOf(control, text);
  const known = controlId === '' ? undefined : takenBefore(door, his, arrival, { controlId, digest });
  if (known !== undefined) return outcome(control, known);
  const reading = readAdt(text, his.settings);
  if (!reading.ok) return refusedBy(control, reading.refusal);
  return outcome(
    control,
    await takeChange(door, his, arrival, { controlId: reading.change.controlId, digest }, reading.change),
  );
}

const FRAMING = /[\u0000\u000b\u001c]/;
/** As segments are split: by CR where there is any, else by LF. */
const SECOND_HEADER = /\r\n*MSH[^A-Za-z0-9\r\n]/;
const SECOND_HEADER_OF_LINES = /\nMSH[^A-Za-z0-9\r\n]/;

/** MSH-10 in characters; the header has it in bytes. */
function controlIdOf(control: Hl7Control, text: string): string {
  if (/^[\u0020-\u007e]*$/.test(control.controlId)) return control.controlId;
  return (
    text
      .trimStart()
      .split(/[\r\n]/, 1)[0]
      ?.split(control.delimiters.charAt(0))[9] ?? ''
  );
}

function outcome(control: Hl7Control, taken: Taken): Received {
  if (taken !== 'conflict') return { control, verdict: { answer: 'AA' }, code: undefined };
  return {
    control,
    verdict: {
      answer: 'AE',
      refused: { errorCode: '205', location: { segment: 'MSH', sequence: 1, field: 10 }, text: REUSED },
    },
    code: 'DUCTUS_CONTROL_ID_REUSED',
  };
}

function refusedBy(control: Hl7Control, { answer, errorCode, location, text }: Hl7Refusal): Received {
  return {
    control,
    verdict: { answer, refused: { errorCode, text, ...(location === undefined ? {} : { location }) } },
    code: answer === 'AE' ? 'DUCTUS_HL7_INVALID' : 'DUCTUS_HL7_UNSUPPORTED',
  };
}

function invalid(
  control: Hl7Control | undefined,
  errorCode: Refused['errorCode'],
  location: NonNullable<Refused['location']>,
  text: string,
): Received {
  return { control, verdict: { answer: 'AE', refused: { errorCode, location, text } }, code: 'DUCTUS_HL7_INVALID' };
}

/** AR with 207 (SPECS §6.3): for reasons that are not in the message, which may well be taken later. */
function failed(
  { logger }: PatientSyncDoor,
  { organization }: HisOrganization,
  { source, connection, sequence }: Arrival,
  control: Hl7Control | undefined,
  error: unknown,
): Received {
  if (isTooMuch(error)) {
    return {
      control,
      verdict: { answer: 'AE', refused: { errorCode: '102', text: TOO_MUCH } },
      code: 'DUCTUS_HL7_INVALID',
    };
  }
  const code = error instanceof DuctusError ? error.code : 'DUCTUS_INTERNAL';
  logger.error({ code, organization, source, connection, sequence, err: error }, 'a message of the HIS was not stored');
  return { control, verdict: { answer: 'AR', refused: { errorCode: '207', text: TRY_AGAIN } }, code };
}

/** The payload codec's own guard; what calls Temporal may have wrapped it. */
export function isTooMuch(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof DuctusError && each.code === 'DUCTUS_PAYLOAD_TOO_LARGE') return true;
  }
  return false;
}

/** Segment, its number and field at a place of the text. */
function placeOf(text: string, at: number): NonNullable<Refused['location']> {
  const before = text.slice(0, at).split(/[\r\n]+/);
  const line = before.at(-1) ?? '';
  const start = at - line.length;
  const name = text.slice(start, start + 3);
  if (!/^[A-Z][A-Z0-9]{2}$/.test(name)) return { segment: 'MSH', sequence: 1 };
  const sequence = before.slice(0, -1).filter((segment) => segment.startsWith(name)).length + 1;
  const separator = text.trimStart().charAt(3);
  const field = line.split(separator).length - 1 + (name === 'MSH' ? 1 : 0);
  return { segment: name, sequence, ...(field < 1 ? {} : { field }) };
}

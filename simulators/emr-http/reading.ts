/** Reads a message that came by HTTP, in either format, as far as the EMR has to look at it. */
import { findDefect } from '../emr/hl7-check';
import { component, readHl7, segment } from '../emr/hl7-reading';
import type { Hl7Defect } from '../emr/hl7-check';
import type { Hl7Reading } from '../emr/hl7-reading';

export interface Message {
  readonly format: 'hl7' | 'json';
  readonly bytes: Buffer;
  /** MSH-10, or the header `Idempotency-Key`. */
  readonly controlId: string;
  /** As `ORU^R01`; `JSON`. */
  readonly messageType: string;
  /** Of HL7 that can be read. */
  readonly reading: Hl7Reading | undefined;
}

/** @param key header `Idempotency-Key` */
export function readMessage(bytes: Buffer, format: 'hl7' | 'json', key: string): Message {
  if (format === 'json') {
    return { format, bytes, controlId: key, messageType: 'JSON', reading: undefined };
  }
  const reading = readHl7(bytes);
  const header = reading === undefined ? undefined : segment(reading, 'MSH');
  const messageType = `${component(header, 9, 1)}^${component(header, 9, 2)}`;
  return { format, bytes, controlId: header?.[10] ?? '', messageType, reading };
}

/** Looks for the first defect. */
export function defectOf(message: Message, messageTypes: readonly string[]): Hl7Defect | undefined {
  if (message.format === 'hl7') {
    return message.reading === undefined
      ? { answer: 'AR', location: 'MSH^1', code: '100', text: 'the message does not begin with MSH' }
      : findDefect(message.reading, messageTypes);
  }
  if (message.controlId === '') {
    return { answer: 'AE', location: 'MSH^1^10', code: '101', text: 'the header Idempotency-Key is missing' };
  }
  return isObject(message.bytes)
    ? undefined
    : { answer: 'AE', location: 'MSH^1', code: '100', text: 'the body is not a JSON object' };
}

function isObject(bytes: Buffer): boolean {
  try {
    const parsed: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  } catch {
    return false;
  }
}

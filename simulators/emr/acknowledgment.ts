/** Writes the EMR's answers as HL7 v2.5.1 acknowledgments. */
import { component, segment } from './hl7-reading';
import type { EmrAnswer } from './answers';
import type { Hl7Reading } from './hl7-reading';

/**
 * An ACK: sender and receiver swapped, an own MSH-10, MSA-2 from the message, ERR with a refusal.
 * @param reading the message; undefined: it could not be read
 * @param code MSA-1
 * @param answer gives the ERR segment
 * @param acknowledgedId MSA-2
 * @param ownId MSH-10 of the ACK
 */
export function writeAcknowledgment(
  reading: Hl7Reading | undefined,
  code: 'AA' | 'AE' | 'AR' | 'CA' | 'CE',
  answer: EmrAnswer,
  acknowledgedId: string,
  ownId: string,
): Buffer {
  const header = reading === undefined ? undefined : segment(reading, 'MSH');
  const event = component(header, 9, 2);
  const fields = [
    'MSH',
    '^~\\&',
    header?.[5] ?? 'EMR',
    header?.[6] ?? '',
    header?.[3] ?? '',
    header?.[4] ?? '',
    timestamp(new Date()),
    '',
    event === '' ? 'ACK' : `ACK^${event}^ACK`,
    ownId,
    ['P', 'T', 'D'].includes(component(header, 11)) ? component(header, 11) : 'P',
    header?.[12] ?? '2.5.1',
  ];
  const segments = [fields.join('|'), `MSA|${code}|${acknowledgedId}`];
  if (answer.errorCode !== undefined) {
    const text = escape(answer.errorText ?? '');
    segments.push(`ERR||${answer.errorLocation ?? ''}|${answer.errorCode}^^HL70357|E||||${text}`);
  }
  return Buffer.from(`${segments.join('\r')}\r`, reading?.encoding === 'latin1' ? 'latin1' : 'utf8');
}

function timestamp(date: Date): string {
  return `${date.toISOString().replace(/\D/g, '').slice(0, 14)}+0000`;
}

function escape(text: string): string {
  return text.replace(/[|^&~\\]/g, (character) => `\\${NAMES[character] ?? ''}\\`);
}

const NAMES: Readonly<Record<string, string>> = { '|': 'F', '^': 'S', '&': 'T', '~': 'R', '\\': 'E' };

/**
 * The header of a message before its characters are known: what an answer needs, read from the bytes, whatever the rest of
 * the message is like.
 */
import type { Hl7Control } from './control';

/** Longest header that is looked at; the fields that an answer copies are short. */
const LONGEST_HEADER = 4096;
/** Longest field that an answer copies: MSH-3 to MSH-6 have at most 227 characters and MSH-10 20 or 199 (v2.5.1 and v2.7, chapter 2). */
const LONGEST_FIELD = 300;

const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';
const DEFAULT_ENCODING = '^~\\&';

/**
 * Reads MSH. Each character of the result stands for one byte (ISO 8859-1), so that an answer written back in the same way
 * has the sender's encoding without a conversion.
 * @returns undefined when the bytes do not begin as a message: MSH and a field separator
 */
export function readHeader(bytes: Uint8Array): Hl7Control | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, LONGEST_HEADER)).toString('latin1');
  const text = (start.startsWith(BYTE_ORDER_MARK) ? start.slice(BYTE_ORDER_MARK.length) : start).trimStart();
  const separator = text.charAt(3);
  if (!text.startsWith('MSH') || !isDelimiter(separator)) return undefined;
  const end = text.search(/[\r\n]/);
  const fields = text.slice(0, end === -1 ? text.length : end).split(separator);
  const encoding = encodingCharacters(fields[1] ?? '', separator);
  const field = (number: number): string => {
    const written = (fields[number - 1] ?? '').replace(/[\u0000-\u001f\u007f]/g, '');
    return written.length > LONGEST_FIELD ? '' : written;
  };
  const first = (number: number): string => {
    const [component, repetition] = [encoding.charAt(0), encoding.charAt(1)];
    return (repetition === '' ? field(number) : (field(number).split(repetition)[0] ?? '')).trim() + component;
  };
  const part = (number: number, component: number): string =>
    first(number).split(encoding.charAt(0))[component - 1] ?? '';
  return {
    delimiters: separator + encoding,
    sendingApplication: field(3),
    sendingFacility: field(4),
    receivingApplication: field(5),
    receivingFacility: field(6),
    messageCode: part(9, 1),
    triggerEvent: part(9, 2),
    controlId: field(10),
    processingId: field(11),
    version: part(12, 1),
    acceptAcknowledgment: part(15, 1),
    applicationAcknowledgment: part(16, 1),
    characterSet: first(18).slice(0, -1),
  };
}

/** MSH-2 as sent, when it can delimit anything; else the recommended one (v2.5.1 §2.15.9.2). */
function encodingCharacters(written: string, separator: string): string {
  const different = new Set(separator + written).size === written.length + 1;
  const usable = written.length >= 1 && written.length <= 5 && different && [...written].every(isDelimiter);
  return usable ? written : DEFAULT_ENCODING.replace(separator, '|');
}

/** No letters and digits; nor the signs of numbers and times, which every header holds. */
function isDelimiter(character: string): boolean {
  return /^[!-*,/:-@[-`{-~]$/.test(character);
}

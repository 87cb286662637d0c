/** Escape sequences (HL7 v2.5.1 §2.7), undone when a value is read. */
import { Buffer } from 'node:buffer';
import type { Delimiters } from './delimiters';
import { decodeHl7 } from './encoding';

const HEXADECIMAL = /^X(?:[0-9A-Fa-f]{2})+$/;
/** Line break, vertical space, centred line (FT commands, §2.7.6): each begins a line. */
const LINE_BREAK = /^\.(?:br|sp(?:[+-]?\d{1,3})?|ce)$/;
/** Other FT commands and highlighting: how text looks, not what it says. */
const APPEARANCE = /^(?:H|N|\.(?:in|ti)[+-]?\d{0,3}|\.sk[+-]?\d{0,3}|\.fi|\.nf)$/;
/**
 * The text that an escaped value stands for. A sequence that is not of the standard (a local one, or a backslash that
 * nobody escaped) stays as it is.
 * @param raw the value as it stands in the message
 * @param characterSet MSH-18, for the bytes in `\X..\`
 */
export function unescapeValue(raw: string, delimiters: Delimiters, characterSet: string): string {
  const { escape } = delimiters;
  if (escape === '' || !raw.includes(escape)) return raw;
  let text = '';
  let at = 0;
  for (;;) {
    const start = raw.indexOf(escape, at);
    if (start < 0) return text + raw.slice(at);
    const end = raw.indexOf(escape, start + 1);
    if (end < 0) return text + raw.slice(at);
    const meaning = meaningOf(raw.slice(start + 1, end), delimiters, characterSet);
    // What is no sequence may end where the next one begins: only its first character is text for certain.
    if (meaning === undefined) text += raw.slice(at, end);
    else text += raw.slice(at, start) + meaning;
    at = meaning === undefined ? end : end + 1;
  }
}

function meaningOf(name: string, delimiters: Delimiters, characterSet: string): string | undefined {
  switch (name) {
    case 'E':
      return delimiters.escape;
    case 'F':
      return delimiters.field;
    case 'S':
      return delimiters.component;
    case 'T':
      return delimiters.subcomponent;
    case 'R':
      return delimiters.repetition;
    case 'P':
      return '#';
    default:
      if (HEXADECIMAL.test(name)) return decoded(Buffer.from(name.slice(1), 'hex'), characterSet);
      if (LINE_BREAK.test(name)) return '\n';
      return APPEARANCE.test(name) ? '' : undefined;
  }
}

/** Bytes are in the character set of the message; many who name none, or UTF-8, write those of Latin-1 all the same. */
function decoded(bytes: Buffer, characterSet: string): string {
  const result = decodeHl7(bytes, characterSet, 'UNICODE UTF-8');
  return result.ok ? result.text : new TextDecoder('windows-1252').decode(bytes);
}

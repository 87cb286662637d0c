/**
 * Message text to bytes in the character set that MSH-18 names. What a character set cannot hold is an
 * error, never a question mark: a name or a comment must not change on its way.
 */
import type { CharacterSet } from '../model/profile';
import { DuctusError } from '../../domain/errors';

/** Where ISO 8859-15 differs from ISO 8859-1. */
const LATIN_9: Readonly<Record<string, number>> = {
  '€': 0xa4,
  Š: 0xa6,
  š: 0xa8,
  Ž: 0xb4,
  ž: 0xb8,
  Œ: 0xbc,
  œ: 0xbd,
  Ÿ: 0xbe,
};

/**
 * @param text segments separated by CR
 * @throws DuctusError DUCTUS_BUNDLE_INVALID that names the field and the code point
 */
export function encodeHl7(text: string, characterSet: CharacterSet): Uint8Array {
  switch (characterSet) {
    case 'UNICODE UTF-8': {
      const at = text.search(/\p{Surrogate}/u);
      if (at >= 0) throw notInSet(text, at, characterSet);
      return Buffer.from(text, 'utf8');
    }
    case '8859/1': {
      const at = text.search(/[^\u0000-\u00ff]/u);
      if (at >= 0) throw notInSet(text, at, characterSet);
      return Buffer.from(text, 'latin1');
    }
    case '8859/15': {
      const at = text.search(
        /[^\u0000-\u00a3\u00a5\u00a7\u00a9-\u00b3\u00b5-\u00b7\u00b9-\u00bb\u00bf-\u00ff€ŠšŽžŒœŸ]/u,
      );
      if (at >= 0) throw notInSet(text, at, characterSet);
      return Buffer.from(
        text.replace(/[€ŠšŽžŒœŸ]/g, (c) => String.fromCharCode(LATIN_9[c] ?? 0)),
        'latin1',
      );
    }
  }
}

function notInSet(text: string, at: number, characterSet: CharacterSet): DuctusError {
  const field = fieldAt(text, at);
  const codePoint = `U+${(text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  return new DuctusError(
    'DUCTUS_BUNDLE_INVALID',
    `${field} has the character ${codePoint}, which the character set ${characterSet} of the destination does not have. ` +
      'Set hl7.characterSet to UNICODE UTF-8 if the EMR can take it, or leave the resource out.',
    { details: { field, codePoint, characterSet } },
  );
}

/** Names the place of a character as `PID-5`, or `OBX[3]-5` for the third segment of its kind. */
function fieldAt(text: string, at: number): string {
  const segments = text.slice(0, at).split('\r');
  const last = segments.at(-1) ?? '';
  const name = text.slice(at - last.length, at - last.length + 3);
  // In MSH the first separator is itself a field.
  const field = last.split('|').length - 1 + (name === 'MSH' ? 1 : 0);
  const nth = segments.slice(0, -1).filter((segment) => segment.startsWith(name)).length + 1;
  return nth === 1 ? `${name}-${field}` : `${name}[${nth}]-${field}`;
}

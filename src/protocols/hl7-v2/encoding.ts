/**
 * Bytes of a message to text, by the character set that MSH-18 names. A byte that the set does not have is an error and
 * never a replacement character: a name must not change on its way.
 */

/** Encodings by the names of HL7 table 0211 that Ductus decodes. */
export const CHARACTER_SETS = ['UNICODE UTF-8', 'ASCII', '8859/1', '8859/2', '8859/15', 'WINDOWS-1252'] as const;
export type CharacterSet = (typeof CHARACTER_SETS)[number];

/** Names that senders write, without case, spaces and signs. `UNICODE` alone is UTF-8 wherever it was seen on a line of bytes. */
const BY_NAME: ReadonlyMap<string, CharacterSet> = new Map([
  ['UNICODEUTF8', 'UNICODE UTF-8'],
  ['UTF8', 'UNICODE UTF-8'],
  ['UNICODE', 'UNICODE UTF-8'],
  ['ASCII', 'ASCII'],
  ['USASCII', 'ASCII'],
  ['ISOIR6', 'ASCII'],
  ['88591', '8859/1'],
  ['ISO88591', '8859/1'],
  ['ISOIR100', '8859/1'],
  ['LATIN1', '8859/1'],
  ['88592', '8859/2'],
  ['ISO88592', '8859/2'],
  ['ISOIR101', '8859/2'],
  ['885915', '8859/15'],
  ['ISO885915', '8859/15'],
  ['WINDOWS1252', 'WINDOWS-1252'],
  ['CP1252', 'WINDOWS-1252'],
]);

/**
 * Labels of the Encoding standard. Under `iso-8859-1` it reads windows-1252, as every browser does: the bytes 0x80 to 0x9F
 * have no character in ISO 8859-1, and who sends them means that (https://encoding.spec.whatwg.org/#names-and-labels).
 */
const LABELS: Readonly<Record<CharacterSet, string>> = {
  'UNICODE UTF-8': 'utf-8',
  ASCII: 'utf-8',
  '8859/1': 'windows-1252',
  '8859/2': 'iso-8859-2',
  '8859/15': 'iso-8859-15',
  'WINDOWS-1252': 'windows-1252',
};

export type Decoded =
  | { readonly ok: true; readonly text: string; readonly characterSet: CharacterSet }
  /** `unknown`: MSH-18 names no set that is decoded; `bytes`: the message has bytes that the set does not have. */
  | { readonly ok: false; readonly problem: 'unknown' | 'bytes'; readonly characterSet: CharacterSet | undefined };

/** The set that a name of MSH-18 stands for. */
export function characterSetOf(name: string): CharacterSet | undefined {
  return BY_NAME.get(name.toUpperCase().replace(/[^A-Z0-9]/g, ''));
}

/**
 * Decodes a message.
 * @param name MSH-18, first repetition; empty: `fallback` counts
 */
export function decodeHl7(bytes: Uint8Array, name: string, fallback: CharacterSet): Decoded {
  const characterSet = name.trim() === '' ? fallback : characterSetOf(name);
  if (characterSet === undefined) return { ok: false, problem: 'unknown', characterSet };
  const text = decode(bytes, characterSet);
  return text === undefined ? { ok: false, problem: 'bytes', characterSet } : { ok: true, text, characterSet };
}

function decode(bytes: Uint8Array, characterSet: CharacterSet): string | undefined {
  let text: string;
  try {
    text = new TextDecoder(LABELS[characterSet], { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
  if (characterSet === 'UNICODE UTF-8') return text;
  if (characterSet === 'ASCII') return /[^\u0000-\u007f]/.test(text) ? undefined : text;
  // The bytes that a single-byte set leaves free come out as control characters.
  return /[\u0080-\u009f]/.test(text) ? undefined : text;
}

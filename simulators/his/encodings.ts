/** Text to bytes in the encodings that HIS systems use. Node only decodes them; the way back is read from its decoders. */

/** MSH-18 (table 0211) and the label of the Encoding standard. */
const LABELS = {
  'UNICODE UTF-8': 'utf-8',
  '8859/1': 'iso-8859-1',
  '8859/2': 'iso-8859-2',
  '8859/15': 'iso-8859-15',
} as const;
export type HisEncoding = keyof typeof LABELS;

const TABLES: ReadonlyMap<HisEncoding, ReadonlyMap<string, number>> = new Map(
  (['8859/1', '8859/2', '8859/15'] as const).map((encoding) => [encoding, tableOf(LABELS[encoding])]),
);

/** @throws Error for a character that the encoding does not have */
export function encode(text: string, encoding: HisEncoding): Buffer {
  const table = TABLES.get(encoding);
  if (table === undefined) {
    return Buffer.from(text, 'utf8');
  }
  return Buffer.from(
    [...text].map((character) => {
      const byte = table.get(character);
      if (byte === undefined) {
        throw new Error(`${encoding} has no ${character}`);
      }
      return byte;
    }),
  );
}

function tableOf(label: string): ReadonlyMap<string, number> {
  const decoder = new TextDecoder(label);
  return new Map(Array.from({ length: 256 }, (_, byte) => [decoder.decode(Buffer.of(byte)), byte]));
}

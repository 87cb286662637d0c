/**
 * The bytes of an XML file as text: the encoding is found by byte order mark, by the first characters, or by the XML
 * declaration (XML 1.0, appendix F). One that contradicts its bytes is refused, as XML 1.0 §4.3.3 wants: guessing would
 * put wrong letters into a name.
 */
import { invalid } from './invalid';

const DECLARATION = /^<\?xml\s+version\s*=\s*["'][^"'<>]*["']\s+encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']/;
/** A declaration is the first thing in a file and about 60 characters long. */
const DECLARATION_BYTES = 512;

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'iso-8859-1';

/** Names of the encodings in a declaration, and the family that the bytes must then be of. */
const DECLARED: ReadonlyMap<string, 'utf-8' | 'utf-16' | 'iso-8859-1'> = new Map([
  ['utf-8', 'utf-8'],
  ['utf8', 'utf-8'],
  ['us-ascii', 'utf-8'],
  ['ascii', 'utf-8'],
  ['utf-16', 'utf-16'],
  ['utf-16le', 'utf-16'],
  ['utf-16be', 'utf-16'],
  ['iso-8859-1', 'iso-8859-1'],
  ['latin1', 'iso-8859-1'],
]);

/** @throws DuctusError DUCTUS_REPORT_INVALID when the bytes are not text in an encoding that is supported */
export function decodeXml(bytes: Uint8Array): string {
  const byBytes = encodingByBytes(bytes);
  const start = decode(bytes.subarray(0, DECLARATION_BYTES), byBytes ?? 'iso-8859-1', false);
  const name = DECLARATION.exec(start)?.[1]?.toLowerCase();
  if (name === undefined) return decode(bytes, byBytes ?? 'utf-8', true);
  const declared = DECLARED.get(name);
  if (declared === undefined) {
    throw invalid('ClinicalDocument', 'has an encoding other than UTF-8, UTF-16 and ISO-8859-1');
  }
  const isOther = byBytes === undefined ? declared === 'utf-16' : !byBytes.startsWith(declared);
  if (isOther) throw invalid('ClinicalDocument', 'declares an encoding that its bytes are not in');
  return decode(bytes, byBytes ?? (declared === 'iso-8859-1' ? 'iso-8859-1' : 'utf-8'), true);
}

/** By byte order mark, or by how `<?` looks in UTF-16. */
function encodingByBytes([a, b, c, d]: Uint8Array): Encoding | undefined {
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if ((a === 0xff && b === 0xfe) || (a === 0x3c && b === 0 && c === 0x3f && d === 0)) return 'utf-16le';
  if ((a === 0xfe && b === 0xff) || (a === 0 && b === 0x3c && c === 0 && d === 0x3f)) return 'utf-16be';
  return undefined;
}

function decode(bytes: Uint8Array, encoding: Encoding, fatal: boolean): string {
  // For the web's decoder "iso-8859-1" means windows-1252, which has other characters from 0x80 to 0x9f.
  if (encoding === 'iso-8859-1') {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  }
  try {
    return new TextDecoder(encoding, { fatal }).decode(bytes);
  } catch {
    throw invalid('ClinicalDocument', `is not ${encoding.startsWith('utf-16') ? 'UTF-16' : 'UTF-8'}`);
  }
}

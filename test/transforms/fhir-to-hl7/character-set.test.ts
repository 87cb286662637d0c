import { DuctusError } from '../../../src/domain/errors';
import { encodeHl7 } from '../../../src/transforms/fhir-to-hl7';
import type { CharacterSet } from '../../../src/transforms/model/profile';

const MESSAGE = 'MSH|^~\\&|A\rPID|1||7||Müller^Zoë\rNTE|1|L|fine\rOBX|1\rNTE|1|L|';

function errorOf(text: string, characterSet: CharacterSet): DuctusError {
  try {
    encodeHl7(text, characterSet);
  } catch (error) {
    if (error instanceof DuctusError) return error;
    throw error;
  }
  throw new Error('it was encoded');
}

describe('character sets', () => {
  it('should encode what each set has', () => {
    expect(Buffer.from(encodeHl7('Zoë €😀', 'UNICODE UTF-8')).toString('utf8')).toBe('Zoë €😀');
    expect([...encodeHl7('Zoë¤', '8859/1')]).toEqual([0x5a, 0x6f, 0xeb, 0xa4]);
    expect([...encodeHl7('€ŠšŽžŒœŸë', '8859/15')]).toEqual([0xa4, 0xa6, 0xa8, 0xb4, 0xb8, 0xbc, 0xbd, 0xbe, 0xeb]);
  });

  it('should decode to the same text with the decoder of the platform', () => {
    const latin9 = Array.from({ length: 96 }, (_, index) => index + 0xa0);
    const text = new TextDecoder('iso-8859-15').decode(Uint8Array.from(latin9));
    expect([...encodeHl7(text, '8859/15')]).toEqual(latin9);
  });

  it.each<[CharacterSet, string, string]>([
    ['8859/1', '€', 'U+20AC'],
    ['8859/1', '😀', 'U+1F600'],
    ['8859/15', '¤', 'U+00A4'],
    ['8859/15', '¼', 'U+00BC'],
    ['8859/15', 'Ω', 'U+03A9'],
    ['UNICODE UTF-8', '\ud800', 'U+D800'],
  ])('should name field and code point of what %s does not have: %p', (characterSet, character, codePoint) => {
    const error = errorOf(`${MESSAGE}ab${character}`, characterSet);
    expect(error.code).toBe('DUCTUS_BUNDLE_INVALID');
    expect(error.details).toEqual({ field: 'NTE[2]-3', codePoint, characterSet });
    expect(error.message).toContain('NTE[2]-3');
    expect(error.message).not.toContain('Müller');
  });

  it('should count the fields of MSH from the separator', () => {
    expect(errorOf('MSH|^~\\&|Ω', '8859/1').details).toMatchObject({ field: 'MSH-3' });
    expect(errorOf('MSH|^~\\&|A\rPID|1||7||Ω', '8859/1').details).toMatchObject({ field: 'PID-5' });
  });
});

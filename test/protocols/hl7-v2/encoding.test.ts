import fc from 'fast-check';
import { CHARACTER_SETS, characterSetOf, decodeHl7 } from '../../../src/protocols/hl7-v2/encoding';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('decoding a message', () => {
  it.each([
    ['UNICODE UTF-8', Buffer.from('Müller Ωę€', 'utf8'), 'Müller Ωę€'],
    ['ASCII', Buffer.from('Mueller'), 'Mueller'],
    ['8859/1', latin1('M\xfcller'), 'Müller'],
    ['8859/2', latin1('W\xb1do\xb3owski'), 'Wądołowski'],
    ['8859/15', latin1('\xa4 \xa6\xbc'), '€ ŠŒ'],
    ['WINDOWS-1252', latin1('\x80 O\x92Brien'), '€ O’Brien'],
    // What who writes this under 8859/1 means.
    ['8859/1', latin1('O\x92Brien'), 'O’Brien'],
  ] as const)('should read %s', (name, bytes, text) => {
    expect(decodeHl7(bytes, name, 'ASCII')).toEqual({ ok: true, text, characterSet: name });
  });

  it.each([
    ['UNICODE UTF-8', 'UNICODE UTF-8'],
    ['UTF-8', 'UNICODE UTF-8'],
    ['utf8', 'UNICODE UTF-8'],
    ['UNICODE', 'UNICODE UTF-8'],
    ['ISO-8859-1', '8859/1'],
    ['ISO 8859/1', '8859/1'],
    ['8859/15', '8859/15'],
    ['windows-1252', 'WINDOWS-1252'],
    ['8859/5', undefined],
    ['UNICODE UTF-16', undefined],
    ['ISO IR87', undefined],
    ['__proto__', undefined],
  ])('should know MSH-18 %j', (name, set) => {
    expect(characterSetOf(name)).toBe(set);
  });

  it.each([
    ['UNICODE UTF-8', [0xfc]],
    ['UNICODE UTF-8', [0xc3]],
    ['UNICODE UTF-8', [0xed, 0xa0, 0x80]],
    ['ASCII', [0xfc]],
    ['8859/1', [0x81]],
    ['8859/2', [0x85]],
    ['8859/15', [0x92]],
    ['WINDOWS-1252', [0x9d]],
  ] as const)(
    'should refuse bytes that %s does not have, and never put another character in their place',
    (name, bad) => {
      const bytes = Buffer.from([...latin1('MSH|'), ...bad]);
      expect(decodeHl7(bytes, name, 'WINDOWS-1252')).toEqual({ ok: false, problem: 'bytes', characterSet: name });
    },
  );

  it('should use the configured set where MSH-18 is empty, and refuse an unknown one', () => {
    expect(decodeHl7(latin1('\xfc'), '', '8859/1')).toMatchObject({ ok: true, text: 'ü' });
    expect(decodeHl7(latin1('\xfc'), ' ', '8859/1')).toMatchObject({ ok: true, text: 'ü' });
    expect(decodeHl7(latin1('x'), 'KLINGON', '8859/1')).toEqual({
      ok: false,
      problem: 'unknown',
      characterSet: undefined,
    });
  });

  it('should never throw, and give text that holds every byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.constantFrom(...CHARACTER_SETS), (bytes, name) => {
        const decoded = decodeHl7(bytes, name, name);
        if (!decoded.ok) return;
        expect(decoded.text).not.toContain('\ufffd'.repeat(bytes.length + 1));
        if (name !== 'UNICODE UTF-8') expect(decoded.text).toHaveLength(bytes.length);
      }),
    );
  });
});

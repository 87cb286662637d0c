import fc from 'fast-check';
import { escapeFormattedText, escapeText, unescapeText } from '../../../src/transforms/fhir-to-hl7/escape';
import { anyText } from '../fhir-bundle/arbitraries';

describe('HL7 escape sequences', () => {
  it.each([
    ['a|b', 'a\\F\\b'],
    ['a^b', 'a\\S\\b'],
    ['a&b', 'a\\T\\b'],
    ['a~b', 'a\\R\\b'],
    ['a\\b', 'a\\E\\b'],
    ['\\F\\', '\\E\\F\\E\\'],
    ['a\rb\nc', 'a\\X0D\\b\\X0A\\c'],
    ['\u000b\u001c', '\\X0B\\\\X1C\\'],
    ['grün 😀', 'grün 😀'],
    ['\ud800', '\ufffd'],
    ['', ''],
  ])('should write %p as %p', (text, escaped) => {
    expect(escapeText(text)).toBe(escaped);
  });

  it('should write every kind of line break of formatted text as .br', () => {
    expect(escapeFormattedText('a\r\nb\rc\nd|e')).toBe('a\\.br\\b\\.br\\c\\.br\\d\\F\\e');
  });

  it('should give back every text', () => {
    fc.assert(
      fc.property(anyText, (text) => expect(unescapeText(escapeText(text))).toBe(text)),
      { numRuns: 500 },
    );
  });

  it('should leave alone what is no escape sequence', () => {
    expect(unescapeText('C:\\temp\\ and \\H\\bold\\N\\')).toBe('C:\\temp\\ and \\H\\bold\\N\\');
  });
});

/**
 * HL7 escape sequences (v2.5.1 §2.7). @medplum/core joins and splits at delimiters but neither escapes nor
 * unescapes, so both live here.
 */

const NAMED: Readonly<Record<string, string>> = {
  '\\': '\\E\\',
  '|': '\\F\\',
  '^': '\\S\\',
  '&': '\\T\\',
  '~': '\\R\\',
};

const BY_NAME: Readonly<Record<string, string>> = { E: '\\', F: '|', S: '^', T: '&', R: '~' };

/** What cannot stand in a component as it is: delimiters, control characters, lone surrogates. */

const SPECIAL = /[\\|^&~\u0000-\u001f\u007f\p{Surrogate}]/u;

/**
 * Text for a component of any type but FT. Control characters, also CR, LF and the bytes that frame MLLP,
 * become `\X0D\`; a lone surrogate, which is no character, becomes U+FFFD.
 */
export function escapeText(text: string): string {
  // Nearly all text is plain, and a test is faster than a replacement.
  if (!SPECIAL.test(text)) return text;
  return text.replace(new RegExp(SPECIAL, 'gu'), (found) => {
    if (found >= '\ud800' && found <= '\udfff') return '\ufffd';
    return NAMED[found] ?? `\\X${found.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}\\`;
  });
}

/** Text for a field of type FT (NTE-3), where a line break has its own sequence: `\.br\` for CR, LF or both. */
export function escapeFormattedText(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text
    .split(/\r\n|\r|\n/)
    .map(escapeText)
    .join('\\.br\\');
}

/** Text of an escaped component: what {@link escapeText} or {@link escapeFormattedText} was given (`\.br\` gives LF). */
export function unescapeText(escaped: string): string {
  if (!escaped.includes('\\')) return escaped;
  return escaped.replace(/\\([EFSTR]|\.br|X(?:[0-9A-Fa-f]{2})+)\\/g, (_, sequence: string) => {
    if (sequence === '.br') return '\n';
    if (!sequence.startsWith('X')) return BY_NAME[sequence] ?? '';
    return Buffer.from(sequence.slice(1), 'hex').toString('latin1');
  });
}

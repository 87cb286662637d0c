/** Text that every store and every header can hold: PostgreSQL refuses NUL, S3 and UTF-8 refuse lone surrogates. */

const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;

/** True when the text has no control character and is well-formed. */
export function isPlainText(text: string): boolean {
  return !CONTROL_CHARACTER.test(text) && text.isWellFormed();
}

export const PLAIN_TEXT_RULE = 'must be plain text without control characters';

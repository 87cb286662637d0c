/** The `Retry-After` header (RFC 9110 §10.2.3): seconds or an HTTP date. */

/** A longer wait is cut to this, so that a wrong header or clock cannot put work to sleep for days. */
const LONGEST_MS = 60 * 60 * 1000;

/** IMF-fixdate, the only form that a sender may use today (RFC 9110 §5.6.7). */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * @param header value as the HTTP client gives it
 * @param nowMs epoch milliseconds
 * @returns milliseconds to wait, 0 for a date that has passed; undefined for no header or one that makes no sense
 */
export function parseRetryAfter(header: string | string[] | undefined, nowMs: number): number | undefined {
  const value = (Array.isArray(header) ? header[0] : header)?.trim();
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Math.min(Number(value) * 1000, LONGEST_MS);
  if (!HTTP_DATE.test(value)) return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - nowMs, 0), LONGEST_MS);
}

/**
 * Reduces what an HTTP client throws to one word that may be stored and shown (`ECONNREFUSED`,
 * `CERT_HAS_EXPIRED`, `timeout`). The errors themselves are not passed on: they can quote addresses and headers.
 */
import { TimeLimitError } from './time-limit';

/** Codes of Node, OpenSSL (one of them has a slash: `ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE`) and undici. */
const SAFE_CODE = /^[A-Z][A-Z0-9_/]{2,63}$/;

/** Our own mistakes, such as a header value with a line break. */
const NOT_NETWORK = /^(UND_ERR_INVALID|ERR_INVALID)_/;

/**
 * Alerts by which a TLS server says that it does not like our client certificate (RFC 8446 §6.2; names are
 * OpenSSL's). Under TLS 1.3 they come after the handshake, in answer to the request.
 */
const CERTIFICATE_ALERT =
  /^ERR_SSL_.*ALERT_(BAD_CERTIFICATE|CERTIFICATE_|UNKNOWN_CA|ACCESS_DENIED|UNSUPPORTED_CERTIFICATE)/;

/** Errors wrap each other (SDK, undici, Node); deeper than this nobody does. */
const DEEPEST = 5;

/**
 * @returns a code of Node, OpenSSL or undici, `timeout`, or undefined for an error that did not come from the network
 */
export function networkReason(error: unknown): string | undefined {
  // Not `instanceof Error`: an error of another realm (vm context, worker) is none by that test.
  let current = error;
  for (let depth = 0; depth < DEEPEST && typeof current === 'object' && current !== null; depth += 1) {
    // The code first: the AWS SDK gives the name TimeoutError to a connection that was reset.
    if ('code' in current && typeof current.code === 'string' && SAFE_CODE.test(current.code)) {
      if (NOT_NETWORK.test(current.code)) return undefined;
      return /TIMEOUT|TIMEDOUT/.test(current.code) ? 'timeout' : current.code;
    }
    const name = 'name' in current ? current.name : undefined;
    if (current instanceof TimeLimitError || name === 'TimeoutError') return 'timeout';
    if (name === 'AbortError') return 'aborted';
    current = 'cause' in current ? current.cause : undefined;
  }
  return undefined;
}

/**
 * True when the server said that it refuses our client certificate: another attempt ends the same way. Many servers
 * just close the connection instead, which cannot be told from an outage.
 */
export function isClientCertificateRefused(reason: string): boolean {
  return CERTIFICATE_ALERT.test(reason);
}

/** Reads what the AWS SDK throws, without passing it on: its messages quote keys and users. */
import { networkReason } from '../http/network-reason';
import { parseRetryAfter } from '../http/retry-after';

export interface ServiceError {
  /** AWS error code (`NoSuchKey`), or `unknown`. */
  readonly name: string;
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** Network failure in one word, when no answer came. */
  readonly reason: string | undefined;
  readonly retryAfterMs: number | undefined;
  /** The bytes do not have the checksum that S3 sent with them. */
  readonly checksumMismatch: boolean;
}

/** AWS error codes look like this. */
const SAFE_NAME = /^[A-Za-z][A-Za-z0-9.]{1,63}$/;

/** @param nowMs epoch milliseconds, for a Retry-After that is a date */
export function readServiceError(error: unknown, nowMs: number): ServiceError {
  const status = numberAt(error, '$metadata', 'httpStatusCode');
  const name = stringAt(error, 'name') ?? 'unknown';
  const message = stringAt(error, 'message') ?? '';
  return {
    name: SAFE_NAME.test(name) && name !== 'Error' && name !== 'Unknown' ? name : 'unknown',
    status,
    reason: status === undefined ? (networkReason(error) ?? reasonInWords(message)) : undefined,
    retryAfterMs: parseRetryAfter(stringAt(error, '$response', 'headers', 'retry-after'), nowMs),
    // The SDK has no error class for it (@smithy/core, ChecksumStream).
    checksumMismatch: status === undefined && message.startsWith('Checksum mismatch'),
  };
}

/** True for answers that mean "not now": throttling and the server's own failures. */
export function isServerBusy(error: ServiceError): boolean {
  if (error.status === undefined) return false;
  if (error.status >= 500 || error.status === 429 || error.status === 408) return true;
  return BUSY_NAMES.has(error.name);
}

/** Codes that say so under a 4xx status (AWS "Common errors", S3 "List of error codes"). */
const BUSY_NAMES: ReadonlySet<string> = new Set([
  'SlowDown',
  'RequestTimeout',
  'RequestTimeoutException',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestThrottled',
  'RequestLimitExceeded',
  'BandwidthLimitExceeded',
  'ServiceUnavailable',
  'InternalError',
]);

/** Where the SDK keeps words only: its checksum stream, and errors of Node that come from another realm (a test runner's). */
function reasonInWords(message: string): string | undefined {
  if (message.startsWith('Connection lost')) return 'ECONNRESET';
  return message.startsWith('AWS SDK error wrapper for ') ? 'network' : undefined;
}

function at(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}

function stringAt(value: unknown, ...path: string[]): string | undefined {
  const found = at(value, path);
  return typeof found === 'string' ? found : undefined;
}

function numberAt(value: unknown, ...path: string[]): number | undefined {
  const found = at(value, path);
  return typeof found === 'number' ? found : undefined;
}

/** Which failure of GetObject means which error of Ductus (S3 API reference, "List of error codes"). */
import { DuctusError } from '../../domain/errors';
import type { ErrorCode } from '../../domain/errors';
import { incomplete } from './file';
import { isServerBusy, readServiceError } from './service-error';
import type { ServiceError } from './service-error';

const EXPIRED: ReadonlySet<string> = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired']);

interface Row {
  readonly when: (failure: ServiceError) => boolean;
  readonly code: ErrorCode;
  readonly what: string;
}

/** First row that fits. */
const ROWS: readonly Row[] = [
  {
    when: (failure) => EXPIRED.has(failure.name),
    code: 'DUCTUS_S3_TOKEN_EXPIRED',
    what: 'S3 said that even newly fetched credentials have expired',
  },
  {
    // Signatures are valid for 15 minutes around S3's own clock.
    when: (failure) => failure.name === 'RequestTimeTooSkewed',
    code: 'DUCTUS_S3_TOKEN_EXPIRED',
    what: 'S3 said that the clock of this machine is wrong',
  },
  {
    when: (failure) => failure.reason !== undefined || isServerBusy(failure),
    code: 'DUCTUS_S3_UNREACHABLE',
    what: 'S3 did not give the file',
  },
  {
    when: (failure) => failure.status === 404 || failure.status === 410,
    code: 'DUCTUS_S3_NOT_FOUND',
    what: 'S3 does not have the file',
  },
  // Everything else that S3 answers: AccessDenied, SignatureDoesNotMatch, InvalidObjectState, a redirect to another endpoint.
  {
    when: (failure) => failure.status !== undefined,
    code: 'DUCTUS_S3_ACCESS_DENIED',
    what: 'S3 refused access to the file',
  },
];

/**
 * True when other credentials may help: expired ones, and any 401 or 403, since a token also goes stale by being
 * revoked or by a new access point that it does not name (SPECS §1.4: refetch on ExpiredToken or 403).
 */
export function credentialsMayBeStale(error: unknown): boolean {
  const failure = readServiceError(error, 0);
  if (failure.name === 'RequestTimeTooSkewed') return false;
  return (
    EXPIRED.has(failure.name) || failure.name === 'InvalidToken' || failure.status === 401 || failure.status === 403
  );
}

/**
 * @param accessPoint the ARN or bucket, for the message; it was checked before
 * @returns a DuctusError, or the error itself when it is one already or did not come from S3
 */
export function objectError(error: unknown, accessPoint: string): unknown {
  if (error instanceof DuctusError) return error;
  const failure = readServiceError(error, Date.now());
  if (failure.checksumMismatch) return incomplete('The file came with another checksum than S3 announced.', 'checksum');
  const row = ROWS.find((candidate) => candidate.when(failure));
  if (row === undefined) return error;
  const reason = failure.reason ?? failure.name;
  return new DuctusError(row.code, `${row.what} (${reason}), at ${accessPoint}.`, {
    details: { accessPoint, reason, ...(failure.status === undefined ? {} : { status: failure.status }) },
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
  });
}

/**
 * The one place where errors of connectors, transforms and the store become Temporal failures: the type is the code of
 * the error table, and the class of the code decides whether Temporal may retry.
 */
import { types } from 'node:util';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { CompleteAsyncError } from '@temporalio/activity';
import { DatabaseError } from 'pg';
import { DuctusError, ERRORS } from '../domain/errors';
import type { Logger } from '../runtime/telemetry/logger';

/** SQLSTATE classes that pass: connection, transaction rollback, resources, operator intervention, system error. */
const PASSING_CLASSES: ReadonlySet<string> = new Set(['08', '40', '53', '57', '58']);
/** Stands among the connection errors, but is our own mistake: it does not pass. */
const PROTOCOL_VIOLATION = '08P01';
/** What `pg` and the socket say, without a code of their own, when the server goes away. */
const LOST_CONNECTION =
  /connection terminated|connect(ion)? timeout|timeout exceeded|read timeout|client has encountered a connection error|not queryable|server closed/i;
const SYSTEM_CODES: ReadonlySet<string> = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);

/** True for errors of the store that pass by themselves. */
export function isStoreUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    return PASSING_CLASSES.has((error.code ?? '').slice(0, 2)) && error.code !== PROTOCOL_VIOLATION;
  }
  if (!types.isNativeError(error)) return false;
  if ('code' in error && typeof error.code === 'string' && SYSTEM_CODES.has(error.code)) return true;
  return LOST_CONNECTION.test(error.message);
}

/**
 * Turns any error into one with a code. What is not known becomes DUCTUS_INTERNAL, and its message is not passed on:
 * it could quote the data.
 */
export function toDuctusError(error: unknown): DuctusError {
  if (error instanceof DuctusError) return error;
  if (isStoreUnavailable(error)) return new DuctusError('DUCTUS_STORE_UNAVAILABLE', undefined, { cause: error });
  return new DuctusError('DUCTUS_INTERNAL', undefined, { cause: error });
}

/** Whether Temporal tries a step again: by the class of the error, or whatever it was. */
export type TryAgain = 'transient' | 'always';

function toFailure(error: DuctusError, tryAgain: TryAgain): ApplicationFailure {
  return ApplicationFailure.create({
    type: error.code,
    message: error.message,
    nonRetryable: tryAgain === 'transient' && ERRORS[error.code].class !== 'transient',
    details: [error.details],
    ...(error.retryAfterMs === undefined ? {} : { nextRetryDelay: error.retryAfterMs }),
  });
}

/**
 * Wraps an activity so that it throws failures with codes, and logs what failed.
 * @param tryAgain `always` for the steps that keep the ledger and that workflows can't go on without: their failure would
 * fail the workflow, where nobody looks for it
 */
export function withFailures<Args extends unknown[], Result>(
  name: string,
  activity: (...args: Args) => Promise<Result>,
  logger: Logger,
  tryAgain: TryAgain = 'transient',
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    try {
      return await activity(...args);
    } catch (error) {
      if (
        error instanceof ApplicationFailure ||
        error instanceof CancelledFailure ||
        error instanceof CompleteAsyncError
      )
        throw error;
      const known = toDuctusError(error);
      logger.warn(
        { activity: name, err: known.code === 'DUCTUS_INTERNAL' ? error : known, code: known.code },
        'activity failed',
      );
      throw toFailure(known, tryAgain);
    }
  };
}

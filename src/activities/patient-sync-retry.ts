/** Failures of the sending that Temporal tries again after a while that this process decides. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { DuctusError } from '../domain/errors';
import { LIMITS } from '../domain/limits';

/** @throws ApplicationFailure that comes back then, when it is not time yet */
export function waitUntil(timeMs: number): void {
  const waitMs = timeMs - Date.now();
  if (waitMs <= 0) return;
  throw tryAgain(
    'DUCTUS_ROCHE_UNREACHABLE',
    'A request was sent whose answer did not come. It goes on when Roche has had the time to finish it.',
    waitMs,
  );
}

/** Another attempt, or the merge of the number, has taken over. */
export function overtakenError(): ApplicationFailure {
  return tryAgain('DUCTUS_STORE_UNAVAILABLE', 'Another attempt has taken over this patient.');
}

/** A failure of Roche that passes, also one of a class that does not by itself: credentials are corrected by people. */
export function tryAgainAfter({ code, message, details, retryAfterMs }: DuctusError): ApplicationFailure {
  return tryAgain(code, message, retryAfterMs, details);
}

/** The wait grows with the attempts and differs from patient to patient, so that many don't come back at once. */
export function tryAgain(
  code: DuctusError['code'],
  message: string,
  afterMs?: number,
  details: DuctusError['details'] = {},
): ApplicationFailure {
  const { attempt } = Context.current().info;
  const grownMs = Math.min(LIMITS.retryLongestMs, LIMITS.retryFirstMs * 2 ** Math.min(attempt - 1, 20));
  const waitMs = (afterMs ?? grownMs / 2) + (Math.random() * grownMs) / 2;
  return ApplicationFailure.create({
    type: code,
    message,
    nonRetryable: false,
    details: [details],
    nextRetryDelay: Math.ceil(waitMs),
  });
}

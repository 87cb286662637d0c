/** How activities are tried again, the same in every workflow. */
import { LIMITS } from '../domain/limits';

export const GROWING_WAITS = {
  initialInterval: LIMITS.retryFirstMs,
  backoffCoefficient: 2,
  maximumInterval: LIMITS.retryLongestMs,
} as const;

/**
 * The activities of the data-sharing flow as its workflow calls them, each with its time limits and retries. What the
 * numbers come from stands in `src/domain/limits.ts`.
 */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { DataSharingActivities } from '../activities/data-sharing';
import { LIMITS } from '../domain/limits';
import { GROWING_WAITS } from './waits';

export const quick = proxyLocalActivities<DataSharingActivities>({
  startToCloseTimeout: LIMITS.quickStepMs,
  retry: { maximumAttempts: 1 },
});
/** Steps on the store alone go on until it is back. */
export const ledger = proxyActivities<DataSharingActivities>({
  startToCloseTimeout: LIMITS.ledgerStepMs,
  retry: GROWING_WAITS,
});
export const fetching = proxyActivities<DataSharingActivities>({
  startToCloseTimeout: LIMITS.retrieveTryMs,
  scheduleToCloseTimeout: LIMITS.retrieveTotalMs,
  retry: GROWING_WAITS,
});
export const transforming = proxyActivities<DataSharingActivities>({
  startToCloseTimeout: LIMITS.transformTryMs,
  scheduleToCloseTimeout: LIMITS.transformTotalMs,
  retry: GROWING_WAITS,
});
/** No limit in total: a destination that fails is paused, and its work waits for it. */
export const delivering = proxyActivities<DataSharingActivities>({
  startToCloseTimeout: LIMITS.deliverTryMs,
  heartbeatTimeout: LIMITS.deliverHeartbeatMs,
  retry: GROWING_WAITS,
});
export const acknowledging = proxyActivities<DataSharingActivities>({
  startToCloseTimeout: LIMITS.rocheRequestMs + LIMITS.ledgerStepMs,
  scheduleToCloseTimeout: LIMITS.acknowledgeTotalMs,
  retry: GROWING_WAITS,
});

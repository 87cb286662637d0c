/** Deletes blobs whose time is over. Started by a Temporal Schedule. */
import { proxyActivities } from '@temporalio/workflow';
import type { HousekeepingActivities } from '../activities/housekeeping';
import { LIMITS } from '../domain/limits';

const activities = proxyActivities<HousekeepingActivities>({
  startToCloseTimeout: LIMITS.housekeepingTryMs,
  retry: { initialInterval: LIMITS.retryFirstMs, maximumInterval: LIMITS.retryLongestMs, maximumAttempts: 20 },
});

/** @returns number of pieces of work whose blobs were deleted */
export async function housekeeping(): Promise<number> {
  let deleted = 0;
  for (;;) {
    const batch = await activities.deleteExpiredBlobs();
    deleted += batch;
    if (batch === 0) return deleted;
  }
}

/** Deletes blobs whose time is over, and seals the audit. Started by a Temporal Schedule. */
import { patched, proxyActivities } from '@temporalio/workflow';
import type { HousekeepingActivities } from '../activities/housekeeping';
import { LIMITS } from '../domain/limits';

const activities = proxyActivities<HousekeepingActivities>({
  startToCloseTimeout: LIMITS.housekeepingTryMs,
  retry: { initialInterval: LIMITS.retryFirstMs, maximumInterval: LIMITS.retryLongestMs, maximumAttempts: 20 },
});

/** @returns number of pieces of work whose blobs were deleted; seals the audit as well */
export async function housekeeping(): Promise<number> {
  let deleted = 0;
  for (;;) {
    const batch = await activities.deleteExpiredBlobs();
    deleted += batch;
    if (batch === 0) break;
  }
  // Not in a run that an earlier version has begun.
  if (patched('audit-seals')) while ((await activities.sealAudit()) > 0);
  return deleted;
}

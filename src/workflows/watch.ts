/**
 * Looks at the conditions that nothing else would notice: no traffic, old work, certificates that end. Started by a
 * Temporal Schedule; beside the housekeeping, so that a deletion that is tried again and again delays no alert.
 */
import { proxyActivities } from '@temporalio/workflow';
import type { WatchActivities } from '../activities/watch';
import { LIMITS } from '../domain/limits';

const activities = proxyActivities<WatchActivities>({
  startToCloseTimeout: LIMITS.watchTryMs,
  retry: { initialInterval: LIMITS.retryFirstMs, maximumInterval: LIMITS.retryLongestMs, maximumAttempts: 3 },
});

/** @returns number of conditions that hold */
export async function watch(): Promise<number> {
  return activities.watchConditions();
}

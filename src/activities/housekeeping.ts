/** Activities of the housekeeping Schedule. */
import { expiredBlobs, forgetBlobs } from '../store/ledger';
import type { ActivityDependencies } from './dependencies';
import { withFailures } from './failures';

/** Pieces of work whose blobs are deleted in one activity: short enough to end well inside its time limit. */
const BATCH = 100;

export interface HousekeepingActivities {
  /** Deletes blobs whose time is over. @returns pieces of work dealt with; 0 when there is nothing left */
  deleteExpiredBlobs(): Promise<number>;
}

/** The activities, bound to their dependencies. */
export function createHousekeepingActivities(deps: ActivityDependencies): HousekeepingActivities {
  return {
    deleteExpiredBlobs: withFailures(
      'deleteExpiredBlobs',
      async () => {
        const expired = await expiredBlobs(deps.store, BATCH);
        for (const work of expired) {
          for (const key of work.keys) await deps.blobs.delete(key);
          await forgetBlobs(deps.store, work);
        }
        return expired.length;
      },
      deps.logger,
    ),
  };
}

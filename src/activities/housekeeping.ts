/** Activities of the housekeeping Schedule. */
import { expiredBlobs, forgetBlobs } from '../store/ledger';
import { expiredPlans, forgetPlan } from '../store/redelivery-plans';
import type { ActivityDependencies } from './dependencies';
import { withFailures } from './failures';
import { reportNames } from './redelivery-compare';

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
        // Comparisons hold values of patients as well.
        const plans = await expiredPlans(deps.store, BATCH);
        for (const { planId } of plans) {
          for (const name of reportNames(planId)) await deps.blobs.delete(name);
          await forgetPlan(deps.store, planId);
        }
        return expired.length + plans.length;
      },
      deps.logger,
    ),
  };
}

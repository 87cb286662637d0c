/** Activities of the housekeeping Schedule. */
import { sealAudit } from '../store/audit-seals';
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
  /** Seals the next events of the audit. @returns how many; 0 when all are sealed */
  sealAudit(): Promise<number>;
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
    sealAudit: withFailures(
      'sealAudit',
      async () => {
        const seal = await sealAudit(deps.store, deps.hash);
        // The log leaves the database: a seal that is in it cannot be cut off unseen.
        if (seal !== undefined)
          deps.logger.info({ number: seal.number, seal: seal.seal, events: seal.events }, 'audit sealed');
        return seal?.events ?? 0;
      },
      deps.logger,
    ),
  };
}

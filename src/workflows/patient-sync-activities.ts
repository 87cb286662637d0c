/**
 * The activities of the patient-sync flow as its workflow calls them, each with its time limits and retries. What the
 * numbers come from stands in `src/domain/limits.ts`.
 */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { PatientSyncActivities } from '../activities/patient-sync';
import { LIMITS } from '../domain/limits';
import { GROWING_WAITS } from './waits';

export const quick = proxyLocalActivities<PatientSyncActivities>({
  startToCloseTimeout: LIMITS.quickStepMs,
  retry: { maximumAttempts: 1 },
});
/** Steps on the store alone go on until it is back. */
export const ledger = proxyActivities<PatientSyncActivities>({
  startToCloseTimeout: LIMITS.ledgerStepMs,
  retry: GROWING_WAITS,
});
/**
 * No limit in total: when Roche fails, its destination is paused, and patients wait for it. A try waits for one of the
 * organization's places, which takes as long as the requests before it do.
 */
export const sending = proxyActivities<PatientSyncActivities>({
  startToCloseTimeout: LIMITS.deliverTryMs,
  heartbeatTimeout: LIMITS.deliverHeartbeatMs,
  retry: GROWING_WAITS,
});
export const reporting = proxyActivities<PatientSyncActivities>({
  startToCloseTimeout: LIMITS.deskReportMs,
  scheduleToCloseTimeout: LIMITS.deskReportTotalMs,
  retry: GROWING_WAITS,
});

/**
 * Compares what a destination has of delivered files with what it would get today; and, with a sign-off, compares again
 * and starts what was signed off when it is still the same. Values are in a blob; here are counts and places (ADR 0012).
 */
import {
  ApplicationFailure,
  continueAsNew,
  defineQuery,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { ComparedPage, RedeliveryActivities } from '../activities/redelivery';
import type { WorkKey } from '../domain/data-sharing';
import { LIMITS } from '../domain/limits';
import { QUERIES } from '../domain/messages';
import type {
  RedeliveryApproval,
  RedeliveryPlanInput,
  RedeliveryPlanResult,
  RedeliveryProgress,
  RedeliverySelection,
} from '../domain/redelivery';
import { comparingDetails } from './operator-view';
import { GROWING_WAITS } from './waits';

/** A query: a command line asks again and again, and nothing changes by it. */
export const progress = defineQuery<RedeliveryProgress | undefined>(QUERIES.progress);

const ledger = proxyActivities<RedeliveryActivities>({
  startToCloseTimeout: LIMITS.ledgerStepMs,
  retry: GROWING_WAITS,
});
const comparing = proxyActivities<RedeliveryActivities>({
  startToCloseTimeout: LIMITS.compareTryMs,
  heartbeatTimeout: LIMITS.compareHeartbeatMs,
  retry: GROWING_WAITS,
});
const starting = proxyActivities<RedeliveryActivities>({
  startToCloseTimeout: LIMITS.startPageMs,
  heartbeatTimeout: LIMITS.startHeartbeatMs,
  retry: GROWING_WAITS,
});

export async function redeliveryPlan(input: RedeliveryPlanInput): Promise<RedeliveryPlanResult> {
  let shown = input.progress;
  setHandler(progress, () => shown);
  const { selection, approve } = input;
  if (approve !== undefined && input.progress === undefined) {
    const known = await ledger.findApproved(approve.digest);
    // Signed off before: what a crash left unstarted is started, and nothing goes twice.
    if (known !== null) return start(approve, known);
  }
  let now = input.progress ?? (await begin(selection));
  for (;;) {
    shown = now;
    setCurrentDetails(comparingDetails(selection.destination, now.done, now.files));
    const page: ComparedPage = await comparing.compareFiles.executeWithOptions(
      { summary: `compare: ${String(now.done)} of ${String(now.files)} files so far` },
      [{ selection, progress: now }],
    );
    now = page.progress;
    if (page.over) break;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof redeliveryPlan>({ ...input, progress: now });
  }
  shown = now;
  setCurrentDetails('');
  const { planId, report } = now;
  const { digest } = await ledger.finishComparison(now);
  if (approve === undefined) {
    if (report === undefined) throw ApplicationFailure.nonRetryable('the comparison made no report', 'DUCTUS_INTERNAL');
    return { status: 'compared', planId, report, ...(digest === undefined ? {} : { digest }) };
  }
  if (digest !== approve.digest) return { status: 'changed', ...(digest === undefined ? {} : { digest }) };
  const files = await ledger.approveComparison({ planId, approval: approve });
  return start(approve, { files, by: approve.by });
}

async function begin(selection: RedeliverySelection): Promise<RedeliveryProgress> {
  const planId = uuid4();
  return { planId, files: await ledger.beginComparison({ planId, selection }), done: 0, pages: 0 };
}

async function start(
  { digest }: RedeliveryApproval,
  { files, by }: { readonly files: number; readonly by: string },
): Promise<RedeliveryPlanResult> {
  let cursor: WorkKey | undefined;
  do {
    ({ cursor } = await starting.startRedeliveries({ digest, ...(cursor === undefined ? {} : { cursor }) }));
  } while (cursor !== undefined);
  return { status: 'approved', digest, files, by };
}

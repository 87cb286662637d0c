/**
 * Activities of a redelivery: the comparison that a person signs off, the sign-off, and the steps of sending a file again
 * that differ from a first delivery. Delivery, parking and repair are those of the data-sharing flow.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { z } from 'zod';
import type { TransformResult, WorkKey } from '../domain/data-sharing';
import { NotificationIdSchema, OrganizationIdSchema } from '../domain/identifiers';
import type {
  RedeliveryApproval,
  RedeliveryInput,
  RedeliveryProgress,
  RedeliverySelection,
} from '../domain/redelivery';
import type { Outcome } from '../domain/stages';
import { redeliveryVariant, redeliveryWorkflowId } from '../domain/workflow-ids';
import { fileOf, recordDelivered, recordRetrieved } from '../store/ledger';
import { begunRedeliveries, countFiles, openRedelivery } from '../store/redelivery';
import { approvedPlan, approvePlan, createPlan, finishPlan, plannedFiles } from '../store/redelivery-plans';
import { destinationConfig, type ActivityDependencies } from './dependencies';
import { withFailures } from './failures';
import { comparePage, scopeOf } from './redelivery-compare';
import { transformRedelivery } from './redelivery-transform';

/** Files that one activity starts: with the longest wait it still ends inside its time limit. */
const STARTS_PER_PAGE = 50;
const LONGEST_WAIT_MS = 5_000;

/** How far a comparison is after a page. */
export interface ComparedPage {
  readonly progress: RedeliveryProgress;
  /** These were the last files. */
  readonly over: boolean;
}

/** What a sign-off has started so far. */
export interface StartedPage {
  /** The last file; undefined: all are started. */
  readonly cursor: WorkKey | undefined;
}

export interface RedeliveryActivities {
  /** @returns number of files of the selection */
  beginComparison(input: { readonly planId: string; readonly selection: RedeliverySelection }): Promise<number>;
  compareFiles(input: {
    readonly selection: RedeliverySelection;
    readonly progress: RedeliveryProgress;
  }): Promise<ComparedPage>;
  /** @returns the digest of what would be sent, when anything would */
  finishComparison(progress: RedeliveryProgress): Promise<{ readonly digest?: string }>;
  /** @returns what was signed off under this digest before */
  findApproved(
    digest: string,
  ): Promise<{ readonly planId: string; readonly files: number; readonly by: string } | null>;
  approveComparison(input: { readonly planId: string; readonly approval: RedeliveryApproval }): Promise<number>;
  startRedeliveries(input: { readonly digest: string; readonly cursor?: WorkKey }): Promise<StartedPage>;
  openRedelivery(input: RedeliveryInput): Promise<{ readonly outcome?: Outcome }>;
  copyRedeliveryFile(input: RedeliveryInput): Promise<void>;
  transformRedelivery(input: RedeliveryInput): Promise<TransformResult>;
  recordRedelivered(input: RedeliveryInput): Promise<void>;
}

function workOf({ organization, notificationId, variant, digest }: RedeliveryInput): WorkKey {
  return { organization, notificationId, variant: redeliveryVariant(variant, digest) };
}

function idOf({ organization, notificationId, variant, digest }: RedeliveryInput): string {
  return redeliveryWorkflowId(organization, notificationId, variant, digest);
}

/** The activities, bound to their dependencies. */
export function createRedeliveryActivities(deps: ActivityDependencies): RedeliveryActivities {
  const { logger, store } = deps;
  return {
    beginComparison: withFailures(
      'beginComparison',
      async ({ planId, selection }) => {
        const scope = scopeOf(deps, selection);
        await createPlan(store, { planId, selection, retainDays: deps.config.blobs.retainDays });
        return countFiles(store, scope);
      },
      logger,
    ),

    compareFiles: withFailures(
      'compareFiles',
      ({ selection, progress }) => comparePage(deps, selection, progress),
      logger,
    ),

    finishComparison: withFailures(
      'finishComparison',
      async ({ planId, report }) => {
        const digest = report === undefined ? undefined : await finishPlan(store, planId, report);
        return digest === undefined ? {} : { digest };
      },
      logger,
      'always',
    ),

    findApproved: withFailures(
      'findApproved',
      async (digest) => {
        const plan = await approvedPlan(store, digest);
        return plan === undefined ? null : { planId: plan.planId, files: plan.files, by: plan.by };
      },
      logger,
      'always',
    ),

    approveComparison: withFailures(
      'approveComparison',
      async ({ planId, approval }) => {
        await approvePlan(store, planId, approval);
        const plan = await approvedPlan(store, approval.digest);
        return plan?.files ?? 0;
      },
      logger,
      'always',
    ),

    startRedeliveries: withFailures(
      'startRedeliveries',
      ({ digest, cursor }) => startPage(deps, digest, cursor),
      logger,
      'always',
    ),

    openRedelivery: withFailures(
      'openRedelivery',
      async (input) => {
        const outcome = await openRedelivery(store, input, workOf(input), idOf(input));
        return outcome === undefined ? {} : { outcome };
      },
      logger,
      'always',
    ),

    copyRedeliveryFile: withFailures(
      'copyRedeliveryFile',
      async (input) => {
        const { organization, notificationId, variant } = input;
        const work = workOf(input);
        const { blob } = await fileOf(store, { organization, notificationId, variant });
        const release = await deps.budget.acquire(blob.bytes, Context.current().cancellationSignal);
        try {
          // A file of its own: that of the first delivery may be deleted while this work waits.
          const copy = await deps.blobs.put(
            `data-sharing/${organization}/${notificationId}${work.variant}/file`,
            await deps.blobs.get(blob),
          );
          await recordRetrieved(store, work, { blob: copy, etag: undefined });
        } finally {
          release();
        }
      },
      logger,
    ),

    transformRedelivery: withFailures(
      'transformRedelivery',
      (input) => transformRedelivery(deps, input, workOf(input), idOf(input)),
      logger,
    ),

    recordRedelivered: withFailures(
      'recordRedelivered',
      (input) => recordDelivered(store, workOf(input)),
      logger,
      'always',
    ),
  };
}

/** Where a heartbeat says that an attempt has come to. */
const BeatenSchema = z.object({
  organization: OrganizationIdSchema,
  notificationId: NotificationIdSchema,
  variant: z.string(),
});

/**
 * Starts the next files of what was signed off, no faster than a backlog drains: new data goes between them. Workers may die
 * at any time, so an attempt goes on behind the file that the last heartbeat of the one before names. Heartbeats are sent
 * now and then only: files that were started after it are started once more, which changes nothing, and without a wait.
 */
async function startPage(
  deps: ActivityDependencies,
  digest: string,
  cursor: WorkKey | undefined,
): Promise<StartedPage> {
  const plan = await approvedPlan(deps.store, digest);
  if (plan === undefined) return { cursor: undefined };
  const { destination, all } = plan.selection;
  const waitMs = Math.min(LONGEST_WAIT_MS, 1000 / destinationConfig(deps.config, destination).drainPerSecond);
  const { cancellationSignal, info } = Context.current();
  const beaten = BeatenSchema.safeParse(info.heartbeatDetails);
  const after = beaten.success ? beaten.data : cursor;
  const files = await plannedFiles(deps.store, plan.planId, after, STARTS_PER_PAGE);
  const begun = await begunRedeliveries(
    deps.store,
    files.map(({ key }) => key),
    digest,
  );
  for (const { key, digest: fileDigest } of files) {
    cancellationSignal.throwIfAborted();
    const input: RedeliveryInput = {
      ...key,
      destination,
      planId: plan.planId,
      digest,
      fileDigest,
      all,
      by: plan.by,
      reason: plan.reason,
      approvedAtMs: plan.approvedAt.getTime(),
    };
    const state = begun.get(idOf(input));
    // One that is only begun is started as well: its workflow may have been ended by hand.
    if (state !== 'over') await deps.workflows.redeliver(input);
    Context.current().heartbeat(key);
    if (state === undefined) await sleep(waitMs, undefined, { signal: cancellationSignal });
  }
  return { cursor: files.length < STARTS_PER_PAGE ? undefined : files.at(-1)?.key };
}

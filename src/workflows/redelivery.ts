/**
 * One delivered file that is sent again after a fix of the mapping, to one destination. The steps are those of a first
 * delivery, so that turns, pauses, parking and repair are the same; it has no notification of Roche's and acknowledges
 * nothing (ADR 0012).
 */
import {
  allHandlersFinished,
  condition,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
} from '@temporalio/workflow';
import type { RedeliveryActivities } from '../activities/redelivery';
import type { DataSharingResult, TransformResult, WorkKey } from '../domain/data-sharing';
import { LIMITS } from '../domain/limits';
import type { RedeliveryInput } from '../domain/redelivery';
import { Outcome, Stage } from '../domain/stages';
import { redeliveryVariant } from '../domain/workflow-ids';
import { Run, type Next } from './data-sharing';
import { listen, status } from './data-sharing-messages';
import { DataSharingState } from './data-sharing-state';
import { quickThenPatient, quickThenUntilDone } from './steps';
import { GROWING_WAITS } from './waits';

const own = proxyLocalActivities<RedeliveryActivities>({
  startToCloseTimeout: LIMITS.quickStepMs,
  retry: { maximumAttempts: 1 },
});
const patient = proxyActivities<RedeliveryActivities>({
  startToCloseTimeout: LIMITS.transformTryMs,
  scheduleToCloseTimeout: LIMITS.transformTotalMs,
  retry: GROWING_WAITS,
});
const ledger = proxyActivities<RedeliveryActivities>({
  startToCloseTimeout: LIMITS.ledgerStepMs,
  retry: GROWING_WAITS,
});

export async function redelivery(input: RedeliveryInput): Promise<DataSharingResult> {
  const state = new DataSharingState(['retrieve', 'transform', 'deliver']);
  setHandler(status, () => state.status());
  listen(state);
  const { organization, notificationId, variant, digest } = input;
  const key = { organization, notificationId, variant: redeliveryVariant(variant, digest) };
  const run = new RedeliveryRun(state, key, input);
  let next: Next = 'open';
  while (state.outcome === undefined) next = await run.from(next);
  await run.close(state.outcome);
  await condition(allHandlersFinished);
  return { outcome: state.outcome };
}

const STEP_COPY = '`retrieve` (copy of the file)';

class RedeliveryRun extends Run {
  constructor(
    state: DataSharingState,
    key: WorkKey,
    private readonly redelivered: RedeliveryInput,
  ) {
    super(state, key, {});
  }

  /** What was made before it was parked may be out of date: a newer version could have passed. */
  override async from(next: Next): Promise<Next> {
    return super.from(next === 'deliver' ? 'transform' : next);
  }

  protected override async open(): Promise<Next | undefined> {
    const opened = await quickThenUntilDone(
      () => own.openRedelivery(this.redelivered),
      () => ledger.openRedelivery(this.redelivered),
      (failure) => this.retries('`open` (PostgreSQL)', failure),
    );
    this.tell('`open` (PostgreSQL)', '');
    if (opened.outcome === undefined) return undefined;
    this.state.flag(`duplicate-of-${opened.outcome}`);
    return { acknowledgeAs: Outcome.alreadyDone };
  }

  /** The file is in the blob store: it gets a copy, whose time is that of this work. */
  protected override async retrieve(): Promise<boolean> {
    await quickThenPatient(
      () => own.copyRedeliveryFile(this.redelivered),
      () =>
        patient.copyRedeliveryFile.executeWithOptions({ summary: 'retrieve: copy of the file' }, [this.redelivered]),
      (failure) => this.isSlow(Stage.retrieving, STEP_COPY, failure, LIMITS.transformTotalMs),
    );
    this.tell(STEP_COPY, '');
    return false;
  }

  protected override transformOnce(pace: 'quick' | 'patient'): Promise<TransformResult> {
    return pace === 'quick'
      ? own.transformRedelivery(this.redelivered)
      : patient.transformRedelivery.executeWithOptions({ summary: 'transform: only what differs' }, [this.redelivered]);
  }

  /** Nobody is acknowledged: Roche was, after the first delivery. */
  protected override async finish(outcome: Outcome): Promise<void> {
    if (outcome === Outcome.delivered || outcome === Outcome.deliveredInPart) {
      await quickThenUntilDone(
        () => own.recordRedelivered(this.redelivered),
        () => ledger.recordRedelivered(this.redelivered),
        (failure) => this.retries('`close` (PostgreSQL)', failure),
      );
      this.tell('`close` (PostgreSQL)', '');
    }
    this.state.outcome = outcome;
  }

  /** Roche waits for nothing. */
  protected override watchDeadline(): void {
    // no deadline
  }
}

/**
 * One notification of Roche, from token to ACK. Only order, limits and decisions stand here; what a step does is in
 * the activities. A change that alters the commands of a running workflow needs `patched` (docs/operations/releases.md).
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { DataSharingInput, DataSharingResult, RepairStep, TransformResult, WorkKey } from '../domain/data-sharing';
import type { ErrorCode } from '../domain/errors';
import type { DestinationId } from '../domain/identifiers';
import { LIMITS } from '../domain/limits';
import { Outcome, Stage } from '../domain/stages';
import { acknowledging, delivering, fetching, ledger, quick, transforming } from './data-sharing-activities';
import { listen, notified } from './data-sharing-messages';
import { DataSharingState } from './data-sharing-state';
import { busyDetails, parkedDetails, retryingDetails, STEPS, waitingDetails } from './operator-view';
import { ERROR_CODE, OUTCOME, STAGE } from './search-attributes';
import { quickThenPatient, quickThenUntilDone, stepFailure, withNewest, type StepFailure } from './steps';

/** Where a run goes on: at a step, or straight to the ACK with what the ledger says. */
export type Next = RepairStep | 'open' | { readonly acknowledgeAs: Outcome };

export async function dataSharing(input: DataSharingInput): Promise<DataSharingResult> {
  const state = new DataSharingState();
  setHandler(notified, (notification) => state.notify(notification));
  listen(state);
  await condition(() => state.started);
  const key: WorkKey = {
    organization: input.organization,
    notificationId: input.notificationId,
    variant: input.conflict === true ? `~${state.first.sourceHash.slice(0, 12)}` : '',
  };
  const run = new Run(state, key, input);
  let next: Next = 'open';
  for (;;) {
    while (state.outcome === undefined) next = await run.from(next);
    const { outcome } = state;
    if (await run.close(outcome)) {
      await condition(allHandlersFinished);
      return { outcome };
    }
    // A notification came while the last step ran: its handle is the one to acknowledge with.
    next = { acknowledgeAs: outcome };
    state.outcome = undefined;
  }
}

/**
 * A file with so few messages is delivered inside the workflow task when all goes well: one step and one task less for
 * Temporal. Three in four files have one message (up to 500 readings, SPECS §1.4).
 */
const QUICK_DELIVERY_MESSAGES = 2;

/** The steps of one piece of work. A redelivery has some of its own (redelivery.ts). */
export class Run {
  #step: RepairStep = 'retrieve';
  #destinations: readonly DestinationId[] = [];
  /** Few messages: worth a quick try before a step of its own. */
  #small = false;
  #resendAmbiguous = false;
  /** Notifications of this run that an ACK has answered. */
  #acknowledged = 0;
  /** What an ACK that failed was to say, for its next try. */
  #finishAs: Outcome | undefined;
  #deadlineWatched = false;
  /** What operators are told of now, by step or destination: one file may wait for one and be sent to another. */
  readonly #details = new Map<string, string>();

  constructor(
    protected readonly state: DataSharingState,
    protected readonly key: WorkKey,
    private readonly input: Pick<DataSharingInput, 'conflict'>,
  ) {}

  /** Goes on from a step until the work is over or parked and decided. */
  async from(next: Next): Promise<Next> {
    try {
      if (next === 'open') {
        const opened = await this.open();
        if (opened !== undefined) return opened;
        next = 'retrieve';
      }
      if (typeof next === 'object') {
        await this.finish(next.acknowledgeAs);
        return next;
      }
      if (next !== 'acknowledge') this.#finishAs = undefined;
      if (next === 'retrieve') {
        const twin = await this.retrieve();
        if (twin) {
          await this.finish(Outcome.alreadyDone);
          return 'acknowledge';
        }
        next = 'transform';
      }
      if (next === 'transform') {
        if (await this.transform()) {
          await this.finish(Outcome.refused);
          return 'acknowledge';
        }
        next = 'deliver';
      }
      if (next === 'deliver') await this.deliver();
      const inPart = this.state.flags.includes('resources-left-out');
      await this.finish(this.#finishAs ?? (inPart ? Outcome.deliveredInPart : Outcome.delivered));
      return next;
    } catch (error) {
      if (isCancellation(error)) throw error;
      return await this.park(stepFailure(error));
    }
  }

  /** Asks the ledger. @returns where to go on when this is not new work */
  protected async open(): Promise<Next | undefined> {
    const entry = { ...this.key, notification: this.state.first };
    const opened = await quickThenUntilDone(
      () => quick.openNotification(entry),
      () => ledger.openNotification(entry),
      (failure) => this.retries('`open` (PostgreSQL)', failure),
    );
    this.tell('`open` (PostgreSQL)', '');
    switch (opened.disposition) {
      case 'closed':
        this.state.flag(`duplicate-of-${opened.outcome}`);
        return { acknowledgeAs: Outcome.alreadyDone };
      case 'conflict':
        this.state.conflicts.push(this.state.first);
        this.state.outcome = Outcome.moved;
        return 'open';
      case 'new':
        return this.input.conflict === true
          ? await this.park({
              code: 'DUCTUS_NOTIFICATION_CONFLICT',
              message: 'The id was used for another file before.',
            })
          : undefined;
    }
  }

  /** Token and file. @returns true when another notification brought the same bytes before */
  protected async retrieve(): Promise<boolean> {
    this.#step = 'retrieve';
    return withNewest(
      () => this.state.notifications,
      async () => {
        const { source } = this.state.newest;
        const wanted = { ...this.key, source, sourceHash: this.state.newest.sourceHash };
        const slow =
          (step: string) =>
          (failure: StepFailure): void =>
            this.isSlow(Stage.retrieving, step, failure, LIMITS.retrieveTotalMs);
        if (source.kind === 'access-point') {
          await quickThenPatient(
            () => quick.obtainToken(this.key),
            () => fetching.obtainToken.executeWithOptions({ summary: 'retrieve: token of Roche' }, [this.key]),
            slow(STEPS.token),
          );
          this.tell(STEPS.token, '');
        }
        const result = await quickThenPatient(
          () => quick.retrieveFile(wanted),
          () => fetching.retrieveFile.executeWithOptions({ summary: 'retrieve: file from S3' }, [wanted]),
          slow(STEPS.file),
        );
        this.tell(STEPS.file, '');
        if (result.status === 'stored') return false;
        this.state.flag(`same-object-as-${result.notificationId}`);
        return true;
      },
    );
  }

  /** Waits for the patient's turn and makes the messages. @returns true when the consent policy refuses the file */
  private async transform(): Promise<boolean> {
    this.#step = 'transform';
    for (;;) {
      const seen = this.state.turns;
      const result = await quickThenPatient(
        () => this.transformOnce('quick'),
        () => this.transformOnce('patient'),
        (failure) => this.isSlow(Stage.transforming, STEPS.transform, failure, LIMITS.transformTotalMs),
      );
      this.tell(STEPS.transform, '');
      if (result.status === 'refused') {
        for (const reason of result.reasons) this.state.flag(`consent-${reason}`);
        return true;
      }
      if (result.status === 'ready') {
        this.#destinations = result.destinations;
        this.#small = result.messages <= QUICK_DELIVERY_MESSAGES;
        return false;
      }
      this.waits(STEPS.transform, `an earlier file of the same patient: \`${result.behind}\``);
      await condition(() => this.state.turns > seen, LIMITS.waitFallbackMs);
      this.tell(STEPS.transform, '');
    }
  }

  /** The one step of the transform that a redelivery does in its own way. */
  protected transformOnce(pace: 'quick' | 'patient'): Promise<TransformResult> {
    return pace === 'quick'
      ? quick.transformFile(this.key)
      : transforming.transformFile.executeWithOptions({ summary: 'transform: file to messages' }, [this.key]);
  }

  private async deliver(): Promise<void> {
    this.#step = 'deliver';
    const results = await Promise.allSettled(this.#destinations.map((destination) => this.deliverTo(destination)));
    const failed = results.find((result) => result.status === 'rejected');
    this.#resendAmbiguous = false;
    if (failed !== undefined) throw failed.reason;
  }

  private async deliverTo(destination: DestinationId): Promise<void> {
    let isQuick = this.#small;
    for (;;) {
      const wasReleased = this.state.released.delete(destination);
      const input = { ...this.key, destination, released: wasReleased, resendAmbiguous: this.#resendAmbiguous };
      const step = `\`deliver\` to \`${destination}\``;
      const patient = () =>
        delivering.deliverMessages.executeWithOptions({ summary: `deliver to ${destination}` }, [input]);
      const unhurried = () => {
        this.tell(step, busyDetails(step, Date.now()));
        return patient();
      };
      const tried = isQuick
        ? await quickThenPatient(
            () => quick.deliverMessages(input),
            patient,
            (failure) => this.isSlow(Stage.delivering, step, failure),
          )
        : await unhurried();
      const result = tried.status === 'busy' ? await unhurried() : tried;
      this.tell(step, '');
      if (result.status === 'delivered') return;
      isQuick = false;
      this.waits(
        step,
        `the destination \`${destination}\`, which is paused, held or draining`,
        `see why with \`ductus destinations list\`, or on the page of the workflow \`destination/${destination}\`.`,
      );
      await condition(() => this.state.released.has(destination), LIMITS.waitFallbackMs);
      this.tell(step, '');
      this.show(Stage.delivering);
    }
  }

  /** ACK with the newest handle, again for each notification that came meanwhile. */
  protected async finish(outcome: Outcome): Promise<void> {
    this.#step = 'acknowledge';
    this.#finishAs = outcome;
    let impossible = false;
    while (this.#acknowledged < this.state.notifications) {
      impossible = await withNewest(
        () => this.state.notifications,
        async () => {
          const { receiptHandle, operationId } = this.state.newest;
          const attempt = this.state.notifications;
          const ack = {
            ...this.key,
            receiptHandle,
            operationId,
            attempt,
            delivered: outcome === Outcome.delivered || outcome === Outcome.deliveredInPart,
          };
          const result = await quickThenPatient(
            () => quick.acknowledge(ack),
            () => acknowledging.acknowledge.executeWithOptions({ summary: 'acknowledge: tell Roche' }, [ack]),
            (failure) => this.isSlow(Stage.acknowledging, STEPS.acknowledge, failure, LIMITS.acknowledgeTotalMs),
          );
          this.tell(STEPS.acknowledge, '');
          this.#acknowledged = attempt;
          return result.status === 'handle-refused';
        },
      );
    }
    if (impossible) this.state.flag('ack-impossible');
    this.state.outcome = impossible && outcome === Outcome.delivered ? Outcome.deliveredAckImpossible : outcome;
  }

  /** Stops until an operator decides or a new notification makes another try worth while. */
  private async park(failure: { readonly code: ErrorCode; readonly message: string }): Promise<Next> {
    const { state } = this;
    const seen = state.notifications;
    state.failure = { ...failure, step: this.#step };
    this.watchDeadline();
    await ledger.recordParked({
      ...this.key,
      errorCode: failure.code,
      errorMessage: failure.message,
      failedStep: this.#step,
    });
    state.stage = Stage.parked;
    upsertSearchAttributes([
      { key: STAGE, value: Stage.parked },
      { key: ERROR_CODE, value: failure.code },
    ]);
    this.#details.clear();
    setCurrentDetails(parkedDetails(state.status(), workflowInfo().workflowId, Date.now()));
    await condition(() => state.decided || (state.renewable && state.notifications > seen));
    const decision = state.takeDecision();
    // Before the next wait: from here on another decision is refused.
    state.failure = undefined;
    const decided = decision === undefined ? undefined : await ledger.recordDecision({ ...this.key, decision });
    upsertSearchAttributes([{ key: ERROR_CODE, value: null }]);
    setCurrentDetails('');
    this.show(Stage.received);
    switch (decision?.action) {
      case undefined:
        return this.#step;
      case 'retry':
        this.#resendAmbiguous = failure.code === 'DUCTUS_EMR_AMBIGUOUS';
        return decision.from ?? this.#step;
      case 'skip':
        // An ambiguous message that is taken as arrived leaves nothing out: what is behind it goes on.
        if (decided?.leftOut === 0 && this.#step === 'deliver') return 'deliver';
        state.flag('resources-left-out');
        return 'transform';
      case 'discard':
        return { acknowledgeAs: Outcome.discarded };
    }
  }

  /**
   * Hands over what came under this id with other content, and closes the ledger's entry.
   * @returns false when a notification came meanwhile that is not acknowledged yet
   */
  async close(outcome: Outcome): Promise<boolean> {
    const { state } = this;
    while (state.conflicts.length > 0) {
      for (const notification of state.conflicts.splice(0)) await ledger.startConflict({ ...this.key, notification });
    }
    if (outcome !== Outcome.moved) {
      const record = { ...this.key, outcome, flags: state.flags };
      await quickThenUntilDone(
        () => quick.closeNotification(record),
        () => ledger.closeNotification(record),
        (failure) => this.retries('`close` (PostgreSQL)', failure),
      );
      this.tell('`close` (PostgreSQL)', '');
      if (state.conflicts.length > 0 || this.#acknowledged < state.notifications) return false;
    }
    state.stage = Stage.done;
    upsertSearchAttributes([
      { key: STAGE, value: Stage.done },
      { key: OUTCOME, value: outcome },
    ]);
    return true;
  }

  private show(stage: Stage): void {
    if (this.state.stage === stage) return;
    this.state.stage = stage;
    upsertSearchAttributes([{ key: STAGE, value: stage }]);
  }

  /** @param step which, and where to; @param totalMs of all its tries, before the work is parked */
  protected isSlow(stage: Stage, step: string, failure: StepFailure, totalMs?: number): void {
    this.watchDeadline();
    this.show(stage);
    this.retries(step, failure, totalMs);
  }

  protected retries(step: string, failure: StepFailure, totalMs?: number): void {
    const sinceMs = Date.now();
    this.tell(step, retryingDetails({ step, failure, sinceMs, ...(totalMs === undefined ? {} : { totalMs }) }));
  }

  private waits(step: string, what: string, todo?: string): void {
    this.watchDeadline();
    this.show(Stage.waiting);
    this.tell(step, waitingDetails(what, Date.now(), todo));
  }

  /** Shows what a step is about to operators; empty: it is over. Answers a query, so it is no command of the history. */
  protected tell(step: string, details: string): void {
    if (details === '' && !this.#details.delete(step)) return;
    if (details !== '') this.#details.set(step, details);
    setCurrentDetails([...this.#details.values()].join('\n\n---\n\n'));
  }

  /** Raises an alert before Roche's last repeat; the timer exists only where the work is not quick. */
  protected watchDeadline(): void {
    if (this.#deadlineWatched) return;
    this.#deadlineWatched = true;
    const watch = CancellationScope.nonCancellable(async () => {
      await sleep(await ledger.millisecondsToDeadline({ ...this.key, receivedAtMs: this.state.first.receivedAtMs }));
      await ledger.raiseDeadlineAlert(this.key);
    });
    watch.catch(() => undefined);
  }
}

/**
 * All changes of one patient, one after the other, until Roche has the newest. Changes that come while one is sent wait, and
 * go out together. Only order, limits and decisions stand here; what a step does is in the activities. A change that alters the
 * commands of a running workflow needs `patched` (docs/operations/releases.md).
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ErrorCode } from '../domain/errors';
import { LIMITS } from '../domain/limits';
import { ChangeState } from '../domain/patient-sync';
import type {
  DeskReport,
  PatientChange,
  PatientFailure,
  PatientKey,
  PatientSyncInput,
  PatientSyncResult,
} from '../domain/patient-sync';
import { Stage } from '../domain/stages';
import { rocheDestination } from '../domain/workflow-ids';
import { busyDetails, parkedPatientDetails, retryingDetails, waitingDetails } from './operator-view';
import { ledger, quick, reporting, sending } from './patient-sync-activities';
import { listenForPatient } from './patient-sync-messages';
import { PatientSyncState } from './patient-sync-state';
import { ERROR_CODE, OUTCOME, STAGE } from './search-attributes';
import { quickThenUntilDone, stepFailure } from './steps';

/** A run ends after so many changes at the latest and goes on in a new one, so that its history stays one that a person can read. */
const CHANGES_OF_A_RUN = 100;

/** What the registration desk can mend. */
const FOR_THE_DESK: ReadonlySet<ErrorCode> = new Set(['DUCTUS_PATIENT_REFUSED', 'DUCTUS_PATIENT_DUPLICATE'] as const);

export async function patientSync(input: PatientSyncInput): Promise<PatientSyncResult> {
  const state = new PatientSyncState(input);
  listenForPatient(state);
  const { organization, patient } = input;
  return new PatientRun(state, { organization, patient }).toTheEnd();
}

class PatientRun {
  #changes = 0;
  /** How the last changes ended. */
  #outcome: string = ChangeState.stale;
  /** Waits for the destination; it sends a signal. */
  #queued = false;

  constructor(
    private readonly state: PatientSyncState,
    private readonly key: PatientKey,
  ) {
    for (const report of state.reports) this.report(report);
    if (state.failure !== undefined) this.showParked(state.failure);
  }

  async toTheEnd(): Promise<PatientSyncResult> {
    const { state } = this;
    for (;;) {
      if (state.arrived.length > 0) await this.takeUp();
      if (this.isLong) await this.carryOn();
      if (state.arrived.length > 0) continue;
      if (state.failure !== undefined) await this.stayParked(state.failure);
      else if (!state.queue.isEmpty) await this.send();
      else if (state.reports.size > 0) await condition(() => state.arrived.length > 0 || state.reports.size === 0);
      else if (await this.isOver()) return { changes: this.#changes };
    }
  }

  /** Enters what came into the ledger, and puts what is new to its place. */
  private async takeUp(): Promise<void> {
    const { state, key } = this;
    const arrived = state.arrived.splice(0);
    const headers = arrived.map(({ content: _, ...header }) => header);
    const verdicts = await quickThenUntilDone(
      () => quick.takeUpChanges({ ...key, changes: headers }),
      () => ledger.takeUpChanges({ ...key, changes: headers }),
      (failure) => {
        this.tell(retryingDetails({ step: '`take up` (PostgreSQL)', failure, sinceMs: Date.now() }));
      },
    );
    this.#changes += arrived.length;
    for (const [index, change] of arrived.entries()) {
      // The same may have come again while this was written down.
      if (verdicts[index] === 'taken' && !state.queue.has(change.id)) state.queue.add(change);
    }
    const by = state.queue.newest?.id;
    const dropped = state.queue.trim();
    if (dropped.length > 0 && by !== undefined) {
      await ledger.recordPatientSuperseded({ ...key, changeIds: dropped, by });
    }
  }

  /** One try to bring what waits to Roche; waits where its services are not open. */
  private async send(): Promise<void> {
    const { state, key } = this;
    if (this.#queued && !state.released) {
      await condition(() => state.released || state.merged || state.arrived.length > 0, LIMITS.waitFallbackMs);
      if (state.arrived.length > 0) return;
    }
    const { released } = state;
    state.released = false;
    state.merged = false;
    this.#queued = false;
    this.show(Stage.delivering);
    this.tell(busyDetails('`send` to Roche', Date.now()));
    const { changes } = state.queue;
    try {
      const result = await sending.sendPatient.executeWithOptions({ summary: summaryOf(changes) }, [
        { ...key, changes, released },
      ]);
      this.tell('');
      if (result.status === 'waiting') {
        this.#queued = true;
        this.showWaiting();
        return;
      }
      this.#outcome = result.status === 'accepted' ? result.state : ChangeState.forwarded;
      state.queue.clear();
    } catch (error) {
      if (isCancellation(error)) throw error;
      await this.park(error);
    }
  }

  private async park(error: unknown): Promise<void> {
    const { state, key } = this;
    const { newest } = state.queue;
    if (newest === undefined) return;
    const element = elementOf(error);
    const failure = {
      ...stepFailure(error),
      ...(element === undefined ? {} : { element }),
      sinceMs: Date.now(),
    };
    await ledger.recordPatientParked({
      ...key,
      changeIds: state.queue.ids,
      newest: newest.id,
      code: failure.code,
      message: failure.message,
      ...(element === undefined ? {} : { element }),
    });
    state.failure = failure;
    state.stage = Stage.parked;
    upsertSearchAttributes([
      { key: STAGE, value: Stage.parked },
      { key: ERROR_CODE, value: failure.code },
    ]);
    this.showParked(failure);
    if (FOR_THE_DESK.has(failure.code)) this.report(reportOf(key, newest, failure));
  }

  /** Stops until an operator decides, a newer change replaces what was refused, or the number is merged into another. */
  private async stayParked(failure: PatientFailure): Promise<void> {
    const { state, key } = this;
    const refused = state.queue.newest?.id;
    if (refused === undefined) {
      state.failure = undefined;
      return;
    }
    const isReplaced = (): boolean => state.queue.newest?.id !== refused;
    await condition(() => state.decided || state.merged || state.arrived.length > 0);
    let decision = state.takeDecision();
    if (decision === undefined && !state.merged) {
      await this.takeUp();
      // Somebody may have decided meanwhile.
      decision = state.takeDecision();
      if (decision === undefined && !isReplaced()) return;
    }
    // From here on another decision is refused.
    state.failure = undefined;
    const by = isReplaced() ? state.queue.newest?.id : undefined;
    if (decision?.action === 'discard') {
      const changeIds = by === undefined ? state.queue.ids : state.queue.dropRefused(refused);
      await ledger.recordPatientDecision({ ...key, changeIds, decision });
      if (by === undefined) state.queue.clear();
      this.#outcome = ChangeState.discarded;
    } else {
      if (decision !== undefined) await ledger.recordPatientDecision({ ...key, changeIds: state.queue.ids, decision });
      if (by !== undefined && isOutdated(failure)) {
        await ledger.recordPatientSuperseded({ ...key, changeIds: state.queue.dropRefused(refused), by });
      }
      await ledger.recordPatientUnparked(key);
    }
    state.stage = Stage.received;
    upsertSearchAttributes([
      { key: STAGE, value: Stage.received },
      { key: ERROR_CODE, value: null },
    ]);
    this.tell('');
  }

  /** Nothing waits. @returns false when something came at the last moment */
  private async isOver(): Promise<boolean> {
    const { state } = this;
    await condition(allHandlersFinished);
    if (state.arrived.length > 0) return false;
    state.stage = Stage.done;
    upsertSearchAttributes([
      { key: STAGE, value: Stage.done },
      { key: OUTCOME, value: this.#outcome },
    ]);
    return true;
  }

  private get isLong(): boolean {
    const { state } = this;
    // A decision, or the word that the number was merged, is dealt with before.
    if (state.queue.isEmpty || state.decided || state.merged) return false;
    return this.#changes >= CHANGES_OF_A_RUN || workflowInfo().continueAsNewSuggested;
  }

  /** Goes on in a new run with what waits. */
  private async carryOn(): Promise<never> {
    const { state, key } = this;
    await condition(allHandlersFinished);
    return continueAsNew<typeof patientSync>({
      ...key,
      waiting: state.arrived,
      taken: state.queue.changes,
      ...(state.failure === undefined ? {} : { parked: state.failure }),
      reports: [...state.reports],
    });
  }

  /** Beside the work: a desk that cannot be reached holds nothing up, and the run does not end before it was told. */
  private report(report: DeskReport): void {
    this.state.reports.add(report);
    const told = reporting.reportToDesk.executeWithOptions({ summary: 'report to the registration desk' }, [report]);
    // What failed for good is in the log and under “Activities”; the patient stands in the worklist all the same.
    void told.catch(() => undefined).then(() => this.state.reports.delete(report));
  }

  private show(stage: Stage): void {
    if (this.state.stage === stage) return;
    this.state.stage = stage;
    upsertSearchAttributes([{ key: STAGE, value: stage }]);
  }

  private showWaiting(): void {
    const destination = rocheDestination(this.key.organization);
    this.show(Stage.waiting);
    this.tell(
      waitingDetails(
        `Roche’s patient services (destination \`${destination}\`), which are paused, held or draining`,
        Date.now(),
        `see why with \`ductus destinations list\`, or on the page of the workflow \`destination/${destination}\`.`,
      ),
    );
  }

  private showParked(failure: PatientFailure): void {
    const controlId = this.state.queue.newest?.origin.controlId ?? '';
    this.tell(parkedPatientDetails(failure, controlId, workflowInfo().workflowId));
  }

  private tell(details: string): void {
    setCurrentDetails(details);
  }
}

/**
 * Whether what failed is left out when a newer message comes. What Roche refused of the patient is not: the newer message
 * replaces that by itself, and may say nothing of the diagnoses that the refused one had.
 */
function isOutdated({ code, element = '' }: PatientFailure): boolean {
  return !FOR_THE_DESK.has(code) || element.includes('Condition');
}

function summaryOf(changes: readonly PatientChange[]): string {
  const event = changes.at(-1)?.event ?? '';
  return changes.length > 1 ? `send: ${event} and ${String(changes.length - 1)} before it` : `send: ${event}`;
}

function reportOf(key: PatientKey, { id, origin, event }: PatientChange, failure: PatientFailure): DeskReport {
  const { code, element, sinceMs } = failure;
  return {
    ...key,
    changeId: id,
    controlId: origin.controlId,
    source: origin.source,
    event,
    code,
    ...(element === undefined ? {} : { element }),
    atMs: sinceMs,
  };
}

/** The element that Roche named, out of what the activity threw. */
function elementOf(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (!(cause instanceof ApplicationFailure)) continue;
    const [details] = cause.details ?? [];
    if (typeof details === 'object' && details !== null && 'element' in details && typeof details.element === 'string')
      return details.element;
  }
  return undefined;
}

/**
 * Parked work waits for one decision of an operator: what may be decided, and how it is said (an update, a batch signal). The
 * same for every flow; what each of them can do is its own.
 */
import { ApplicationFailure, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import type { Repair, RepairResult } from '../domain/data-sharing';
import { SIGNALS, UPDATES } from '../domain/messages';
import { isPlainText } from '../domain/plain-text';
import { Stage } from '../domain/stages';
import type { StepFailure } from './steps';

const repairInBatch = defineSignal<[Repair]>(SIGNALS.repairInBatch);
/** An update, not a signal: the operator must learn at once whether the decision was taken. */
const repair = defineUpdate<RepairResult, [Repair]>(UPDATES.repair);

function isGoodText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && isPlainText(value);
}

/** State of work that can be parked. */
export abstract class RepairableState {
  stage: Stage = Stage.received;
  /** Why it is parked; undefined as soon as a decision is being written down. */
  abstract failure: StepFailure | undefined;
  #decision: Repair | undefined;

  /** Why this flow can't do what was decided, or undefined when it can. The work is parked, and name and reason are good. */
  protected abstract whyNotHere(repair: Repair): string | undefined;

  /** Why a repair can't be taken now, or undefined when it can. */
  whyNot(decision: Repair): string | undefined {
    if (typeof decision !== 'object' || decision === null) return 'a repair is an object with action, by and reason';
    if (this.stage !== Stage.parked) return `the work is not parked, it is ${this.stage}`;
    if (this.failure === undefined) return 'a decision is being written down';
    if (this.#decision !== undefined) return `it was decided already: ${this.#decision.action}`;
    if (!isGoodText(decision.by)) return 'by: say who decides, in plain text';
    if (!isGoodText(decision.reason)) return 'reason: say why, in plain text';
    return this.whyNotHere(decision);
  }

  decide(decision: Repair): void {
    this.#decision = decision;
  }

  get decided(): boolean {
    return this.#decision !== undefined;
  }

  takeDecision(): Repair | undefined {
    const decision = this.#decision;
    this.#decision = undefined;
    return decision;
  }
}

/** Listens to operators. */
export function listenToOperators(state: RepairableState): void {
  setHandler(repairInBatch, (decision) => {
    if (state.whyNot(decision) === undefined) state.decide(decision);
  });
  const refuse = (decision: Repair): void => {
    const why = state.whyNot(decision);
    if (why !== undefined) throw ApplicationFailure.nonRetryable(why, 'DUCTUS_STATE_CONFLICT');
  };
  setHandler(
    repair,
    (decision) => {
      // Again, because two updates of one moment are both validated before the first is handled.
      refuse(decision);
      state.decide(decision);
      return { accepted: true, stage: state.stage };
    },
    { validator: refuse },
  );
}

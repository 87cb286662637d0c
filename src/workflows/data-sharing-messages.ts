/** What others can tell and ask a piece of work: signals, the update and the query of a delivery and of a redelivery. */
import { ApplicationFailure, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import type { DataSharingStatus, Notification, Repair, RepairResult } from '../domain/data-sharing';
import type { DestinationId } from '../domain/identifiers';
import { QUERIES, SIGNALS, UPDATES } from '../domain/messages';
import type { DataSharingState } from './data-sharing-state';

export const notified = defineSignal<[Notification]>(SIGNALS.notified);
export const turn = defineSignal(SIGNALS.turn);
export const released = defineSignal<[DestinationId]>(SIGNALS.released);
export const repairInBatch = defineSignal<[Repair]>(SIGNALS.repairInBatch);
/** An update, not a signal: the operator must learn at once whether the decision was taken. */
export const repair = defineUpdate<RepairResult, [Repair]>(UPDATES.repair);
export const status = defineQuery<DataSharingStatus>(QUERIES.status);

/** Listens to what others tell a piece of work while it is under way, whether it is delivered or delivered again. */
export function listen(state: DataSharingState): void {
  setHandler(turn, () => void (state.turns += 1));
  setHandler(released, (destination) => void state.released.add(destination));
  setHandler(status, () => state.status());
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

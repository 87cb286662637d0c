/** What others can tell and ask the workflow of a patient. */
import { ApplicationFailure, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import type { Repair, RepairResult } from '../domain/data-sharing';
import type { DestinationId } from '../domain/identifiers';
import { QUERIES, SIGNALS, UPDATES } from '../domain/messages';
import type { PatientChange, PatientSyncStatus } from '../domain/patient-sync';
import type { PatientSyncState } from './patient-sync-state';

export const changed = defineSignal<[PatientChange]>(SIGNALS.changed);
export const merged = defineSignal(SIGNALS.merged);
const released = defineSignal<[DestinationId]>(SIGNALS.released);
const repairInBatch = defineSignal<[Repair]>(SIGNALS.repairInBatch);
/** An update, not a signal: the operator must learn at once whether the decision was taken. */
const repair = defineUpdate<RepairResult, [Repair]>(UPDATES.repair);
const status = defineQuery<PatientSyncStatus>(QUERIES.status);

/** Listens while the workflow runs. */
export function listenForPatient(state: PatientSyncState): void {
  setHandler(changed, (change) => state.arrive(change));
  setHandler(merged, () => void (state.merged = true));
  setHandler(released, () => void (state.released = true));
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

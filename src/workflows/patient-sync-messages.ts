/** What others can tell and ask the workflow of a patient. */
import { defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import type { DestinationId } from '../domain/identifiers';
import { QUERIES, SIGNALS } from '../domain/messages';
import type { PatientChange, PatientSyncStatus } from '../domain/patient-sync';
import type { PatientSyncState } from './patient-sync-state';
import { listenToOperators } from './repairs';

export const changed = defineSignal<[PatientChange]>(SIGNALS.changed);
export const merged = defineSignal(SIGNALS.merged);
const released = defineSignal<[DestinationId]>(SIGNALS.released);
const status = defineQuery<PatientSyncStatus>(QUERIES.status);

/** Listens while the workflow runs. */
export function listenForPatient(state: PatientSyncState): void {
  setHandler(changed, (change) => state.arrive(change));
  setHandler(merged, () => void (state.merged = true));
  setHandler(released, () => void (state.released = true));
  setHandler(status, () => state.status());
  listenToOperators(state);
}

/** What others can tell and ask a piece of work: signals and the query of a delivery and of a redelivery. */
import { defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import type { DataSharingStatus, Notification } from '../domain/data-sharing';
import type { DestinationId } from '../domain/identifiers';
import { QUERIES, SIGNALS } from '../domain/messages';
import type { DataSharingState } from './data-sharing-state';
import { listenToOperators } from './repairs';

export const notified = defineSignal<[Notification]>(SIGNALS.notified);
export const turn = defineSignal(SIGNALS.turn);
export const released = defineSignal<[DestinationId]>(SIGNALS.released);
export const status = defineQuery<DataSharingStatus>(QUERIES.status);

/** Listens to what others tell a piece of work while it is under way, whether it is delivered or delivered again. */
export function listen(state: DataSharingState): void {
  setHandler(turn, () => void (state.turns += 1));
  setHandler(released, (destination) => void state.released.add(destination));
  setHandler(status, () => state.status());
  listenToOperators(state);
}

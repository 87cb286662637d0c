/**
 * Gauges of how work stands, from the store. They are silent when stale: a gauge that could not be refreshed goes away,
 * because an old number that looks like a new one is worse than none. `ductus_standing_up` says which it is.
 */
import { Gauge, type Registry } from 'prom-client';
import { DestinationState } from '../../domain/destinations';
import type { Standing } from '../../domain/standing';

/** Registers the gauges. @returns shows a standing; undefined takes everything away */
export function createStandingGauges(registry: Registry): (standing: Standing | undefined) => void {
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label> =>
    new Gauge({ name, help, labelNames, registers: [registry] });

  const up = gauge(
    'ductus_standing_up',
    '1 when the gauges of how work stands were read from the store, 0 when not.',
    [],
  );
  const open = gauge('ductus_open_work', 'Pieces of work that are not over, by stage.', [
    'flow',
    'organization',
    'stage',
  ]);
  const oldest = gauge(
    'ductus_oldest_work_age_seconds',
    'Since the oldest piece of work that is not over was received, by stage.',
    ['flow', 'organization', 'stage'],
  );
  const parked = gauge('ductus_parked_work', 'Pieces of work that wait for an operator now, by code.', [
    'flow',
    'organization',
    'code',
  ]);
  const state = gauge('ductus_destination_state', '1 for the state that a destination is in, 0 for the others.', [
    'destination',
    'state',
  ]);
  const since = gauge('ductus_destination_state_seconds', 'How long a destination is in its state.', ['destination']);
  const queued = gauge('ductus_destination_queue_length', 'Deliveries that wait for a destination.', ['destination']);
  const oldestQueued = gauge(
    'ductus_destination_queue_age_seconds',
    'Since the notification of the oldest delivery that waits for a destination came.',
    ['destination'],
  );
  const ambiguous = gauge(
    'ductus_ambiguous_messages',
    'Messages that were sent and not answered: nobody knows whether they arrived.',
    ['destination'],
  );
  const traffic = gauge(
    'ductus_last_notification_timestamp_seconds',
    'When the last new notification of an organization came, Unix time.',
    ['organization'],
  );
  const alerts = gauge('ductus_alerts_raised', 'Conditions that are raised and not cleared, by code.', ['code']);
  const all = [open, oldest, parked, state, since, queued, oldestQueued, ambiguous, traffic, alerts];

  return (standing) => {
    for (const each of all) each.reset();
    up.set(standing === undefined ? 0 : 1);
    if (standing === undefined) return;
    for (const { flow, organization, stage, count, oldestSeconds } of standing.open) {
      open.set({ flow, organization, stage }, count);
      oldest.set({ flow, organization, stage }, oldestSeconds);
    }
    for (const { count, flow, organization, code } of standing.parked) parked.set({ flow, organization, code }, count);
    for (const one of standing.destinations) {
      const { destination } = one;
      for (const each of Object.values(DestinationState)) {
        state.set({ destination, state: each }, each === one.state ? 1 : 0);
      }
      if (one.stateSeconds !== undefined) since.set({ destination }, one.stateSeconds);
      queued.set({ destination }, one.queued);
      if (one.oldestQueuedSeconds !== undefined) oldestQueued.set({ destination }, one.oldestQueuedSeconds);
      ambiguous.set({ destination }, one.ambiguous);
    }
    for (const { organization, lastAt } of standing.traffic) traffic.set({ organization }, lastAt.getTime() / 1000);
    for (const [code, count] of Object.entries(standing.alerts)) alerts.set({ code }, count);
  };
}

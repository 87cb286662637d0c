/** Destinations and how they stand. */
import { DestinationState } from '../domain/destinations';
import type { Store } from '../store/database';

export interface DestinationView {
  readonly destination: string;
  readonly state: string;
  readonly failures: number;
  readonly code: string | null;
  readonly waiting: number;
  readonly since: Date | null;
  readonly nextAttemptAt: Date | null;
  readonly heldBy: string | null;
  readonly heldReason: string | null;
}

/**
 * The states of the destinations of the configuration; one that never failed has no row and is open.
 */
export async function listDestinations(
  store: Store,
  configured: readonly string[],
): Promise<readonly DestinationView[]> {
  const rows = await store.selectFrom('destination').selectAll().execute();
  const waiting = await store
    .selectFrom('destination_waiter')
    .select(['destination', (eb) => eb.fn.countAll<number>().as('count')])
    .groupBy('destination')
    .execute();
  return configured.map((destination) => {
    const row = rows.find((each) => each.destination === destination);
    return {
      destination,
      state: row?.state ?? DestinationState.open,
      failures: row?.failures ?? 0,
      code: row?.error_code ?? null,
      waiting: waiting.find((each) => each.destination === destination)?.count ?? 0,
      since: row?.since ?? null,
      nextAttemptAt: row?.next_attempt_at ?? null,
      heldBy: row?.held_by ?? null,
      heldReason: row?.held_reason ?? null,
    };
  });
}

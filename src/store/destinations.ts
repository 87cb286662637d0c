/**
 * State of the destinations and who waits for them. Written by the activities of the delivery and of the
 * destination workflow; a destination without a row is open.
 */
import { sql, type Transaction } from 'kysely';
import { DestinationState } from '../domain/destinations';
import type { ErrorCode } from '../domain/errors';
import type { DestinationId } from '../domain/identifiers';
import type { WorkKey } from '../domain/data-sharing';
import type { Store } from './database';
import { workColumns } from './ledger';
import type { Database } from './schema';

export interface DestinationStatus {
  readonly state: DestinationState;
  readonly failures: number;
}

const STATES: ReadonlySet<string> = new Set(Object.values(DestinationState));

function isState(value: string): value is DestinationState {
  return STATES.has(value);
}

/** State of one destination. */
export async function destinationStatus(store: Store, destination: DestinationId): Promise<DestinationStatus> {
  const row = await store
    .selectFrom('destination')
    .select(['state', 'failures'])
    .where('destination', '=', destination)
    .executeTakeFirst();
  return row !== undefined && isState(row.state)
    ? { state: row.state, failures: row.failures }
    : { state: DestinationState.open, failures: 0 };
}

/** What a delivery looks at first: the destination's state, and when the notification of the work first came. */
export async function deliveryStart(
  store: Store,
  key: WorkKey,
  destination: DestinationId,
): Promise<{ readonly status: DestinationStatus; readonly receivedAt: Date }> {
  const row = await store
    .selectFrom('notification')
    .leftJoin('destination', (join) => join.on('destination.destination', '=', destination))
    .select(['received_at', 'destination.state', 'destination.failures'])
    .where((eb) => eb.and(workColumns(key)))
    .executeTakeFirstOrThrow();
  const status =
    row.state !== null && isState(row.state)
      ? { state: row.state, failures: row.failures ?? 0 }
      : { state: DestinationState.open, failures: 0 };
  return { status, receivedAt: row.received_at };
}

async function lockRow(trx: Transaction<Database>, destination: DestinationId): Promise<DestinationState> {
  await sql`
    insert into destination (destination, state, since) values (${destination}, ${DestinationState.open}, now())
    on conflict (destination) do nothing
  `.execute(trx);
  const row = await sql<{
    state: string;
  }>`select state from destination where destination = ${destination} for update`.execute(trx);
  const state = row.rows[0]?.state ?? DestinationState.open;
  return isState(state) ? state : DestinationState.open;
}

/**
 * Queues a delivery unless the destination is open. Takes the row lock that `openDestination` takes, so that nobody
 * queues behind a destination that has just opened.
 * @returns true when the delivery waits, false when it may go on
 */
export async function waitForDestination(
  store: Store,
  destination: DestinationId,
  workflowId: string,
  receivedAt: Date,
): Promise<boolean> {
  return store.transaction().execute(async (trx) => {
    if ((await lockRow(trx, destination)) === DestinationState.open) return false;
    await sql`
      insert into destination_waiter (destination, workflow_id, received_at) values (${destination}, ${workflowId}, ${receivedAt})
      on conflict (destination, workflow_id) do update set woken = false
    `.execute(trx);
    return true;
  });
}

/**
 * The next waiting deliveries, in the order in which their notifications came. They are marked: one that queues again
 * before it is forgotten stays in the queue.
 */
export async function nextWaiters(store: Store, destination: DestinationId, limit: number): Promise<readonly string[]> {
  const { rows } = await sql<{ workflow_id: string }>`
    with next as (
      select workflow_id, received_at from destination_waiter where destination = ${destination}
      order by received_at, workflow_id limit ${limit}
    ), marked as (
      update destination_waiter w set woken = true from next
      where w.destination = ${destination} and w.workflow_id = next.workflow_id
    )
    select workflow_id from next order by received_at, workflow_id
  `.execute(store);
  return rows.map((row) => row.workflow_id);
}

/** Takes deliveries of `nextWaiters` off the queue after they were woken, except those that have queued again since. */
export async function forgetWaiters(
  store: Store,
  destination: DestinationId,
  workflowIds: readonly string[],
): Promise<void> {
  if (workflowIds.length === 0) return;
  await store
    .deleteFrom('destination_waiter')
    .where('destination', '=', destination)
    .where('workflow_id', 'in', workflowIds)
    .where('woken', '=', true)
    .execute();
}

/** Takes a piece of work off every queue when it is over or parked. */
export async function forgetWaiter(store: Store, workflowId: string): Promise<void> {
  await store.deleteFrom('destination_waiter').where('workflow_id', '=', workflowId).execute();
}

/**
 * Counts a failure; at the threshold a destination that is open or drains becomes paused.
 * @returns the state afterwards, and whether this failure paused it
 */
export async function countFailure(
  store: Store,
  destination: DestinationId,
  code: ErrorCode,
  threshold: number,
): Promise<{ readonly state: DestinationState; readonly paused: boolean }> {
  return store.transaction().execute(async (trx) => {
    const before = await lockRow(trx, destination);
    const row = await sql<{ failures: number }>`
      update destination set failures = failures + 1, error_code = ${code} where destination = ${destination} returning failures
    `.execute(trx);
    const sends = before === DestinationState.open || before === DestinationState.draining;
    if (!sends || (row.rows[0]?.failures ?? 0) < threshold) return { state: before, paused: false };
    await sql`
      update destination set state = ${DestinationState.paused}, since = now() where destination = ${destination}
    `.execute(trx);
    return { state: DestinationState.paused, paused: true };
  });
}

/** Forgets failures after a success. */
export async function clearFailures(store: Store, destination: DestinationId): Promise<void> {
  await store.updateTable('destination').set({ failures: 0 }).where('destination', '=', destination).execute();
}

export interface DestinationChange {
  readonly state: DestinationState;
  readonly nextAttemptAt?: Date;
  readonly heldBy?: string;
  readonly heldReason?: string;
}

/** Sets the state, as the destination workflow says. */
export async function setDestination(
  store: Store,
  destination: DestinationId,
  change: DestinationChange,
): Promise<void> {
  await store.transaction().execute(async (trx) => {
    const before = await lockRow(trx, destination);
    await trx
      .updateTable('destination')
      .set({
        state: change.state,
        // A drain begins with an answer of the destination: what failed before is over.
        ...(change.state === DestinationState.draining ? { failures: 0 } : {}),
        next_attempt_at: change.nextAttemptAt ?? null,
        held_by: change.heldBy ?? null,
        held_reason: change.heldReason ?? null,
        ...(before === change.state ? {} : { since: new Date() }),
      })
      .where('destination', '=', destination)
      .execute();
  });
}

/**
 * Opens the destination if nobody waits.
 * @returns false when somebody does
 */
export async function openDestination(store: Store, destination: DestinationId): Promise<boolean> {
  return store.transaction().execute(async (trx) => {
    await lockRow(trx, destination);
    const waiting = await trx
      .selectFrom('destination_waiter')
      .select('workflow_id')
      .where('destination', '=', destination)
      .limit(1)
      .executeTakeFirst();
    if (waiting !== undefined) return false;
    await sql`
      update destination set state = ${DestinationState.open}, failures = 0, error_code = null, since = now(),
        next_attempt_at = null, held_by = null, held_reason = null
      where destination = ${destination}
    `.execute(trx);
    return true;
  });
}

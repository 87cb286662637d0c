/**
 * Turns: files of one patient reach a destination one after the other, in the order in which they were fetched.
 * A parked file holds back only files that carry one of its own undelivered resources (ARCHITECTURE §6); a parked
 * redelivery (its variant has an `r`) only those that carry one whose outcome is not known, since it is made anew when it
 * goes on, and what is newer wins.
 */
import { sql, type Transaction } from 'kysely';
import type { WorkKey } from '../domain/data-sharing';
import type { DestinationId, KeyedHash } from '../domain/identifiers';
import type { Store } from './database';
import { workColumns } from './ledger';
import type { Database } from './schema';

export interface Lane {
  readonly destination: DestinationId;
  readonly patient: KeyedHash;
}

export type TurnResult =
  { readonly granted: true; readonly ticket: number } | { readonly granted: false; readonly behind: string };

/**
 * Takes a place in the lanes and says whether it is this work's turn. Asking again keeps the place.
 * Lanes are locked in sorted order, so tickets of two works agree in every lane that they share: no deadlock.
 * @param resources hashes of the resources that the work carries
 */
export async function takeTurn(
  store: Store,
  key: WorkKey,
  workflowId: string,
  lanes: readonly Lane[],
  resources: readonly string[],
): Promise<TurnResult> {
  return store.transaction().execute(async (trx) => {
    const sorted = await lockLanes(trx, lanes);
    const destinations = sorted.map((lane) => lane.slice(0, lane.indexOf(' ')));
    const patients = sorted.map((lane) => lane.slice(lane.indexOf(' ') + 1));
    const taken = await sql<{ ticket: number }>`
      with mine as (
        select coalesce(
          (select min(ticket) from turn where organization = ${key.organization}
            and notification_id = ${key.notificationId} and variant = ${key.variant}),
          nextval('ticket')) as ticket
      )
      insert into turn (destination, patient_hash, organization, notification_id, variant, workflow_id, ticket)
      select l.destination, l.patient, ${key.organization}, ${key.notificationId}, ${key.variant}, ${workflowId}, mine.ticket
      from mine, unnest(${destinations}::text[], ${patients}::text[]) as l(destination, patient)
      on conflict (destination, patient_hash, organization, notification_id, variant) do update set parked = false, released = false
      returning ticket
    `.execute(trx);
    const ticket = taken.rows[0]?.ticket ?? 0;
    const ahead = await sql<{ workflow_id: string }>`
      select t.workflow_id from turn t
      join unnest(${destinations}::text[], ${patients}::text[]) as l(destination, patient)
        on t.destination = l.destination and t.patient_hash = l.patient
      where t.ticket < ${ticket} and not t.released
        and (not t.parked or exists (
          select 1 from message m
          where m.organization = t.organization and m.notification_id = t.notification_id and m.variant = t.variant
            and m.destination = t.destination and m.state not in ('accepted', 'left-out')
            and (m.state = 'sending' or position('r' in t.variant) = 0)
            and m.resource_hashes && ${resources}::text[]))
      order by t.ticket
      limit 1
    `.execute(trx);
    const first = ahead.rows[0];
    return first === undefined ? { granted: true, ticket } : { granted: false, behind: first.workflow_id };
  });
}

/** @returns the names of the lanes, in the order in which everybody locks them */
async function lockLanes(
  trx: Transaction<Database>,
  lanes: readonly { readonly destination: string; readonly patient: string }[],
): Promise<readonly string[]> {
  const sorted = [...new Set(lanes.map((lane) => `${lane.destination} ${lane.patient}`))].sort();
  for (const lane of sorted) await sql`select pg_advisory_xact_lock(hashtextextended(${lane}, 0))`.execute(trx);
  return sorted;
}

/**
 * Changes the places of a work and says who may go on for it. Under the lanes' locks: one that asks for its turn at this
 * moment either finds the change, or is found and woken.
 */
async function changeTurn(
  store: Store,
  key: WorkKey,
  change: { parked: boolean } | { released: boolean },
): Promise<readonly string[]> {
  return store.transaction().execute(async (trx) => {
    const lanes = await trx
      .selectFrom('turn')
      .select(['destination', 'patient_hash'])
      .where((eb) => eb.and(workColumns(key)))
      .execute();
    if (lanes.length === 0) return [];
    await lockLanes(
      trx,
      lanes.map((lane) => ({ destination: lane.destination, patient: lane.patient_hash })),
    );
    await trx
      .updateTable('turn')
      .set(change)
      .where((eb) => eb.and(workColumns(key)))
      .execute();
    return followers(trx, key);
  });
}

/** The first of each lane that is neither parked nor over: all others wait behind it, and are woken by it. */
async function followers(trx: Transaction<Database>, key: WorkKey): Promise<readonly string[]> {
  const { rows } = await sql<{ workflow_id: string }>`
    select distinct workflow_id from (
      select distinct on (m.destination, m.patient_hash) f.workflow_id from turn m
      join turn f on f.destination = m.destination and f.patient_hash = m.patient_hash and f.ticket > m.ticket
      where m.organization = ${key.organization} and m.notification_id = ${key.notificationId} and m.variant = ${key.variant}
        and not f.parked and not f.released
      order by m.destination, m.patient_hash, f.ticket
    ) first order by workflow_id
  `.execute(trx);
  return rows.map((row) => row.workflow_id);
}

/**
 * Lets others pass a parked work where they carry none of its resources.
 * @returns workflow ids to wake
 */
export async function parkTurn(store: Store, key: WorkKey): Promise<readonly string[]> {
  return changeTurn(store, key, { parked: true });
}

/** Takes the places up again when parked work goes on. */
export async function unparkTurn(store: Store, key: WorkKey): Promise<void> {
  await changeTurn(store, key, { parked: false });
}

/**
 * Lets everybody pass when the work is over. The places stay until `closeNotification`, so that a crash before the others were
 * woken leaves them to be found again.
 * @returns workflow ids to wake
 */
export async function releaseTurn(store: Store, key: WorkKey): Promise<readonly string[]> {
  return changeTurn(store, key, { released: true });
}

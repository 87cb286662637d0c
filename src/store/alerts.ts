/** Alerts: one row a condition, raised once when it begins and cleared once when it ends (PEERS B4). */
import { sql } from 'kysely';
import type { Alert } from '../domain/data-sharing';
import type { Store } from './database';

/**
 * Raises an alert.
 * @returns true when people have not been told of this condition yet: tell them, then call `markTold`
 */
export async function raiseAlert(store: Store, alert: Alert): Promise<boolean> {
  await sql`
    insert into alert (key, code, text, raised_at) values (${alert.key}, ${alert.code}, ${alert.text}, now())
    on conflict (key) do update set code = excluded.code, text = excluded.text, raised_at = now(), cleared_at = null, told = false
      where alert.cleared_at is not null
  `.execute(store);
  const row = await store.selectFrom('alert').select('told').where('key', '=', alert.key).executeTakeFirst();
  return row?.told === false;
}

/**
 * Clears an alert.
 * @returns true when the condition was there and people have not been told of its end yet
 */
export async function clearAlert(store: Store, key: string): Promise<boolean> {
  await sql`update alert set cleared_at = now(), told = false where key = ${key} and cleared_at is null`.execute(store);
  const row = await store.selectFrom('alert').select('told').where('key', '=', key).executeTakeFirst();
  return row?.told === false;
}

/** Notes that people were told of the alert's present state. */
export async function markTold(store: Store, key: string): Promise<void> {
  await store.updateTable('alert').set({ told: true }).where('key', '=', key).execute();
}

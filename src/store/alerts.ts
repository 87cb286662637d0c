/** Alerts: one row a condition, raised once when it begins and cleared once when it ends (PEERS B4). */
import { sql } from 'kysely';
import type { Alert } from '../domain/data-sharing';
import { isErrorCode, type ErrorCode } from '../domain/errors';
import type { OrganizationId } from '../domain/identifiers';
import { ChangeState } from '../domain/patient-sync';
import { Stage } from '../domain/stages';
import type { Store } from './database';

/**
 * Raises an alert.
 * @returns true for the one caller that tells people of it; a crash right then leaves it in the table, untold
 */
export async function raiseAlert(store: Store, alert: Alert): Promise<boolean> {
  await sql`
    insert into alert (key, code, text, raised_at) values (${alert.key}, ${alert.code}, ${alert.text}, now())
    on conflict (key) do update set code = excluded.code, text = excluded.text, raised_at = now(), cleared_at = null, told = false
      where alert.cleared_at is not null
  `.execute(store);
  return claim(store, alert.key);
}

/**
 * Clears an alert.
 * @returns true for the one caller that tells people of its end
 */
export async function clearAlert(store: Store, key: string): Promise<boolean> {
  // In one statement: it stands at the end of every piece of work, where there is nearly never anything to clear.
  const cleared = await store
    .updateTable('alert')
    .set((eb) => ({ cleared_at: eb.fn.coalesce('cleared_at', sql<Date>`now()`), told: true }))
    .where('key', '=', key)
    .where((eb) => eb.or([eb('cleared_at', 'is', null), eb('told', '=', false)]))
    .executeTakeFirst();
  return cleared.numUpdatedRows === 1n;
}

/** What people could not be told: it is tried again. */
export async function markUntold(store: Store, key: string): Promise<void> {
  await store.updateTable('alert').set({ told: false }).where('key', '=', key).execute();
}

export interface UntoldAlert {
  readonly key: string;
  readonly code: string;
  readonly text: string;
  /** What is to be told: its end where it has one. */
  readonly kind: 'raised' | 'cleared';
}

/** Takes the alerts that nobody has been told of, as after a crash: they are the caller's to tell. */
export async function takeUntold(store: Store): Promise<readonly UntoldAlert[]> {
  const rows = await store
    .updateTable('alert')
    .set({ told: true })
    .where('told', '=', false)
    .returning(['key', 'code', 'text', 'cleared_at'])
    .execute();
  return rows.map(({ key, code, text, cleared_at: cleared }) => ({
    key,
    code,
    text,
    kind: cleared === null ? 'raised' : 'cleared',
  }));
}

/** Alerts that are raised and not cleared, with a key that begins so. */
export async function raisedAlerts(
  store: Store,
  prefixes: readonly string[],
): Promise<readonly { readonly key: string; readonly code: string }[]> {
  const rows = await store.selectFrom('alert').select(['key', 'code']).where('cleared_at', 'is', null).execute();
  return rows.filter(({ key }) => prefixes.some((prefix) => key.startsWith(prefix)));
}

/** All conditions that hold, oldest first. */
export async function standingAlerts(
  store: Store,
): Promise<readonly { readonly key: string; readonly code: string; readonly text: string; readonly raisedAt: Date }[]> {
  return store
    .selectFrom('alert')
    .select(['key', 'code', 'text', 'raised_at as raisedAt'])
    .where('cleared_at', 'is', null)
    .orderBy('raised_at')
    .limit(MOST_ALERTS)
    .execute();
}

/** More than a person reads; the alerts themselves went out one by one. */
const MOST_ALERTS = 100;

/** Several may find the same condition at the same moment: one of them tells. */
async function claim(store: Store, key: string): Promise<boolean> {
  const claimed = await store
    .updateTable('alert')
    .set({ told: true })
    .where('key', '=', key)
    .where('told', '=', false)
    .executeTakeFirst();
  return claimed.numUpdatedRows === 1n;
}

/** Error codes with a raised alert under which nothing of the organization is parked any more. */
export async function codesNoLongerParked(store: Store, organization: OrganizationId): Promise<readonly ErrorCode[]> {
  const prefix = `parked/${organization}/`;
  const rows = await store
    .selectFrom('alert')
    .select('code')
    .where('key', 'like', `${prefix}%`)
    .where('cleared_at', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('notification')
            .select('notification_id')
            .where('organization', '=', organization)
            .where('stage', '=', Stage.parked)
            .whereRef('notification.error_code', '=', 'alert.code'),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('patient_change')
            .select('change_id')
            .where('organization', '=', organization)
            .where('closed_at', 'is', null)
            .where('state', '=', ChangeState.parked)
            .whereRef('patient_change.error_code', '=', 'alert.code'),
        ),
      ),
    )
    .execute();
  return rows.map((row) => row.code).filter(isErrorCode);
}

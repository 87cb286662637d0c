/**
 * The ledger of notifications: what came in, how far it got, how it ended. Written by activities only.
 * It outlives Temporal's retention, so a duplicate that comes after months is still known (ADR 0006).
 */
import { sql } from 'kysely';
import type { BlobRef, OpenResult, ParkedRecord, WorkKey } from '../domain/data-sharing';
import { DuctusError, type ErrorCode } from '../domain/errors';
import { NotificationIdSchema, type DestinationId, type NotificationId } from '../domain/identifiers';
import { Outcome, Stage } from '../domain/stages';
import { recordAudit } from './audit';
import type { Store } from './database';

const OUTCOMES: ReadonlySet<string> = new Set(Object.values(Outcome));

function isOutcome(value: string | null): value is Outcome {
  return value !== null && OUTCOMES.has(value);
}

/** The columns that name one piece of work. */
export function workColumns(key: WorkKey): { organization: string; notification_id: string; variant: string } {
  return { organization: key.organization, notification_id: key.notificationId, variant: key.variant };
}

export interface OpenNotification extends WorkKey {
  readonly workflowId: string;
  readonly messageType: string;
  readonly sourceHash: string;
  readonly objectKey: string | undefined;
  readonly createdAt: Date;
  readonly receivedAt: Date;
}

/**
 * Enters a notification, or says what the ledger knows of it. Idempotent.
 */
export async function openNotification(store: Store, input: OpenNotification): Promise<OpenResult> {
  const inserted = await store
    .insertInto('notification')
    .values({
      ...workColumns(input),
      workflow_id: input.workflowId,
      message_type: input.messageType,
      source_hash: input.sourceHash,
      object_key: input.objectKey ?? null,
      stage: Stage.received,
      flags: '[]',
      unmapped: '{}',
      created_at: input.createdAt,
      received_at: input.receivedAt,
    })
    .onConflict((conflict) => conflict.columns(['organization', 'notification_id', 'variant']).doNothing())
    .returning('workflow_id')
    .executeTakeFirst();
  if (inserted !== undefined) return { disposition: 'new' };
  const row = await store
    .selectFrom('notification')
    .select(['source_hash', 'outcome', 'closed_at'])
    .where('organization', '=', input.organization)
    .where('notification_id', '=', input.notificationId)
    .where('variant', '=', input.variant)
    .executeTakeFirstOrThrow();
  if (row.source_hash !== input.sourceHash) return { disposition: 'conflict' };
  if (row.closed_at !== null && isOutcome(row.outcome)) return { disposition: 'closed', outcome: row.outcome };
  return { disposition: 'new' };
}

/** Notes the fetched file. */
export async function recordRetrieved(
  store: Store,
  key: WorkKey,
  file: { readonly blob: BlobRef; readonly etag: string | undefined },
): Promise<void> {
  await store
    .updateTable('notification')
    .set({
      blob_key: file.blob.key,
      blob_bytes: file.blob.bytes,
      content_sha256: file.blob.sha256,
      etag: file.etag ?? null,
      stage: Stage.transforming,
    })
    .where((eb) => eb.and(workColumns(key)))
    .execute();
}

/**
 * Finds another notification of the organization that named the same object with the same bytes and is over.
 * The same name with other bytes is a new file.
 */
export async function findDeliveredTwin(
  store: Store,
  key: WorkKey,
  object: { readonly sourceHash: string; readonly sha256: string },
): Promise<NotificationId | undefined> {
  const row = await store
    .selectFrom('notification')
    .select('notification_id')
    .where('organization', '=', key.organization)
    .where('source_hash', '=', object.sourceHash)
    .where('content_sha256', '=', object.sha256)
    .where('delivered_at', 'is not', null)
    .where('notification_id', '<>', key.notificationId)
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : NotificationIdSchema.parse(row.notification_id);
}

/**
 * Notes what the transform made of the file.
 * @returns false when something was noted before: after a repair, say, the file is transformed again
 */
export async function recordTransformed(
  store: Store,
  key: WorkKey,
  result: {
    readonly observations: number;
    readonly kinds: Readonly<Record<string, number>>;
    readonly leftOut: number;
    readonly leftOutReasons: Readonly<Record<string, number>>;
    /** Resource types and elements. */
    readonly unmapped: Readonly<Record<string, number>>;
  },
): Promise<boolean> {
  const { organization, notificationId, variant } = key;
  const { rows } = await sql<{ first: boolean }>`
    with before as (
      select kinds = '{}' and unmapped = '{}' and left_out = 0 as first from notification
      where organization = ${organization} and notification_id = ${notificationId} and variant = ${variant}
      for update
    )
    update notification set stage = ${Stage.delivering}, observations = ${result.observations},
      kinds = ${JSON.stringify(result.kinds)}, left_out = ${result.leftOut},
      left_out_reasons = ${JSON.stringify(result.leftOutReasons)}, unmapped = ${JSON.stringify(result.unmapped)},
      error_code = null, error_message = null, failed_step = null
    from before
    where organization = ${organization} and notification_id = ${notificationId} and variant = ${variant}
    returning before.first
  `.execute(store);
  return rows[0]?.first ?? false;
}

/** Notes that every destination has everything. Only the first call sets the time. */
export async function recordDelivered(store: Store, key: WorkKey): Promise<void> {
  await store
    .updateTable('notification')
    .set({ stage: Stage.acknowledging, delivered_at: sql<Date>`coalesce(delivered_at, now())` })
    .where((eb) => eb.and(workColumns(key)))
    .execute();
}

/** Notes that the work waits for an operator, and why. */
export async function recordParked(store: Store, record: ParkedRecord): Promise<void> {
  await store
    .updateTable('notification')
    .set({
      stage: Stage.parked,
      error_code: record.errorCode,
      error_message: record.errorMessage,
      failed_step: record.failedStep,
    })
    .where((eb) => eb.and(workColumns(record)))
    .execute();
}

/**
 * Notes that the consent policy refuses the work, and why. What was sent before cannot be taken back, so that such work is
 * not refused.
 * @returns `sent`: an EMR has, or may have, some of it; `again`: it was noted before
 */
export async function recordRefused(
  store: Store,
  key: WorkKey,
  refusal: { readonly code: ErrorCode; readonly message: string },
): Promise<'first' | 'again' | 'sent'> {
  const { organization, notificationId, variant } = key;
  const { rows } = await sql<{ sent: boolean; again: boolean }>`
    with before as (
      select error_code is not distinct from ${refusal.code} and failed_step is null as again,
        exists (select from message m where m.organization = ${organization} and m.notification_id = ${notificationId}
          and m.variant = ${variant} and m.state in ('sending', 'accepted')) as sent
      from notification
      where organization = ${organization} and notification_id = ${notificationId} and variant = ${variant}
      for update
    ), noted as (
      update notification set error_code = ${refusal.code}, error_message = ${refusal.message}, failed_step = null
      from before
      where organization = ${organization} and notification_id = ${notificationId} and variant = ${variant}
        and not before.sent
    )
    select sent, again from before
  `.execute(store);
  const [row] = rows;
  if (row === undefined || row.sent) return 'sent';
  return row.again ? 'again' : 'first';
}

export interface CloseRecord extends WorkKey {
  readonly outcome: Outcome;
  readonly flags: readonly string[];
  readonly retainDays: number;
  readonly retainUnmappedDays: number;
}

/**
 * Closes the work, and gives up its places in every queue: those behind it must have been woken. A repeat of closed work
 * only counts itself: the first outcome stays.
 */
export async function closeNotification(store: Store, record: CloseRecord): Promise<void> {
  const { organization, notificationId, variant } = record;
  await sql`
    with places as (
      delete from turn where organization = ${organization} and notification_id = ${notificationId} and variant = ${variant}
    ), waiting as (
      delete from destination_waiter where workflow_id in (select workflow_id from notification
        where organization = ${organization} and notification_id = ${notificationId} and variant = ${variant})
    )
    update notification set
      repeats = case when closed_at is null then repeats else repeats + 1 end,
      stage = ${Stage.done},
      outcome = case
        when closed_at is null then ${record.outcome}
        when outcome = ${Outcome.deliveredAckImpossible} and not ${record.flags.includes('ack-impossible')}::boolean then ${Outcome.delivered}
        else outcome end,
      flags = (select coalesce(jsonb_agg(distinct f), '[]') from jsonb_array_elements(flags || ${JSON.stringify(record.flags)}::jsonb) f),
      blob_delete_after = case when blob_key is null then null else
        now() + interval '1 day' * case
          when outcome = ${Outcome.refused} or (closed_at is null and ${record.outcome === Outcome.refused}::boolean) then 0
          when unmapped = '{}'::jsonb then ${record.retainDays}::float8 else ${record.retainUnmappedDays}::float8 end end,
      closed_at = coalesce(closed_at, now())
    where organization = ${organization} and notification_id = ${notificationId} and variant = ${variant}
  `.execute(store);
}

/** What an operator decided about work. */
export interface Decision {
  /** The same again is the same decision: a step that is repeated writes it once. */
  readonly id: string;
  readonly action: string;
  readonly by: string;
  readonly reason: string;
  readonly details: Readonly<Record<string, string | number>>;
}

/** Writes an operator's decision down: in the work, in the append-only list, and in the audit. Idempotent. */
export async function recordDecision(store: Store, key: WorkKey, decision: Decision): Promise<void> {
  const { id, action, by, reason, details } = decision;
  await store.transaction().execute(async (trx) => {
    const work = await trx
      .updateTable('notification')
      .set({ decided_by: by, decided_reason: reason })
      .where((eb) => eb.and(workColumns(key)))
      .returning('workflow_id')
      .executeTakeFirst();
    const isNew = await recordAudit(trx, {
      id,
      kind: 'repair',
      action: 'E',
      organization: key.organization,
      ...(work === undefined ? {} : { work: work.workflow_id }),
      by,
      details: { decision: action, reason, ...details },
    });
    if (!isNew) return;
    await trx
      .insertInto('decision')
      .values({
        organization: key.organization,
        notification_id: key.notificationId + key.variant,
        destination: null,
        action,
        by,
        reason,
        details: JSON.stringify(details),
        at: new Date(),
      })
      .execute();
  });
}

export interface BlobToDelete extends Readonly<{ organization: string; notification_id: string; variant: string }> {
  readonly keys: readonly string[];
}

/** Blobs whose time is over, oldest first. A redelivery under way is compared with those of the first delivery. */
export async function expiredBlobs(store: Store, limit: number): Promise<readonly BlobToDelete[]> {
  const rows = await sql<{ organization: string; notification_id: string; variant: string; keys: string[] }>`
    select n.organization, n.notification_id, n.variant,
      array_remove(array[n.blob_key] || array(
        select distinct m.blob_key from message m
        where m.organization = n.organization and m.notification_id = n.notification_id and m.variant = n.variant), null) as keys
    from notification n
    where n.blob_delete_after < now()
      and not exists (select 1 from notification r where r.organization = n.organization
        and r.notification_id = n.notification_id and position('r' in r.variant) > 0 and r.closed_at is null)
    order by n.blob_delete_after
    limit ${limit}
  `.execute(store);
  return rows.rows;
}

/** Forgets the blobs of a piece of work after they were deleted. */
export async function forgetBlobs(store: Store, work: BlobToDelete): Promise<void> {
  await store
    .updateTable('notification')
    .set({ blob_key: null, blob_delete_after: null })
    .where('organization', '=', work.organization)
    .where('notification_id', '=', work.notification_id)
    .where('variant', '=', work.variant)
    .execute();
}

/** The stored file of a piece of work. @throws DuctusError DUCTUS_BLOB_MISSING when there is none */
export async function fileOf(
  store: Store,
  key: WorkKey,
): Promise<{ readonly blob: BlobRef; readonly messageType: string; readonly createdAtMs: number }> {
  const row = await store
    .selectFrom('notification')
    .select(['blob_key', 'content_sha256', 'blob_bytes', 'message_type', 'created_at'])
    .where((eb) => eb.and(workColumns(key)))
    .executeTakeFirst();
  if (row === undefined || row.blob_key === null || row.content_sha256 === null) {
    throw new DuctusError('DUCTUS_BLOB_MISSING', 'No fetched file is known for this notification.');
  }
  return {
    blob: { key: row.blob_key, sha256: row.content_sha256, bytes: row.blob_bytes ?? 0 },
    messageType: row.message_type,
    createdAtMs: row.created_at.getTime(),
  };
}

/** When the notification first came. */
export async function receivedAt(store: Store, key: WorkKey): Promise<Date> {
  const row = await store
    .selectFrom('notification')
    .select('received_at')
    .where((eb) => eb.and(workColumns(key)))
    .executeTakeFirstOrThrow();
  return row.received_at;
}

/** Writes down that an operator held or resumed a destination, in the list of decisions and in the audit. Idempotent. */
export async function recordDestinationDecision(
  store: Store,
  destination: DestinationId,
  {
    id,
    ...decision
  }: { readonly id: string; readonly action: 'hold' | 'resume'; readonly by: string; readonly reason: string },
): Promise<void> {
  const { action, by, reason } = decision;
  await store.transaction().execute(async (trx) => {
    const entry = {
      id,
      kind: 'destination-order',
      action: 'E',
      destination,
      by,
      details: { order: action, reason },
    } as const;
    if (!(await recordAudit(trx, entry))) return;
    await trx
      .insertInto('decision')
      .values({ organization: null, notification_id: null, destination, ...decision, details: '{}', at: new Date() })
      .execute();
  });
}

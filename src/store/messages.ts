/**
 * The messages of a piece of work, one row each. A row is marked `sending` before the first byte leaves, so that
 * after a crash an attempt that may have arrived is known as such.
 */
import { sql, type Transaction } from 'kysely';
import type { BlobRef, WorkKey } from '../domain/data-sharing';
import { DUCTUS_ITSELF, type AuditKind, type AuditOutcome } from '../domain/audit';
import { DuctusError, type ErrorCode } from '../domain/errors';
import {
  DestinationIdSchema,
  MessageControlIdSchema,
  type DestinationId,
  type MessageControlId,
} from '../domain/identifiers';
import { auditId } from './audit';
import type { Store } from './database';
import { movedResources } from './delivered';
import { workColumns } from './ledger';
import type { Database } from './schema';

export interface NewMessage {
  readonly controlId: MessageControlId;
  readonly blobIndex: number;
  readonly resourceHashes: readonly string[];
  readonly resourceVersions: readonly string[];
  /** Marks of the patient for the audit; see `patientMarks`. */
  readonly patients?: readonly string[];
  /** Keyed hash of the patient as the destination knows it; see `recipientMarks`. */
  readonly patientHash?: string;
}

/** PostgreSQL's protocol counts the parameters of a statement in 16 bits; a row has 18 of them. */
const ROWS_AT_ONCE = 1000;

/**
 * Puts the messages of a new transform in the place of those that were not sent. Accepted messages stay, and so do
 * those whose outcome is not known: their bytes and MSH-10 must not change.
 */
export async function replaceMessages(
  store: Store,
  key: WorkKey,
  destination: DestinationId,
  blob: BlobRef,
  messages: readonly NewMessage[],
): Promise<void> {
  await store.transaction().execute(async (trx) => {
    // Two attempts of one transform can overlap (a step that timed out goes on in the background): one after the other.
    await trx
      .selectFrom('notification')
      .select('stage')
      .where((eb) => eb.and(workColumns(key)))
      .forUpdate()
      .execute();
    await trx
      .deleteFrom('message')
      .where((eb) => eb.and({ ...workColumns(key), destination }))
      .where('state', 'in', ['prepared', 'rejected'])
      .execute();
    if (messages.length === 0) return;
    const first = (await lastUnlessSent(trx, key, destination, messages)) + 1;
    const rows = messages.map((message, index) => ({
      ...workColumns(key),
      destination,
      sequence: first + index,
      control_id: message.controlId,
      blob_key: blob.key,
      blob_sha256: blob.sha256,
      blob_bytes: blob.bytes,
      blob_index: message.blobIndex,
      state: 'prepared',
      error_code: null,
      resource_hashes: message.resourceHashes,
      resource_versions: message.resourceVersions,
      patients: message.patients ?? [],
      patient_hash: message.patientHash ?? null,
      sent_at: null,
      settled_at: null,
    }));
    for (let done = 0; done < rows.length; done += ROWS_AT_ONCE) {
      await trx
        .insertInto('message')
        .values(rows.slice(done, done + ROWS_AT_ONCE))
        .execute();
    }
  });
}

/**
 * The last sequence in use. A transform looks at what was sent before it makes its messages; an attempt that was taken
 * for dead may have sent something since, and under another MSH-10 that would arrive twice. What was still to be sent is
 * deleted by now, so nothing can follow.
 * @throws DuctusError DUCTUS_STORE_UNAVAILABLE: the file is to be transformed once more
 */
async function lastUnlessSent(
  trx: Transaction<Database>,
  key: WorkKey,
  destination: DestinationId,
  messages: readonly NewMessage[],
): Promise<number> {
  const hashes = messages.flatMap((message) => message.resourceHashes);
  const versions = messages.flatMap((message) =>
    message.resourceHashes.map((hash, index) => `${hash} ${message.resourceVersions[index] ?? ''}`),
  );
  const sent = sql<string | null>`max(control_id) filter (where
    (state = 'sending' and resource_hashes && ${hashes}::text[]) or
    (state = 'accepted' and ${versions}::text[] &&
      array(select h || ' ' || v from unnest(resource_hashes, resource_versions) r(h, v))))`;
  const row = await trx
    .selectFrom('message')
    .select((eb) => eb.fn.max('sequence').as('last'))
    .select(sent.as('sent'))
    .where((eb) => eb.and({ ...workColumns(key), destination }))
    .executeTakeFirst();
  if (row?.sent != null) {
    throw new DuctusError('DUCTUS_STORE_UNAVAILABLE', `Another attempt has sent message ${row.sent} meanwhile.`);
  }
  return row?.last ?? 0;
}

export interface PendingMessage {
  readonly sequence: number;
  readonly controlId: MessageControlId;
  readonly blob: BlobRef;
  readonly blobIndex: number;
  readonly state: string;
  readonly attempts: number;
  /** Milliseconds since an attempt began that has not written its end down: it goes on elsewhere, or its worker died. */
  readonly underWayMs: number | undefined;
}

/** One attempt to send a message, so that a late one never overwrites what a newer one has found. */
export interface SendAttempt {
  readonly sequence: number;
  /** Number of the attempt, the first is 1. */
  readonly attempts: number;
}

/** Messages that the destination has not accepted, in order. */
export async function pendingMessages(
  store: Store,
  key: WorkKey,
  destination: DestinationId,
): Promise<readonly PendingMessage[]> {
  const rows = await store
    .selectFrom('message')
    .select(['sequence', 'control_id', 'blob_key', 'blob_sha256', 'blob_bytes', 'blob_index', 'state', 'attempts'])
    .select(
      sql<
        number | null
      >`case when state = 'sending' and error_code is null then extract(epoch from clock_timestamp() - sent_at)::float8 * 1000 end`.as(
        'under_way_ms',
      ),
    )
    .where((eb) => eb.and({ ...workColumns(key), destination }))
    .where('state', 'not in', ['accepted', 'left-out'])
    .orderBy('sequence')
    .execute();
  return rows.map((row) => ({
    sequence: row.sequence,
    controlId: MessageControlIdSchema.parse(row.control_id),
    blob: { key: row.blob_key, sha256: row.blob_sha256, bytes: row.blob_bytes },
    blobIndex: row.blob_index,
    state: row.state,
    attempts: row.attempts,
    underWayMs: row.under_way_ms ?? undefined,
  }));
}

/**
 * Hashes of the resources that a transform makes no messages of: those that an operator left out of this work, and those
 * in a message of unknown outcome, which they keep.
 */
export async function resourcesToLeaveOut(
  store: Store,
  key: WorkKey,
  destination: DestinationId,
): Promise<ReadonlySet<string>> {
  const rows = await store
    .selectFrom('message')
    .select('resource_hashes')
    .where((eb) => eb.and({ ...workColumns(key), destination, state: 'sending' }))
    .unionAll((eb) =>
      eb
        .selectFrom('left_out')
        .select(sql<readonly string[]>`array[resource_hash]`.as('resource_hashes'))
        .where((where) => where.and(workColumns(key))),
    )
    .execute();
  return new Set(rows.flatMap((row) => row.resource_hashes));
}

/**
 * Marks a message before it is sent.
 * @param message as it was read: when anything has happened to it since, it is not this attempt's any more
 * @returns the attempt; undefined when another one took the message or settled it meanwhile, and the caller must not send
 */
export async function markSending(
  store: Store,
  key: WorkKey,
  destination: DestinationId,
  message: PendingMessage,
  possibleRepeat: boolean,
): Promise<SendAttempt | undefined> {
  const { sequence, attempts, state, controlId } = message;
  const result = await store
    .updateTable('message')
    .set((eb) => ({
      state: 'sending',
      attempts: eb('attempts', '+', 1),
      possible_repeats: eb('possible_repeats', '+', possibleRepeat ? 1 : 0),
      error_code: null,
      sent_at: sql<Date>`clock_timestamp()`,
    }))
    .where((eb) => eb.and({ ...workColumns(key), destination, sequence, attempts, state, control_id: controlId }))
    .executeTakeFirst();
  return result.numUpdatedRows === 1n ? { sequence, attempts: attempts + 1 } : undefined;
}

/**
 * Settles an attempt whose message was not accepted: `prepared` when it can go again as it is, `rejected` when the EMR
 * refused it, `sending` when its outcome is not known. An attempt that was overtaken changes nothing. What was sent may
 * have been read, so the attempt stands in the audit.
 */
export async function markNotAccepted(
  store: Store,
  key: WorkKey,
  destination: DestinationId,
  { sequence, attempts }: SendAttempt,
  state: 'prepared' | 'rejected' | 'sending',
  code: ErrorCode,
): Promise<void> {
  await sql`
    with settled as (
      update message set state = ${state}, error_code = ${code}
      where organization = ${key.organization} and notification_id = ${key.notificationId} and variant = ${key.variant}
        and destination = ${destination} and sequence = ${sequence} and attempts = ${attempts} and state = 'sending'
      returning *
    )
    ${auditAttempt('settled', attemptId(key, destination, { sequence, attempts }), state === 'sending' ? 4 : 8, code)}
  `.execute(store);
}

/**
 * Writes into the audit that an attempt was made whose end nobody wrote down: its worker died. Once, however often it is
 * found.
 */
export async function auditLostAttempt(
  store: Store,
  key: WorkKey,
  destination: DestinationId,
  { sequence, attempts }: SendAttempt,
): Promise<void> {
  await sql`
    with lost as (
      select * from message
      where organization = ${key.organization} and notification_id = ${key.notificationId} and variant = ${key.variant}
        and destination = ${destination} and sequence = ${sequence} and attempts = ${attempts} and state = 'sending'
    )
    ${auditAttempt('lost', attemptId(key, destination, { sequence, attempts }), 4, 'DUCTUS_EMR_AMBIGUOUS')}
  `.execute(store);
}

/**
 * Settles an accepted message, remembers its resources as delivered, writes the delivery into the audit, and forgets the
 * destination's failures in a row: in one statement, since it stands between any two messages.
 */
export async function markAccepted(
  store: Store,
  key: WorkKey,
  destination: DestinationId,
  sequence: number,
): Promise<void> {
  await sql`
    with accepted as (
      update message set state = 'accepted', error_code = null, settled_at = now()
      where organization = ${key.organization} and notification_id = ${key.notificationId} and variant = ${key.variant}
        and destination = ${destination} and sequence = ${sequence}
      returning *
    ), cleared as (
      update destination set failures = 0 where destination = ${destination} and failures > 0
    ), audited as (
      ${auditAttempt('accepted', deliveryId(key, destination, sequence), 0, undefined)}
    )
    insert into delivered_resource as d (destination, resource_hash, version, control_id, patient_hash, delivered_at)
    select a.destination, r.hash, r.version, a.control_id, a.patient_hash, now()
    from accepted a, unnest(a.resource_hashes, a.resource_versions) as r(hash, version)
    on conflict (destination, resource_hash)
      do update set version = excluded.version, control_id = excluded.control_id, delivered_at = excluded.delivered_at,
        patient_hash = coalesce(excluded.patient_hash, d.patient_hash)
  `.execute(store);
}

/** A message is accepted once, and its place is never another message's after that. */
function deliveryId({ organization, notificationId, variant }: WorkKey, destination: string, sequence: number): string {
  return auditId('delivery', organization, notificationId, variant, destination, sequence);
}

function attemptId(key: WorkKey, destination: string, { sequence, attempts }: SendAttempt): string {
  const { organization, notificationId, variant } = key;
  return auditId('attempt', organization, notificationId, variant, destination, sequence, attempts);
}

/** An insert into the audit, from the rows of `message` that the statement names. */
function auditAttempt(
  rows: 'accepted' | 'settled' | 'lost',
  id: string,
  outcome: AuditOutcome,
  code: ErrorCode | undefined,
) {
  const kind: AuditKind = 'delivery';
  return sql`
    insert into audit_event (event_id, kind, action, outcome, organization, destination, work, control_id, by, patients, details)
    select ${id}::uuid, ${kind}, 'R', ${outcome}::smallint, m.organization, m.destination,
      (select n.workflow_id from notification n where n.organization = m.organization
        and n.notification_id = m.notification_id and n.variant = m.variant),
      m.control_id, ${DUCTUS_ITSELF}, m.patients,
      jsonb_build_object('attempt', m.attempts, 'resources', cardinality(m.resource_hashes))
        || ${JSON.stringify(code === undefined ? {} : { code })}::jsonb
    from ${sql.ref(rows)} m
    on conflict (event_id) do nothing`;
}

/** How many resources of a file operators have left out. */
export async function leftOutCount(store: Store, key: WorkKey): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from left_out where organization = ${key.organization}
      and notification_id = ${key.notificationId} and variant = ${key.variant}`.execute(store);
  return rows[0]?.count ?? 0;
}

/**
 * Leaves resources out: those named; when none is named, those of messages that were refused, and those that would go to
 * another patient when the work is parked for that. Refused messages, and ambiguous ones with a named resource, are settled
 * as `left-out`; the next transform makes new messages for what remains of them. Where none is named, an ambiguous message
 * counts as accepted on the operator's word: later corrections, deletions and redeliveries have to know what is there.
 * @returns number of resources left out
 */
export async function leaveOut(store: Store, key: WorkKey, hashes: readonly string[]): Promise<number> {
  return store.transaction().execute(async (trx) => {
    const failed = await trx
      .selectFrom('message')
      .select(['destination', 'sequence', 'state', 'resource_hashes'])
      .where((eb) => eb.and(workColumns(key)))
      .where('state', 'in', ['rejected', 'sending'])
      .execute();
    const arrived = hashes.length > 0 ? [] : failed.filter(({ state }) => state === 'sending');
    for (const row of arrived) {
      await markAccepted(trx, key, DestinationIdSchema.parse(row.destination), row.sequence);
    }
    const refused = failed.filter((row) => !arrived.includes(row));
    const unnamed = [...refused.flatMap((row) => row.resource_hashes), ...(await movedResources(trx, key))];
    const chosen = new Set(hashes.length > 0 ? hashes : unnamed);
    if (chosen.size === 0) return 0;
    await sql`
      insert into left_out (organization, notification_id, variant, resource_hash)
      select ${key.organization}, ${key.notificationId}, ${key.variant}, h from unnest(${[...chosen]}::text[]) h
      on conflict do nothing
    `.execute(trx);
    for (const row of refused) {
      if (!row.resource_hashes.some((hash) => chosen.has(hash))) continue;
      await trx
        .updateTable('message')
        .set({ state: 'left-out', settled_at: new Date() })
        .where((eb) => eb.and({ ...workColumns(key), destination: row.destination, sequence: row.sequence }))
        .execute();
    }
    return chosen.size;
  });
}

/**
 * What a redelivery asks of the ledger and writes into it: which files were delivered, what the destination has of them,
 * what was signed off, and the work that sends it again. The last is a row of `notification` with a variant of its own, so
 * that queues, parking and repair treat it as any other work.
 */
import { sql } from 'kysely';
import type { BlobRef, WorkKey } from '../domain/data-sharing';
import {
  NotificationIdSchema,
  OrganizationIdSchema,
  type DestinationId,
  type OrganizationId,
} from '../domain/identifiers';
import type { RedeliveryInput, RedeliverySelection } from '../domain/redelivery';
import { Outcome, Stage } from '../domain/stages';
import { redeliveryVariant } from '../domain/workflow-ids';
import type { Store } from './database';
import { workColumns } from './ledger';

/** Which files a comparison looks at. */
export interface FileScope {
  /** Those that deliver to the destination. */
  readonly organizations: readonly OrganizationId[];
  readonly selection: RedeliverySelection;
}

/** A file that was delivered, or is on its way. */
export interface DeliveredFile {
  readonly key: WorkKey;
  readonly blobBytes: number;
  readonly state: 'delivered' | 'blob-gone' | 'under-way' | 'parked' | 'redelivery-under-way';
}

const DELIVERED: readonly string[] = [Outcome.delivered, Outcome.deliveredInPart, Outcome.deliveredAckImpossible];

/** What a closed work that delivered something, or an open one, is; redeliveries themselves are none. */
function inScope({ organizations, selection }: FileScope) {
  const { since, until, notifications } = selection;
  return sql<boolean>`n.organization = any(${[...organizations]}::text[]) and position('r' in n.variant) = 0
    and (n.closed_at is null or n.outcome = any(${[...DELIVERED]}::text[]))
    and coalesce(n.delivered_at, n.received_at) >= ${since ?? '-infinity'}::timestamptz
    and coalesce(n.delivered_at, n.received_at) < ${until}::timestamptz
    and (${notifications === undefined} or n.notification_id = any(${[...(notifications ?? [])]}::text[]))`;
}

export async function countFiles(store: Store, scope: FileScope): Promise<number> {
  const { rows } = await sql<{
    count: number;
  }>`select count(*) as count from notification n where ${inScope(scope)}`.execute(store);
  return rows[0]?.count ?? 0;
}

/** Files of the scope behind a place, in the order of their keys. */
export async function pageOfFiles(
  store: Store,
  scope: FileScope,
  after: WorkKey | undefined,
  limit: number,
): Promise<readonly DeliveredFile[]> {
  const { rows } = await sql<{
    organization: string;
    notification_id: string;
    variant: string;
    stage: string;
    closed: boolean;
    blob_key: string | null;
    blob_bytes: number | null;
    again: boolean;
  }>`
    select n.organization, n.notification_id, n.variant, n.stage, n.closed_at is not null as closed, n.blob_key, n.blob_bytes,
      exists (select 1 from notification r where r.organization = n.organization and r.notification_id = n.notification_id
        and r.variant like n.variant || 'r%' and r.closed_at is null) as again
    from notification n
    where ${inScope(scope)}
      and (n.organization, n.notification_id, n.variant) >
        (${after?.organization ?? ''}, ${after?.notificationId ?? ''}, ${after?.variant ?? ''})
    order by n.organization, n.notification_id, n.variant
    limit ${limit}
  `.execute(store);
  return rows.map((row) => ({
    key: keyOf(row),
    blobBytes: row.blob_bytes ?? 0,
    state: !row.closed
      ? row.stage === Stage.parked
        ? 'parked'
        : 'under-way'
      : row.blob_key === null
        ? 'blob-gone'
        : row.again
          ? 'redelivery-under-way'
          : 'delivered',
  }));
}

/** The key in a row. */
export function keyOf(row: {
  readonly organization: string;
  readonly notification_id: string;
  readonly variant: string;
}): WorkKey {
  return {
    organization: OrganizationIdSchema.parse(row.organization),
    notificationId: NotificationIdSchema.parse(row.notification_id),
    variant: row.variant,
  };
}

export interface AcceptedMessage {
  readonly variant: string;
  readonly controlId: string;
  readonly blob: BlobRef;
  readonly blobIndex: number;
  readonly resourceHashes: readonly string[];
}

/** What the destination accepted of a file, redeliveries of it included, in the order in which it did. */
export async function acceptedMessages(
  store: Store,
  file: WorkKey,
  destination: DestinationId,
): Promise<readonly AcceptedMessage[]> {
  const rows = await store
    .selectFrom('message')
    .select(['variant', 'control_id', 'blob_key', 'blob_sha256', 'blob_bytes', 'blob_index', 'resource_hashes'])
    .where('organization', '=', file.organization)
    .where('notification_id', '=', file.notificationId)
    .where((eb) => eb.or([eb('variant', '=', file.variant), eb('variant', 'like', `${file.variant}r%`)]))
    .where('destination', '=', destination)
    .where('state', '=', 'accepted')
    .orderBy('settled_at')
    .orderBy('sequence')
    .execute();
  return rows.map((row) => ({
    variant: row.variant,
    controlId: row.control_id,
    blob: { key: row.blob_key, sha256: row.blob_sha256, bytes: row.blob_bytes },
    blobIndex: row.blob_index,
    resourceHashes: row.resource_hashes,
  }));
}

/** Resources that an operator left out of any of these works. */
export async function leftOutOf(store: Store, keys: readonly WorkKey[]): Promise<ReadonlySet<string>> {
  const rows = await store
    .selectFrom('left_out')
    .select('resource_hash')
    .where((eb) => eb.or(keys.map((key) => eb.and(workColumns(key)))))
    .execute();
  return new Set(rows.map((row) => row.resource_hash));
}

/** Resources in messages of this work that arrived, or may have. */
export async function sentHashes(store: Store, key: WorkKey, destination: DestinationId): Promise<ReadonlySet<string>> {
  const rows = await store
    .selectFrom('message')
    .select('resource_hashes')
    .where((eb) => eb.and({ ...workColumns(key), destination }))
    .where('state', 'in', ['accepted', 'sending'])
    .execute();
  return new Set(rows.flatMap((row) => row.resource_hashes));
}

/** The works that send a file again and have begun, by workflow id, and whether they are over. */
export async function begunRedeliveries(
  store: Store,
  files: readonly WorkKey[],
  digest: string,
): Promise<ReadonlyMap<string, 'open' | 'over'>> {
  if (files.length === 0) return new Map();
  const rows = await store
    .selectFrom('notification')
    .select(['workflow_id', 'closed_at'])
    .where((eb) =>
      eb.or(files.map((key) => eb.and(workColumns({ ...key, variant: redeliveryVariant(key.variant, digest) })))),
    )
    .execute();
  return new Map(rows.map((row) => [row.workflow_id, row.closed_at === null ? 'open' : 'over']));
}

/** The works that have sent a file to this destination again, or were to, and are over. */
export async function endedRedeliveries(
  store: Store,
  file: WorkKey,
  destination: DestinationId,
): Promise<readonly string[]> {
  const { rows } = await sql<{ variant: string }>`
    select n.variant from notification n
    where n.organization = ${file.organization} and n.notification_id = ${file.notificationId}
      and n.variant like ${`${file.variant}r%`} and n.closed_at is not null
      and exists (select 1 from redelivery r where r.destination = ${destination} and r.approved_at is not null
        and n.variant = ${file.variant}::text || 'r' || left(r.digest, 12))
    order by n.variant
  `.execute(store);
  return rows.map((row) => row.variant);
}

/**
 * Enters the work that sends a file again, with who signed it off. Its time is that of the sign-off: it queues behind
 * what came before, and its messages say when they were made. Idempotent.
 * @returns how it ended, when it is over
 */
export async function openRedelivery(
  store: Store,
  input: RedeliveryInput,
  work: WorkKey,
  workflowId: string,
): Promise<Outcome | undefined> {
  await store.transaction().execute(async (trx) => {
    const inserted = await sql<{ workflow_id: string }>`
      insert into notification (organization, notification_id, variant, workflow_id, message_type, source_hash, object_key,
        etag, stage, flags, unmapped, created_at, received_at, decided_by, decided_reason)
      select organization, notification_id, ${work.variant}, ${workflowId}, message_type, source_hash, object_key,
        etag, ${Stage.received}, '["redelivery"]', '{}', ${new Date(input.approvedAtMs)}, ${new Date(input.approvedAtMs)},
        ${input.by}, ${input.reason}
      from notification where organization = ${input.organization} and notification_id = ${input.notificationId}
        and variant = ${input.variant}
      on conflict do nothing
      returning workflow_id
    `.execute(trx);
    if (inserted.rows.length === 0) return;
    await trx
      .insertInto('decision')
      .values({
        organization: input.organization,
        notification_id: input.notificationId + work.variant,
        destination: input.destination,
        action: 'redeliver',
        by: input.by,
        reason: input.reason,
        details: JSON.stringify({ digest: input.digest, file: input.fileDigest }),
        at: new Date(input.approvedAtMs),
      })
      .execute();
  });
  const row = await store
    .selectFrom('notification')
    .select(['outcome', 'closed_at'])
    .where((eb) => eb.and(workColumns(work)))
    .executeTakeFirstOrThrow();
  return row.closed_at === null ? undefined : Object.values(Outcome).find((outcome) => outcome === row.outcome);
}

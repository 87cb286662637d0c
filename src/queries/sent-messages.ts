/** The messages of a work with the resources in them, and what their destination had before: what lineage needs. */
import { sql } from 'kysely';
import type { WorkKey } from '../domain/data-sharing';
import type { Store } from '../store/database';

export interface SentMessage {
  readonly destination: string;
  readonly controlId: string;
  readonly sentAt: Date | null;
  readonly resourceHashes: readonly string[];
}

export interface SentWork {
  readonly organization: string;
  readonly notification_id: string;
  readonly variant: string;
  /** In the order of their sequence, by destination. */
  readonly messages: readonly SentMessage[];
  /** Hashes of the resources that an operator left out. */
  readonly leftOut: ReadonlySet<string>;
}

export async function sentMessages(store: Store, workflowId: string): Promise<SentWork | undefined> {
  const key = await store
    .selectFrom('notification')
    .select(['organization', 'notification_id', 'variant'])
    .where('workflow_id', '=', workflowId)
    .executeTakeFirst();
  if (key === undefined) return undefined;
  const [messages, leftOut] = await Promise.all([
    store
      .selectFrom('message')
      .select(['destination', 'control_id', 'sent_at', 'resource_hashes'])
      .where((eb) => eb.and({ ...key }))
      .orderBy('destination')
      .orderBy('sequence')
      .execute(),
    store
      .selectFrom('left_out')
      .select('resource_hash')
      .where((eb) => eb.and({ ...key }))
      .execute(),
  ]);
  return {
    ...key,
    messages: messages.map((row) => ({
      destination: row.destination,
      controlId: row.control_id,
      sentAt: row.sent_at,
      resourceHashes: row.resource_hashes,
    })),
    leftOut: new Set(leftOut.map((row) => row.resource_hash)),
  };
}

/**
 * Version that the destination had of each resource of a work's messages before a time, from other works.
 * @returns by hash of the resource
 */
export async function versionsBefore(
  store: Store,
  key: WorkKey,
  destination: string,
  before: Date,
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ hash: string; version: string }>`
    with mine as (
      select array_agg(distinct h) as hashes from message m, unnest(m.resource_hashes) h
      where m.organization = ${key.organization} and m.notification_id = ${key.notificationId}
        and m.variant = ${key.variant} and m.destination = ${destination}
    )
    select distinct on (r.hash) r.hash, r.version
    from mine, message m, unnest(m.resource_hashes, m.resource_versions) as r(hash, version)
    where m.destination = ${destination} and m.organization = ${key.organization} and m.state = 'accepted'
      and m.settled_at < ${before} and m.resource_hashes && mine.hashes and r.hash = any(mine.hashes)
      and (m.notification_id, m.variant) <> (${key.notificationId}, ${key.variant})
    order by r.hash, m.settled_at desc`.execute(store);
  return new Map(rows.map((row) => [row.hash, row.version]));
}

/** Finds work by whatever a person has in hand, and what the ledger has about it beside the work itself. */
import { sql } from 'kysely';
import type { StoryEntry } from '../domain/story';
import type { Store } from '../store/database';
import { findPatientWorkIds, patientStory } from './trace-patients';

/** What a person typed, in the forms that the ledger knows. */
export interface WorkNames {
  /** Workflow id, notification id, MSH-10 or another message id, digest of a redelivery. */
  readonly text: string;
  readonly organization?: string | undefined;
  /** Keyed hash of a FHIR reference; then only this is looked for. */
  readonly resourceHash?: string | undefined;
  readonly limit: number;
}

/** A digest of a sign-off; its first 12 digits stand in the variant of its works. */
const DIGEST = /^[0-9a-f]{12,64}$/;

/** @returns workflow ids, newest first */
export async function findWorkIds(store: Store, names: WorkNames): Promise<readonly string[]> {
  const { text, organization, resourceHash, limit } = names;
  const digest = DIGEST.test(text) ? text.slice(0, 12) : '-';
  const condition =
    resourceHash === undefined
      ? sql<boolean>`(n.workflow_id = ${text} or n.notification_id = ${text} or n.notification_id || n.variant = ${text}
          or n.variant like '%r' || ${digest}
          or exists (select 1 from message m where m.control_id = ${text} and m.organization = n.organization
            and m.notification_id = n.notification_id and m.variant = n.variant))`
      : sql<boolean>`exists (select 1 from message m where m.organization = n.organization
          and m.notification_id = n.notification_id and m.variant = n.variant
          and m.resource_hashes @> array[${resourceHash}]::text[])`;
  const { rows } = await sql<{ workflow_id: string }>`
    select n.workflow_id from notification n
    where ${condition} and (${organization ?? null}::text is null or n.organization = ${organization ?? null})
    order by n.received_at desc, n.workflow_id limit ${limit}`.execute(store);
  const works = rows.map((row) => row.workflow_id);
  return resourceHash === undefined ? [...works, ...(await findPatientWorkIds(store, names))].slice(0, limit) : works;
}

/** The fetched file of a work. */
export interface WorkFile {
  readonly objectKey: string | null;
  readonly blobKey: string | null;
  readonly bytes: number | null;
  readonly etag: string | null;
  readonly sha256: string | null;
  /** When the blob store deletes it; null while the work is under way. */
  readonly deleteAfter: Date | null;
}

export interface LedgerStory {
  readonly file: WorkFile;
  /** Workflow ids of what was sent again of this file, or under its id with other content. */
  readonly related: readonly string[];
  readonly entries: readonly StoryEntry[];
}

/** What the ledger says of a work, entry by entry. @returns undefined for work that it does not know */
export async function ledgerStory(store: Store, workflowId: string): Promise<LedgerStory | undefined> {
  const row = await store
    .selectFrom('notification')
    .selectAll()
    .where('workflow_id', '=', workflowId)
    .executeTakeFirst();
  if (row === undefined) return patientStory(store, workflowId);
  const entries: StoryEntry[] = [];
  const add = (at: Date | null, kind: StoryEntry['kind'], text: string, details: StoryEntry['details'] = {}): void => {
    if (at !== null) entries.push({ at, from: 'ledger', kind, text, details });
  };
  const key = { organization: row.organization, notification_id: row.notification_id, variant: row.variant };
  const [messages, decisions, related, alerts] = await Promise.all([
    store
      .selectFrom('message')
      .select([
        'destination',
        'sequence',
        'control_id',
        'state',
        'attempts',
        'possible_repeats',
        'error_code',
        'sent_at',
        'settled_at',
      ])
      .where((eb) => eb.and(key))
      .orderBy('destination')
      .orderBy('sequence')
      .execute(),
    store
      .selectFrom('decision')
      .select(['action', 'by', 'reason', 'at'])
      .where('organization', '=', row.organization)
      .where('notification_id', '=', row.notification_id + row.variant)
      .orderBy('id')
      .execute(),
    store
      .selectFrom('notification')
      .select(['workflow_id', 'received_at', 'stage', 'outcome', 'decided_by', 'variant'])
      .where('organization', '=', row.organization)
      .where('notification_id', '=', row.notification_id)
      .where('workflow_id', '<>', workflowId)
      .where('variant', 'like', `${row.variant}_%`)
      .orderBy('received_at')
      .execute(),
    store
      .selectFrom('alert')
      .select(['code', 'raised_at', 'cleared_at'])
      .where('key', '=', `deadline/${workflowId}`)
      .execute(),
  ]);
  add(row.received_at, 'notified', `first received (${row.message_type})`, { messageType: row.message_type });
  for (const message of messages) {
    const { destination, attempts, state } = message;
    const more = message.possible_repeats > 0 ? `, perhaps stored ${String(message.possible_repeats + 1)} times` : '';
    const what = `message ${message.control_id} (${destination}, ${String(message.sequence)})`;
    const details = {
      controlId: message.control_id,
      destination,
      sequence: message.sequence,
      state,
      attempts,
      possibleRepeats: message.possible_repeats,
      code: message.error_code,
    };
    const isSettled = message.settled_at !== null;
    add(
      message.sent_at,
      'message',
      `${what} sent, attempt ${String(attempts)}${isSettled ? '' : `: ${state} ${message.error_code ?? ''}`.trimEnd()}${more}`,
      details,
    );
    add(message.settled_at, 'message', `${what} ${state}`, details);
  }
  for (const { action, by, reason, at } of decisions)
    add(at, 'decision', `${action} by ${by}: ${reason}`, { action, by, reason });
  for (const other of related) {
    const again = other.variant.includes('r');
    const text = `${again ? 'sent again' : 'other content under the same id'}: ${other.workflow_id}, ${other.outcome ?? other.stage}`;
    add(other.received_at, 'redelivery', text, {
      workflowId: other.workflow_id,
      stage: other.stage,
      outcome: other.outcome,
      by: other.decided_by,
    });
  }
  for (const { code, raised_at: raised, cleared_at: cleared } of alerts) {
    add(raised, 'alert', `alert ${code} raised`, { code });
    add(cleared, 'alert', `alert ${code} cleared`, { code });
  }
  add(row.delivered_at, 'delivered', 'every destination has everything');
  add(row.closed_at, 'closed', `closed: ${row.outcome ?? '?'}`, { outcome: row.outcome });
  return {
    file: {
      objectKey: row.object_key,
      blobKey: row.blob_key,
      bytes: row.blob_bytes,
      etag: row.etag,
      sha256: row.content_sha256,
      deleteAfter: row.blob_delete_after,
    },
    related: related.map((other) => other.workflow_id),
    entries,
  };
}

/** What the ledger says of a patient on the way to Roche: each message of the HIS, and what became of it. No values. */
import { sql } from 'kysely';
import { ChangeState } from '../domain/patient-sync';
import type { StoryEntry } from '../domain/story';
import type { Store } from '../store/database';
import type { LedgerStory, WorkNames } from './trace';

/** Finds patients by the id of the workflow or the control id (MSH-10) of a message. @returns workflow ids, newest first */
export async function findPatientWorkIds(store: Store, names: WorkNames): Promise<readonly string[]> {
  const { text, organization, limit } = names;
  const work = workOf(text);
  const condition =
    work === undefined
      ? sql<boolean>`control_id = ${text}`
      : sql<boolean>`organization = ${work.organization} and patient = ${work.patient}`;
  const { rows } = await sql<{ workflow_id: string }>`
    select workflow_id from patient_change
    where ${condition} and (${organization ?? null}::text is null or organization = ${organization ?? null})
    group by workflow_id order by max(received_at) desc, workflow_id limit ${limit}`.execute(store);
  return rows.map((row) => row.workflow_id);
}

function workOf(workflowId: string): { readonly organization: string; readonly patient: string } | undefined {
  const [, organization, patient] = /^patient-sync\/([^/]+)\/([^/]+)$/.exec(workflowId) ?? [];
  return organization === undefined || patient === undefined ? undefined : { organization, patient };
}

/** Messages whose story is told, the newest. */
const MOST_CHANGES = 100;

/** @returns undefined for work that the ledger does not know */
export async function patientStory(store: Store, workflowId: string): Promise<LedgerStory | undefined> {
  const work = workOf(workflowId);
  if (work === undefined) return undefined;
  const [changes, decisions] = await Promise.all([
    store
      .selectFrom('patient_change')
      .selectAll()
      .where('organization', '=', work.organization)
      .where('patient', '=', work.patient)
      .orderBy('received_at', 'desc')
      .limit(MOST_CHANGES)
      .execute(),
    store
      .selectFrom('decision')
      .select(['action', 'by', 'reason', 'at'])
      .where('organization', '=', work.organization)
      .where('notification_id', '=', workflowId)
      .orderBy('id')
      .execute(),
  ]);
  if (changes.length === 0) return undefined;
  const entries: StoryEntry[] = [];
  const add = (at: Date | null, kind: StoryEntry['kind'], text: string, details: StoryEntry['details']): void => {
    if (at !== null) entries.push({ at, from: 'ledger', kind, text, details });
  };
  for (const change of changes) {
    const what = `${change.event} ${change.control_id} (${change.source})`;
    const details = {
      controlId: change.control_id,
      source: change.source,
      event: change.event,
      state: change.state,
      attempts: change.attempts,
      possibleRepeats: change.possible_repeats,
      code: change.error_code,
    };
    add(change.received_at, 'notified', `${what} received, of ${change.event_at.toISOString()}`, details);
    const more = change.possible_repeats > 0 ? `, perhaps created ${String(change.possible_repeats + 1)} times` : '';
    add(change.sent_at, 'message', `${what} sent, attempt ${String(change.attempts)}${more}`, details);
    const instead = change.replaced_by === null ? '' : `, a newer one was sent in its place`;
    add(
      change.closed_at,
      change.state === ChangeState.created ? 'delivered' : 'closed',
      `${what} ${change.state}${instead}`,
      details,
    );
  }
  for (const { action, by, reason, at } of decisions)
    add(at, 'decision', `${action} by ${by}: ${reason}`, { action, by, reason });
  return { file: NO_FILE, related: [], entries };
}

const NO_FILE = { objectKey: null, blobKey: null, bytes: null, etag: null, sha256: null, deleteAfter: null };

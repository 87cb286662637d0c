/**
 * Writes the audit. Where the ledger changes, in the transaction of that change: an event is never missing after a crash, and
 * never double after a repeat.
 */
import { randomUUID } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import { v5 as uuidV5 } from 'uuid';
import type { AuditEntry } from '../domain/audit';
import type { Database } from './schema';

/** Namespace of the ids of events that a step may write twice. Never changes. */
const AUDIT_NAMESPACE = '2d0a5c0e-6a5f-4b7c-9c55-2f6c8f0a4b19';

/** The id of an event by what it is about: a repeat of the step writes it no second time. */
export function auditId(...parts: readonly (string | number)[]): string {
  return uuidV5(JSON.stringify(parts), AUDIT_NAMESPACE);
}

/**
 * Writes an event. One about work that names no patients is about those of the work's messages.
 * @param store or a transaction of it
 * @returns false when it is there already
 */
export async function recordAudit(store: Kysely<Database>, entry: AuditEntry): Promise<boolean> {
  const patients = entry.patients ?? (entry.work === undefined ? [] : await marksOfWork(store, entry.work));
  const { rows } = await sql`
    insert into audit_event
      (event_id, kind, action, outcome, organization, destination, work, control_id, by, origin, patients, details)
    values (${entry.id ?? randomUUID()}::uuid, ${entry.kind}, ${entry.action}, ${entry.outcome ?? 0},
      ${entry.organization ?? null}, ${entry.destination ?? null}, ${entry.work ?? null}, ${entry.controlId ?? null},
      ${entry.by}, ${JSON.stringify(entry.origin ?? {})}::jsonb, ${[...patients]}::text[],
      ${JSON.stringify(entry.details ?? {})}::jsonb)
    on conflict (event_id) do nothing
    returning id
  `.execute(store);
  return rows.length > 0;
}

async function marksOfWork(store: Kysely<Database>, workflowId: string): Promise<readonly string[]> {
  const { rows } = await sql<{ patients: readonly string[] }>`
    select distinct m.patients from notification n
    join message m on m.organization = n.organization and m.notification_id = n.notification_id and m.variant = n.variant
    where n.workflow_id = ${workflowId}
  `.execute(store);
  return rows.flatMap(({ patients }) => patients);
}

/** Patients of one event: more make it several, so that a row stays small. */
const PATIENTS_OF_AN_EVENT = 500;

/**
 * Writes an event about any number of patients, as several where they are many.
 * @param patients the marks of each patient
 */
export async function recordAuditOf(
  store: Kysely<Database>,
  entry: Omit<AuditEntry, 'id' | 'patients'>,
  patients: readonly (readonly string[])[],
): Promise<void> {
  let done = 0;
  do {
    const some = patients.slice(done, done + PATIENTS_OF_AN_EVENT);
    await recordAudit(store, { ...entry, patients: some.flat() });
    done += PATIENTS_OF_AN_EVENT;
  } while (done < patients.length);
}

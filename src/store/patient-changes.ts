/**
 * The ledger of the messages of a HIS: which were taken, what became of each, and what is parked. Their content is in
 * Temporal only. Every statement can be repeated: what is closed stays as it ended.
 */
import { sql, type Kysely } from 'kysely';
import type { AuditOutcome } from '../domain/audit';
import type { ErrorCode } from '../domain/errors';
import type { KeyedHash } from '../domain/identifiers';
import { LIMITS } from '../domain/limits';
import { ChangeState } from '../domain/patient-sync';
import type { ChangeHeader, PatientKey, PatientVersion, TakeUpVerdict } from '../domain/patient-sync';
import { patientSyncWorkflowId } from '../domain/workflow-ids';
import { recordAudit } from './audit';
import type { Store } from './database';
import type { Decision } from './ledger';
import type { Database } from './schema';

/** Whether a change is before another: by its place in the same connection, else by its time. */
export function isBefore(
  one: { readonly connection: string; readonly sequence: number; readonly eventAtMs: number },
  other: PatientVersion,
): boolean {
  return one.connection === other.connection ? one.sequence < other.sequence : one.eventAtMs < other.eventAtMs;
}

/** What taking up a change needs beside it. */
export interface TakeUp extends PatientKey {
  readonly change: ChangeHeader;
  /** Keyed hash of the digest of the bytes. */
  readonly digest: KeyedHash;
}

interface Before {
  readonly state: string | null;
  readonly received_at: Date | null;
  readonly closed: boolean | null;
  readonly reused: boolean;
  readonly version_at: Date | null;
  readonly version_connection: string | null;
  readonly version_sequence: string | number | null;
}

/**
 * Enters a change, or says what is known of it.
 * @returns the verdict, and whether it was written down by this call
 */
export async function takeUpChange(
  store: Store,
  { organization, patient, change, digest }: TakeUp,
): Promise<{ readonly verdict: TakeUpVerdict; readonly isNew: boolean }> {
  const { origin } = change;
  const oldest = new Date(change.receivedAtMs - LIMITS.controlIdWindowMs);
  // A change of a merged number has come before, under that number: its control id is its own.
  const { rows } = await sql<Before>`
    select c.state, c.received_at, c.closed_at is not null as closed,
      ${change.forwarded !== true}::boolean and exists (
        select from patient_change o where o.organization = ${organization} and o.source = ${origin.source}
          and o.control_id = ${origin.controlId} and o.digest <> ${digest} and o.state <> ${ChangeState.conflict}
          and o.received_at > ${oldest}
      ) as reused,
      p.version_at, p.version_connection, p.version_sequence
    from (select 1) one
    left join patient p on p.organization = ${organization} and p.patient = ${patient}
    left join patient_change c on c.organization = ${organization} and c.change_id = ${change.id}::uuid
  `.execute(store);
  const [before] = rows;
  if (before === undefined) return { verdict: 'taken', isNew: false };
  const isKnown = before.received_at !== null && before.received_at > oldest;
  if (isKnown && before.closed === true) return { verdict: 'repeat', isNew: false };
  const verdict = verdictOf(change, before);
  if (isKnown && verdict === 'taken' && before.state === ChangeState.taken) return { verdict, isNew: false };
  const entered = await sql`
    insert into patient_change (organization, change_id, patient, workflow_id, source, control_id, digest, event, kind,
      event_at, received_at, state, closed_at, error_code)
    values (${organization}, ${change.id}::uuid, ${patient}, ${patientSyncWorkflowId(organization, patient)},
      ${origin.source}, ${origin.controlId}, ${digest}, ${change.event}, ${change.kind}, ${new Date(change.eventAtMs)},
      ${new Date(change.receivedAtMs)}, ${verdict}, ${verdict === 'taken' ? null : sql`now()`},
      ${verdict === 'conflict' ? 'DUCTUS_CONTROL_ID_REUSED' : null})
    on conflict (organization, change_id) do update set
      received_at = excluded.received_at, state = excluded.state, closed_at = excluded.closed_at,
      error_code = excluded.error_code, error_message = null, element = null, replaced_by = null,
      decided_by = null, decided_reason = null
    where patient_change.closed_at is null or patient_change.received_at <= ${oldest}
    returning 1
  `.execute(store);
  return { verdict, isNew: entered.rows.length > 0 && !isKnown };
}

function verdictOf(change: ChangeHeader, before: Before): 'taken' | 'stale' | 'conflict' {
  if (before.reused) return 'conflict';
  const { version_at: at, version_connection: connection, version_sequence: sequence } = before;
  if (change.kind === 'merge' || at === null) return 'taken';
  const version = { eventAtMs: at.getTime(), connection: connection ?? '', sequence: Number(sequence ?? 0) };
  const place = { ...change.origin, eventAtMs: change.eventAtMs };
  return isBefore(place, version) ? 'stale' : 'taken';
}

/** What is closed, and how: the newest of what waited, and those in whose place it was sent. */
export interface Settlement extends PatientKey {
  readonly changeIds: readonly string[];
  readonly newest: string;
  /** Of the newest, unless it is a merge. */
  readonly state: ChangeState;
}

/**
 * Closes what was sent, or need not be: a merge as merged, the newest with its state, the others as superseded by it.
 * @returns how many of each state were closed by this call
 */
export async function settleChanges(
  store: Kysely<Database>,
  { organization, changeIds, newest, state }: Settlement,
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ state: string; count: number }>`
    with settled as (
      update patient_change set
        state = case when kind = 'merge' then ${ChangeState.merged} when change_id = ${newest}::uuid then ${state}
          else ${ChangeState.superseded} end,
        replaced_by = case when kind = 'merge' or change_id = ${newest}::uuid then null else ${newest}::uuid end,
        closed_at = now(), error_code = null, error_message = null, element = null
      where organization = ${organization} and change_id = any(${[...changeIds]}::uuid[]) and closed_at is null
      returning state
    )
    select state, count(*)::int as count from settled group by state
  `.execute(store);
  return new Map(rows.map((row) => [row.state, row.count]));
}

/** Closes changes without anything having been sent. @returns how many were closed by this call */
export async function closeChanges(
  store: Kysely<Database>,
  { organization }: PatientKey,
  changeIds: readonly string[],
  state: ChangeState,
  replacedBy?: string,
): Promise<number> {
  if (changeIds.length === 0) return 0;
  const closed = await sql`
    update patient_change set state = ${state}, replaced_by = ${replacedBy ?? null}::uuid, closed_at = now(),
      error_code = null, error_message = null, element = null
    where organization = ${organization} and change_id = any(${[...changeIds]}::uuid[]) and closed_at is null
    returning 1
  `.execute(store);
  return closed.rows.length;
}

export interface ParkedChanges extends PatientKey {
  readonly changeIds: readonly string[];
  readonly newest: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly element?: string;
}

/** Notes that changes wait for a person or for a newer change: the newest says why, and stands for the others. */
export async function parkChanges(store: Store, parked: ParkedChanges): Promise<void> {
  const { organization, patient, changeIds, newest, code, message, element } = parked;
  await sql`
    with waiting as (
      delete from destination_waiter where workflow_id = ${patientSyncWorkflowId(organization, patient)}
    )
    update patient_change set
      state = case when change_id = ${newest}::uuid then ${ChangeState.parked} else state end,
      error_code = case when change_id = ${newest}::uuid then ${code} end,
      error_message = case when change_id = ${newest}::uuid then ${message} end,
      element = case when change_id = ${newest}::uuid then ${element ?? null} end
    where organization = ${organization} and change_id = any(${[...changeIds]}::uuid[]) and closed_at is null
  `.execute(store);
}

/** Writes down that parked changes go on: by a decision, or since something newer came. */
export async function unparkChanges(store: Kysely<Database>, { organization, patient }: PatientKey): Promise<void> {
  await store
    .updateTable('patient_change')
    .set({ state: ChangeState.taken })
    .where('organization', '=', organization)
    .where('patient', '=', patient)
    .where('state', '=', ChangeState.parked)
    .execute();
}

/** Writes an operator's decision down: in the changes, in the append-only list, and in the audit. Idempotent. */
export async function recordPatientDecision(
  store: Store,
  key: PatientKey,
  changeIds: readonly string[],
  decision: Decision,
  marks: readonly string[],
): Promise<number> {
  const { id, action, by, reason, details } = decision;
  const work = patientSyncWorkflowId(key.organization, key.patient);
  return store.transaction().execute(async (trx) => {
    await trx
      .updateTable('patient_change')
      .set({ decided_by: by, decided_reason: reason })
      .where('organization', '=', key.organization)
      .where('change_id', 'in', [...changeIds])
      .where('closed_at', 'is', null)
      .execute();
    const closed =
      action === 'discard'
        ? await closeChanges(trx, key, changeIds, ChangeState.discarded)
        : (await unparkChanges(trx, key), 0);
    const isNew = await recordAudit(trx, {
      id,
      kind: 'repair',
      action: 'E',
      organization: key.organization,
      work,
      by,
      patients: marks,
      details: { decision: action, reason, ...details },
    });
    if (!isNew) return closed;
    await trx
      .insertInto('decision')
      .values({
        organization: key.organization,
        notification_id: work,
        destination: null,
        action,
        by,
        reason,
        details: JSON.stringify(details),
        at: new Date(),
      })
      .execute();
    return closed;
  });
}

/** An attempt of which the audit is told. */
export interface AttemptRecord extends PatientKey {
  /** The same again is the same attempt. */
  readonly id: string;
  readonly destination: string;
  readonly controlId: string;
  readonly outcome: AuditOutcome;
  readonly marks: readonly string[];
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** Writes into the audit that data of a patient went to Roche, or may have. */
export async function auditPatientAttempt(store: Kysely<Database>, record: AttemptRecord): Promise<void> {
  await recordAudit(store, {
    id: record.id,
    kind: 'delivery',
    action: 'R',
    outcome: record.outcome,
    organization: record.organization,
    destination: record.destination,
    work: patientSyncWorkflowId(record.organization, record.patient),
    controlId: record.controlId,
    by: 'ductus',
    patients: record.marks,
    details: record.details,
  });
}

/** Messages of a source that were not taken since their control id was in use. */
export interface ReusedControlIds {
  readonly organization: string;
  readonly source: string;
  readonly count: number;
}

/** What came since then under control ids that were used for other messages before. */
export async function reusedControlIds(store: Store, since: Date): Promise<readonly ReusedControlIds[]> {
  const { rows } = await sql<ReusedControlIds>`
    select organization, source, count(*)::int as count from patient_change
    where state = ${ChangeState.conflict} and received_at > ${since}
    group by organization, source order by organization, source
  `.execute(store);
  return rows;
}

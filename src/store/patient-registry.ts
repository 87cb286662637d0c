/**
 * The registry of patients whom the HIS has named, as the sending of their changes writes it. One attempt at a time may
 * send for a patient: it claims the row, and each later statement of it asks for its claim, so that an attempt that was
 * overtaken (its worker hung, or the number was merged) changes nothing any more.
 */
import { sql, type Kysely, type Selectable } from 'kysely';
import { DUCTUS_ITSELF } from '../domain/audit';
import { DuctusError } from '../domain/errors';
import { KeyedHashSchema, type KeyedHash } from '../domain/identifiers';
import { PatientState } from '../domain/patient-sync';
import type { ChangeState, PatientKey, PatientVersion } from '../domain/patient-sync';
import { patientSyncWorkflowId } from '../domain/workflow-ids';
import type { Store } from './database';
import { auditPatientAttempt, settleChanges, type AttemptRecord } from './patient-changes';
import type { Database, PatientTable } from './schema';

/** A patient as the registry has it. */
export interface RegistryPatient {
  readonly state: PatientState;
  /** The hospital's number, in clear. */
  readonly number: string;
  readonly system: string;
  readonly assigningAuthority: string;
  readonly rochePatientId: string | undefined;
  readonly rocheBundleId: string | undefined;
  readonly createSentAt: Date | undefined;
  /** An update was sent then whose answer is not known. */
  readonly updateSentAt: Date | undefined;
  readonly mergedInto: KeyedHash | undefined;
  /** Of the last change that Roche accepted. */
  readonly version: PatientVersion | undefined;
  readonly contentHash: string | undefined;
}

/** A number as a message of the HIS names it. */
export interface NamedNumber {
  readonly number: string;
  /** URI of the number's system at Roche. */
  readonly system: string;
  /** PID-3.4 as sent. */
  readonly assigningAuthority: string;
}

/** A claimed row: what each later statement asks for. */
export interface Claim extends PatientKey {
  readonly claim: string;
}

/**
 * Claims a patient for an attempt, and enters one that is not there.
 * @param named the number, from a message that has it; undefined where only messages of other numbers wait
 * @throws DuctusError DUCTUS_INTERNAL when there is neither a row nor a number
 */
export async function claimPatient(
  store: Store,
  { organization, patient, claim }: Claim,
  named: NamedNumber | undefined,
): Promise<RegistryPatient> {
  const { rows } =
    named === undefined
      ? await sql<Selectable<PatientTable>>`
          update patient set claim = ${claim} where organization = ${organization} and patient = ${patient}
          returning *`.execute(store)
      : await sql<Selectable<PatientTable>>`
          insert into patient (organization, patient, number, system, assigning_authority, state, claim, created_at, updated_at)
          values (${organization}, ${patient}, ${named.number}, ${named.system}, ${named.assigningAuthority},
            ${PatientState.new}, ${claim}, now(), now())
          on conflict (organization, patient) do update set claim = excluded.claim,
            assigning_authority = excluded.assigning_authority, system = excluded.system
          returning *`.execute(store);
  const [row] = rows;
  if (row === undefined) throw new DuctusError('DUCTUS_INTERNAL', 'A merged patient has no row in the registry.');
  return patientOf(row);
}

const STATES: ReadonlyMap<string, PatientState> = new Map(Object.values(PatientState).map((state) => [state, state]));

export function patientOf(row: Selectable<PatientTable>): RegistryPatient {
  const version =
    row.version_at === null
      ? undefined
      : {
          eventAtMs: row.version_at.getTime(),
          connection: row.version_connection ?? '',
          sequence: Number(row.version_sequence ?? 0),
        };
  return {
    state: STATES.get(row.state) ?? PatientState.new,
    number: row.number,
    system: row.system,
    assigningAuthority: row.assigning_authority,
    rochePatientId: row.roche_patient_id ?? undefined,
    rocheBundleId: row.roche_bundle_id ?? undefined,
    createSentAt: row.create_sent_at ?? undefined,
    updateSentAt: row.update_sent_at ?? undefined,
    mergedInto: row.merged_into === null ? undefined : KeyedHashSchema.parse(row.merged_into),
    version,
    contentHash: row.content_hash ?? undefined,
  };
}

/** What goes out next. */
export interface Outgoing extends Claim {
  readonly changeId: string;
  /** An earlier create may have arrived, and could not be found. */
  readonly mayRepeat: boolean;
}

/**
 * Writes down that a create is about to be sent. Committed before it is: a later attempt that finds it looks first.
 * @returns `overtaken`: the attempt must not send; `number-taken`: Roche has, or may have, somebody else under this number,
 *   whose data would be overwritten
 */
export function markCreating(store: Store, outgoing: Outgoing): Promise<Marked> {
  return markSent(
    store,
    outgoing,
    sql`state = ${PatientState.creating}, create_sent_at = clock_timestamp()`,
    sql`state in (${PatientState.new}, ${PatientState.creating})`,
  );
}

/** Writes down that an update is about to be sent. @returns as `markCreating` */
export function markUpdating(store: Store, outgoing: Outgoing): Promise<Marked> {
  return markSent(store, outgoing, sql`update_sent_at = clock_timestamp()`, sql`state <> ${PatientState.merged}`);
}

export type Marked = 'mine' | 'overtaken' | 'number-taken';

async function markSent(
  store: Store,
  { organization, patient, claim, changeId, mayRepeat }: Outgoing,
  set: ReturnType<typeof sql>,
  when: ReturnType<typeof sql>,
): Promise<Marked> {
  return store.transaction().execute(async (trx) => {
    // Two assigning authorities may give out the same number at the same time.
    await sql`
      select pg_advisory_xact_lock(hashtextextended(organization || '|' || system || '|' || number, 0))
      from patient where organization = ${organization} and patient = ${patient}
    `.execute(trx);
    const { rows } = await sql<{ mine: boolean; taken: boolean }>`
      with mine as (
        update patient set ${set}
        where organization = ${organization} and patient = ${patient} and claim = ${claim} and ${when}
          and not exists (select from patient o where ${isSomebodyElse(sql`patient`)})
        returning patient
      ), sent as (
        update patient_change set attempts = attempts + 1, possible_repeats = possible_repeats + ${mayRepeat ? 1 : 0},
          sent_at = clock_timestamp()
        where organization = ${organization} and change_id = ${changeId}::uuid and exists (select from mine)
      )
      select exists (select from mine) as mine, exists (
        select from patient p join patient o on ${isSomebodyElse(sql`p`)}
        where p.organization = ${organization} and p.patient = ${patient} and p.claim = ${claim}
      ) as taken
    `.execute(trx);
    const [marked] = rows;
    if (marked?.mine === true) return 'mine';
    return marked?.taken === true ? 'number-taken' : 'overtaken';
  });
}

/**
 * The row `o` is a patient of another assigning authority with the same number, whom Roche has or may have. Roche knows a
 * number by one system, whoever gave it out. One who is at Roche already stays as they are.
 */
function isSomebodyElse(own: ReturnType<typeof sql>): ReturnType<typeof sql> {
  return sql`${own}.state <> ${PatientState.active} and o.organization = ${own}.organization
    and o.number = ${own}.number and o.system = ${own}.system and o.patient <> ${own}.patient
    and o.state in (${PatientState.creating}, ${PatientState.active})`;
}

/** Writes down that an update has surely ended, whatever it did: the next request need not wait. */
export async function endUpdate(store: Store, { organization, patient, claim }: Claim): Promise<void> {
  await store
    .updateTable('patient')
    .set({ update_sent_at: null })
    .where('organization', '=', organization)
    .where('patient', '=', patient)
    .where('claim', '=', claim)
    .execute();
}

/** Writes down that a create surely did not happen: the next attempt need not look. */
export async function endCreate(store: Store, { organization, patient, claim }: Claim): Promise<void> {
  await store
    .updateTable('patient')
    .set({ state: PatientState.new, create_sent_at: null, updated_at: new Date() })
    .where('organization', '=', organization)
    .where('patient', '=', patient)
    .where('claim', '=', claim)
    .where('state', '=', PatientState.creating)
    .execute();
}

/** What Roche has now. */
export interface Acceptance extends Claim {
  readonly changeIds: readonly string[];
  readonly newest: string;
  readonly state: ChangeState;
  /** Undefined: nothing was sent, and what Roche has stays. */
  readonly sent?: {
    readonly rochePatientId: string;
    readonly rocheBundleId: string | undefined;
    readonly version: PatientVersion;
    readonly contentHash: string;
    /** The merged number whose patient at Roche is the survivor's now. */
    readonly adoptedFrom: KeyedHash | undefined;
    readonly attempt: AttemptRecord;
  };
  /** Roche has the content of this change already: what is older may not come after it. */
  readonly confirmed?: PatientVersion;
  /** Line of the cross-reference: what the EMR knows the number by. */
  readonly line: CrossReferenceLine;
}

/** Target of a line of the cross-reference. */
export interface CrossReferenceLine {
  readonly assigningAuthority: string;
  readonly identifierType: string;
}

/**
 * Writes down, in one transaction, that Roche has what was sent: the registry, the changes, the cross-reference, the
 * audit, and that the destination works.
 * @returns what was closed by this call; undefined when the attempt was overtaken
 */
export async function acceptPatient(
  store: Store,
  accepted: Acceptance,
): Promise<ReadonlyMap<string, number> | undefined> {
  const { organization, patient, claim, sent } = accepted;
  const version = sent?.version ?? accepted.confirmed;
  return store.transaction().execute(async (trx) => {
    const mine = await trx
      .updateTable('patient')
      .set({
        updated_at: new Date(),
        ...(version === undefined
          ? {}
          : {
              version_at: new Date(version.eventAtMs),
              version_connection: version.connection,
              version_sequence: version.sequence,
            }),
        ...(sent === undefined
          ? {}
          : {
              state: PatientState.active,
              roche_patient_id: sent.rochePatientId,
              roche_bundle_id: sent.rocheBundleId ?? null,
              create_sent_at: null,
              update_sent_at: null,
              content_hash: sent.contentHash,
            }),
      })
      .where('organization', '=', organization)
      .where('patient', '=', patient)
      .where('claim', '=', claim)
      .where('state', '<>', PatientState.merged)
      .returning(['number', 'system'])
      .executeTakeFirst();
    if (sent !== undefined) await auditPatientAttempt(trx, sent.attempt);
    if (mine === undefined) {
      if (sent !== undefined) await rememberLate(trx, accepted, sent.rochePatientId);
      return undefined;
    }
    if (sent?.adoptedFrom !== undefined) {
      await trx
        .updateTable('patient')
        .set({ roche_patient_id: null, roche_bundle_id: null, update_sent_at: null, updated_at: new Date() })
        .where('organization', '=', organization)
        .where('patient', '=', sent.adoptedFrom)
        .where('merged_into', '=', patient)
        .execute();
    }
    await refer(trx, accepted, mine);
    const work = patientSyncWorkflowId(organization, patient);
    await trx.deleteFrom('destination_waiter').where('workflow_id', '=', work).execute();
    return settleChanges(trx, accepted);
  });
}

/** The number was merged while its create was on its way: Roche has a patient that nobody uses, which must be known. */
async function rememberLate(
  trx: Kysely<Database>,
  { organization, patient }: PatientKey,
  rochePatientId: string,
): Promise<void> {
  await trx
    .updateTable('patient')
    .set({ roche_patient_id: rochePatientId, updated_at: new Date() })
    .where('organization', '=', organization)
    .where('patient', '=', patient)
    .where('state', '=', PatientState.merged)
    .where('roche_patient_id', 'is', null)
    .execute();
}

/** The line of a number that leads to itself. One that an operator wrote stays: they know the EMR. */
async function refer(
  trx: Kysely<Database>,
  { organization, line }: Acceptance,
  { number, system }: { readonly number: string; readonly system: string },
): Promise<void> {
  await sql`
    insert into patient_identifier as p
      (organization, source_system, source_value, emr_value, assigning_authority, identifier_type, updated_at, updated_by)
    values (${organization}, ${system}, ${number}, ${number}, ${line.assigningAuthority}, ${line.identifierType}, now(),
      ${DUCTUS_ITSELF})
    on conflict (organization, source_system, source_value) do update set
      emr_value = excluded.emr_value, assigning_authority = excluded.assigning_authority,
      identifier_type = excluded.identifier_type, updated_at = excluded.updated_at
    where p.updated_by = ${DUCTUS_ITSELF} and (p.emr_value, p.assigning_authority, p.identifier_type)
      <> (excluded.emr_value, excluded.assigning_authority, excluded.identifier_type)
  `.execute(trx);
}

/** A patient at Roche under a number that has ended. */
export interface LeftAtRoche {
  readonly patient: KeyedHash;
  readonly number: string;
  readonly rochePatientId: string;
  readonly rocheBundleId: string | undefined;
  /** An update was sent under that number whose answer is not known. */
  readonly updateSentAt: Date | undefined;
}

/** The patient at Roche that a survivor without one can take over: that of the number merged first. */
export async function adoptable(store: Store, { organization, patient }: PatientKey): Promise<LeftAtRoche | undefined> {
  const row = await store
    .selectFrom('patient')
    .select(['patient', 'number', 'roche_patient_id', 'roche_bundle_id', 'update_sent_at'])
    .where('organization', '=', organization)
    .where('merged_into', '=', patient)
    .where('roche_patient_id', 'is not', null)
    .orderBy('merged_at')
    .orderBy('patient')
    .executeTakeFirst();
  if (row === undefined || row.roche_patient_id === null) return undefined;
  return {
    patient: KeyedHashSchema.parse(row.patient),
    number: row.number,
    rochePatientId: row.roche_patient_id,
    rocheBundleId: row.roche_bundle_id ?? undefined,
    updateSentAt: row.update_sent_at ?? undefined,
  };
}

/** The number of a patient, for the marks of the audit. */
export async function numberOf(
  store: Store,
  { organization, patient }: PatientKey,
): Promise<{ readonly number: string; readonly system: string } | undefined> {
  return store
    .selectFrom('patient')
    .select(['number', 'system'])
    .where('organization', '=', organization)
    .where('patient', '=', patient)
    .executeTakeFirst();
}

/**
 * Merges of patients (A40) in the registry: the old number leads to the survivor. A number that has ended always leads to
 * one that has not, so that no chain grows and none leads back to itself: A into B and B into C leave A and B at C; A
 * into B and then B into A leave B at A.
 */
import { sql, type Transaction } from 'kysely';
import { DUCTUS_ITSELF } from '../domain/audit';
import type { KeyedHash, OrganizationId } from '../domain/identifiers';
import { PatientState } from '../domain/patient-sync';
import { auditId, recordAudit } from './audit';
import type { Store } from './database';
import type { CrossReferenceLine, NamedNumber } from './patient-registry';
import type { Database } from './schema';

export interface Merge {
  readonly organization: OrganizationId;
  readonly survivor: KeyedHash;
  readonly prior: KeyedHash;
  /** The number that ends, as the merge names it. */
  readonly priorNumber: NamedNumber;
  readonly changeId: string;
  readonly eventAtMs: number;
  readonly connection: string;
  /** Of the attempt of the survivor: from now on it may write for both. */
  readonly claim: string;
  readonly line: CrossReferenceLine;
  /** For the audit. */
  readonly marks: readonly string[];
}

export type MergeResult =
  | { readonly status: 'done' }
  /** A later merge, which came before this one, says otherwise. */
  | { readonly status: 'overtaken' }
  /** The survivor's number leads to another one by now. */
  | { readonly status: 'survivor-merged' }
  /** A create of the old number is on its way, or its end is not known: it has to be looked up first. */
  | { readonly status: 'prior-creating'; readonly sentAt: Date; readonly number: string; readonly system: string };

interface Row {
  readonly patient: string;
  readonly number: string;
  readonly system: string;
  readonly assigning_authority: string;
  readonly state: string;
  readonly roche_patient_id: string | null;
  readonly create_sent_at: Date | null;
  readonly merged_into: string | null;
  readonly merged_at: Date | null;
  readonly merged_connection: string | null;
}

/** Merges a number into that of the survivor, who is in the registry. The same again changes nothing. */
export async function applyMerge(store: Store, merge: Merge): Promise<MergeResult> {
  const { organization, survivor, prior } = merge;
  return store.transaction().execute(async (trx) => {
    await enter(trx, merge);
    const { rows } = await sql<Row>`
      select patient, number, system, assigning_authority, state, roche_patient_id, create_sent_at, merged_into,
        merged_at, merged_connection
      from patient where organization = ${organization} and patient in (${survivor}, ${prior})
      order by patient for update
    `.execute(trx);
    const to = rows.find((row) => row.patient === survivor);
    const from = rows.find((row) => row.patient === prior);
    if (to === undefined || from === undefined) throw new Error('a patient of a merge has gone from the registry');
    const isBack = to.merged_into === prior;
    if (to.merged_into !== null && !isBack) return { status: 'survivor-merged' };
    if (isBack && isOlder(merge, to)) return { status: 'overtaken' };
    if (from.merged_into === survivor) return { status: 'done' };
    if (from.merged_into !== null && isOlder(merge, from)) return { status: 'overtaken' };
    if (from.state === PatientState.creating && from.create_sent_at !== null) {
      return { status: 'prior-creating', sentAt: from.create_sent_at, number: from.number, system: from.system };
    }
    if (isBack) await revive(trx, merge, to);
    await sql`
      update patient set merged_into = ${survivor}, updated_at = now()
      where organization = ${organization} and merged_into = ${prior} and patient <> ${survivor}
    `.execute(trx);
    await sql`
      update patient set state = ${PatientState.merged}, merged_into = ${survivor},
        merged_at = ${new Date(merge.eventAtMs)}, merged_connection = ${merge.connection}, claim = ${merge.claim},
        create_sent_at = null, updated_at = now()
      where organization = ${organization} and patient = ${prior}
    `.execute(trx);
    await lead(trx, merge, to);
    await recordAudit(trx, {
      id: auditId('patient-merge', organization, merge.changeId),
      kind: 'patients-change',
      action: 'U',
      organization,
      by: DUCTUS_ITSELF,
      patients: merge.marks,
      details: { change: 'patients-merge' },
    });
    return { status: 'done' };
  });
}

/** An A40 may be the first that is heard of the old number. */
async function enter(trx: Transaction<Database>, { organization, prior, priorNumber }: Merge): Promise<void> {
  await sql`
    insert into patient (organization, patient, number, system, assigning_authority, state, created_at, updated_at)
    values (${organization}, ${prior}, ${priorNumber.number}, ${priorNumber.system}, ${priorNumber.assigningAuthority},
      ${PatientState.new}, now(), now())
    on conflict (organization, patient) do nothing
  `.execute(trx);
}

/** Within a connection the order of arrival counts, as for any change. */
function isOlder(merge: Merge, row: Row): boolean {
  return (
    row.merged_at !== null && row.merged_connection !== merge.connection && merge.eventAtMs < row.merged_at.getTime()
  );
}

/** A number that had ended is the survivor's again. */
async function revive(trx: Transaction<Database>, { organization, survivor, line }: Merge, row: Row): Promise<void> {
  await trx
    .updateTable('patient')
    .set({
      state: row.roche_patient_id === null ? PatientState.new : PatientState.active,
      merged_into: null,
      merged_at: null,
      merged_connection: null,
      updated_at: new Date(),
    })
    .where('organization', '=', organization)
    .where('patient', '=', survivor)
    .execute();
  await sql`
    update patient_identifier set emr_value = source_value, assigning_authority = ${line.assigningAuthority},
      identifier_type = ${line.identifierType}, updated_at = now(), updated_by = ${DUCTUS_ITSELF}
    where organization = ${organization} and source_system = ${row.system} and source_value = ${row.number}
  `.execute(trx);
}

/** Data that come under any number that leads to the survivor go where the survivor's go. */
async function lead(trx: Transaction<Database>, { organization, survivor, line }: Merge, to: Row): Promise<void> {
  await sql`
    insert into patient_identifier
      (organization, source_system, source_value, emr_value, assigning_authority, identifier_type, updated_at, updated_by)
    select p.organization, p.system, p.number, coalesce(own.emr_value, ${to.number}),
      coalesce(own.assigning_authority, ${line.assigningAuthority}),
      coalesce(own.identifier_type, ${line.identifierType}), now(), ${DUCTUS_ITSELF}
    from patient p
    left join patient_identifier own on own.organization = p.organization and own.source_system = ${to.system}
      and own.source_value = ${to.number}
    where p.organization = ${organization} and p.merged_into = ${survivor}
      -- Not a number under which Roche has somebody else, of another assigning authority: those are their data.
      and not exists (
        select from patient o where o.organization = p.organization and o.number = p.number and o.system = p.system
          and o.patient <> p.patient and o.patient <> ${survivor}
          and o.state in (${PatientState.creating}, ${PatientState.active})
      )
    on conflict (organization, source_system, source_value) do update set
      emr_value = excluded.emr_value, assigning_authority = excluded.assigning_authority,
      identifier_type = excluded.identifier_type, updated_at = excluded.updated_at, updated_by = excluded.updated_by
  `.execute(trx);
}

/** Writes down what a look-up said of a create of the old number whose end was not known. */
export async function settlePrior(
  store: Store,
  { organization, prior, claim }: Pick<Merge, 'organization' | 'prior' | 'claim'>,
  rochePatientId: string | undefined,
): Promise<void> {
  await store
    .updateTable('patient')
    .set({
      state: rochePatientId === undefined ? PatientState.new : PatientState.active,
      create_sent_at: null,
      claim,
      updated_at: new Date(),
      ...(rochePatientId === undefined ? {} : { roche_patient_id: rochePatientId }),
    })
    .where('organization', '=', organization)
    .where('patient', '=', prior)
    .where('state', '=', PatientState.creating)
    .execute();
}

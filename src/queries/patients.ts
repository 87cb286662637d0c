/**
 * Patients as operators look at them: the cross-reference (which number the EMR has) and the registry (what Roche has, and
 * whether data may come back) under one number. `summary` has counts only; `listPatients` shows numbers.
 */
import { sql } from 'kysely';
import { ChangeState, Consent, PatientState } from '../domain/patient-sync';
import type { Store } from '../store/database';
import type { RegistryState } from './patient-registry';

export interface PatientsSummary {
  readonly organization: string;
  readonly sourceSystem: string;
  /** Entries of the cross-reference. */
  readonly patients: number;
  /** Patients of the registry, and how they stand. */
  readonly registered: number;
  readonly active: number;
  readonly merged: number;
  /** Of whom a message waits for a decision. */
  readonly parked: number;
  /** Merged patients are not among these: their last number counts. */
  readonly consentGiven: number;
  readonly consentWithdrawn: number;
  readonly consentMissing: number;
  readonly updatedAt: Date;
}

/** One number, with its entry of the cross-reference and its patient in the registry; one of the two is there at least. */
export interface PatientView {
  readonly sourceSystem: string;
  readonly sourceValue: string;
  readonly mrn: string | null;
  readonly assigningAuthority: string | null;
  readonly identifierType: string | null;
  readonly updatedAt: Date;
  readonly updatedBy: string | null;
  /** Keyed hash of the patient in the registry. */
  readonly patient: string | null;
  readonly state: string | null;
  readonly consent: string | null;
}

export interface PatientFilter {
  /** Only numbers of this system. */
  readonly sourceSystem?: string | undefined;
  /** Only this number. */
  readonly sourceValue?: string | undefined;
  /** Only the patient with this keyed hash. */
  readonly patient?: string | undefined;
  readonly state?: RegistryState | undefined;
  readonly consent?: Consent | undefined;
  readonly limit?: number | undefined;
  /** How many to pass over. */
  readonly offset?: number | undefined;
}

const DEFAULT_LIMIT = 1000;

/** How many patients each organization has, by system. */
export async function summarizePatients(store: Store, organization?: string): Promise<readonly PatientsSummary[]> {
  const only = organization === undefined ? sql`true` : sql`organization = ${organization}`;
  const consent = (state: Consent) =>
    sql`count(*) filter (where consent = ${state} and state <> ${PatientState.merged})::int`;
  const { rows } = await sql<PatientsSummary>`
    select organization, system as "sourceSystem", sum(patients)::int as patients, sum(registered)::int as registered,
      sum(active)::int as active, sum(merged)::int as merged, sum(parked)::int as parked,
      sum(given)::int as "consentGiven", sum(withdrawn)::int as "consentWithdrawn", sum(missing)::int as "consentMissing",
      max(updated_at) as "updatedAt"
    from (
      select organization, source_system as system, count(*)::int as patients, 0 as registered, 0 as active, 0 as merged,
        0 as parked, 0 as given, 0 as withdrawn, 0 as missing, max(updated_at) as updated_at
      from patient_identifier where ${only} group by organization, source_system
      union all
      select organization, system, 0, count(*)::int,
        count(*) filter (where state = ${PatientState.active})::int,
        count(*) filter (where state = ${PatientState.merged})::int,
        count(*) filter (where ${hasParked()})::int,
        ${consent(Consent.given)}, ${consent(Consent.withdrawn)}, ${consent(Consent.missing)}, max(updated_at)
      from patient p where ${only} group by organization, system
    ) both_sides
    group by organization, system
    order by organization, system
  `.execute(store);
  return rows;
}

/** Patients with their numbers, in the order of the numbers that Roche gives. */
export async function listPatients(
  store: Store,
  organization: string,
  { sourceSystem, sourceValue, patient: hash, state, consent, limit, offset }: PatientFilter = {},
): Promise<readonly PatientView[]> {
  const entry = [
    sql`organization = ${organization}`,
    ...(sourceSystem === undefined ? [] : [sql`source_system = ${sourceSystem}`]),
    ...(sourceValue === undefined ? [] : [sql`source_value = ${sourceValue}`]),
    ...(hash === undefined
      ? []
      : [
          sql`(source_system, source_value) in (select system, number from patient
            where organization = ${organization} and patient = ${hash})`,
        ]),
  ];
  const patient = [
    sql`organization = ${organization}`,
    ...(sourceSystem === undefined ? [] : [sql`system = ${sourceSystem}`]),
    ...(sourceValue === undefined ? [] : [sql`number = ${sourceValue}`]),
    ...(hash === undefined ? [] : [sql`patient = ${hash}`]),
  ];
  const both = [
    ...(state === undefined ? [] : [state === 'parked' ? hasParked() : sql`p.state = ${state}`]),
    ...(consent === undefined ? [] : [sql`p.consent = ${consent}`]),
  ];
  const { rows } = await sql<PatientView>`
    select coalesce(i.source_system, p.system) as "sourceSystem", coalesce(i.source_value, p.number) as "sourceValue",
      i.emr_value as mrn, i.assigning_authority as "assigningAuthority", i.identifier_type as "identifierType",
      greatest(i.updated_at, p.updated_at) as "updatedAt", i.updated_by as "updatedBy", p.patient, p.state, p.consent
    from (select * from patient_identifier where ${sql.join(entry, sql` and `)}) i
    full join (select * from patient where ${sql.join(patient, sql` and `)}) p
      on p.system = i.source_system and p.number = i.source_value
    where ${both.length === 0 ? sql`true` : sql.join(both, sql` and `)}
    order by 1, 2, p.patient
    limit ${limit ?? DEFAULT_LIMIT} offset ${offset ?? 0}
  `.execute(store);
  return rows;
}

/** Of the patient `p`. Not correlated: what is open has an index, and is little. */
function hasParked() {
  return sql`(p.organization, p.patient) in (select c.organization, c.patient from patient_change c
    where c.state = ${ChangeState.parked} and c.closed_at is null)`;
}

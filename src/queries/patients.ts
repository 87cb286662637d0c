/** The cross-reference of patients, as operators look at it. `summary` has counts only; the others show numbers. */
import type { Store } from '../store/database';

export interface PatientsSummary {
  readonly organization: string;
  readonly sourceSystem: string;
  readonly patients: number;
  readonly updatedAt: Date;
}

/** One patient of the cross-reference. */
export interface PatientView {
  readonly sourceSystem: string;
  readonly sourceValue: string;
  readonly mrn: string;
  readonly assigningAuthority: string;
  readonly identifierType: string;
  readonly updatedAt: Date;
  readonly updatedBy: string;
}

export interface PatientFilter {
  /** Only numbers of this system. */
  readonly sourceSystem?: string | undefined;
  /** Only this number. */
  readonly sourceValue?: string | undefined;
  readonly limit?: number | undefined;
  /** How many to pass over. */
  readonly offset?: number | undefined;
}

const DEFAULT_LIMIT = 1000;

/** How many patients each organization has, by system. */
export async function summarizePatients(store: Store, organization?: string): Promise<readonly PatientsSummary[]> {
  let query = store
    .selectFrom('patient_identifier')
    .select(({ fn }) => [
      'organization',
      'source_system',
      fn.countAll<number>().as('patients'),
      fn.max('updated_at').as('updated_at'),
    ])
    .groupBy(['organization', 'source_system'])
    .orderBy('organization')
    .orderBy('source_system');
  if (organization !== undefined) query = query.where('organization', '=', organization);
  const rows = await query.execute();
  return rows.map((row) => ({
    organization: row.organization,
    sourceSystem: row.source_system,
    patients: row.patients,
    updatedAt: row.updated_at,
  }));
}

/** Patients with their numbers, in the order of the numbers that Roche gives. */
export async function listPatients(
  store: Store,
  organization: string,
  { sourceSystem, sourceValue, limit, offset }: PatientFilter = {},
): Promise<readonly PatientView[]> {
  let query = store
    .selectFrom('patient_identifier')
    .selectAll()
    .where('organization', '=', organization)
    .orderBy('source_system')
    .orderBy('source_value')
    .limit(limit ?? DEFAULT_LIMIT)
    .offset(offset ?? 0);
  if (sourceSystem !== undefined) query = query.where('source_system', '=', sourceSystem);
  if (sourceValue !== undefined) query = query.where('source_value', '=', sourceValue);
  const rows = await query.execute();
  return rows.map((row) => ({
    sourceSystem: row.source_system,
    sourceValue: row.source_value,
    mrn: row.emr_value,
    assigningAuthority: row.assigning_authority,
    identifierType: row.identifier_type,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
  }));
}

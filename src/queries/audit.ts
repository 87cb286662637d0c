/** The audit, oldest first, as an auditor asks for it. */
import { sql } from 'kysely';
import { AUDIT_KINDS, type AuditAction, type AuditKind, type AuditOutcome, type AuditRecord } from '../domain/audit';
import type { Store } from '../store/database';

export interface AuditFilter {
  readonly organization?: string | undefined;
  readonly kind?: AuditKind | undefined;
  readonly by?: string | undefined;
  /** At or after this. */
  readonly since?: Date | undefined;
  /** Before this. */
  readonly until?: Date | undefined;
  /** Marks of patients (`numberMark`, `patientLane`): events about any of them. */
  readonly patients?: readonly string[] | undefined;
  /** Id of the last event of the page before. */
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

const DEFAULT_LIMIT = 1000;

const ACTIONS: readonly AuditAction[] = ['C', 'R', 'U', 'D', 'E'];

/** Events that fit, in the order in which they were written. */
export async function listAudit(store: Store, filter: AuditFilter = {}): Promise<readonly AuditRecord[]> {
  let query = store
    .selectFrom('audit_event')
    .selectAll()
    .orderBy('id')
    .limit(filter.limit ?? DEFAULT_LIMIT);
  const { organization, kind, by, since, until, patients, after } = filter;
  if (organization !== undefined) query = query.where('organization', '=', organization);
  if (kind !== undefined) query = query.where('kind', '=', kind);
  if (by !== undefined) query = query.where('by', '=', by);
  if (since !== undefined) query = query.where('at', '>=', since);
  if (until !== undefined) query = query.where('at', '<', until);
  if (patients !== undefined) query = query.where(sql<boolean>`patients && ${[...patients]}::text[]`);
  if (after !== undefined) {
    query = query.where(({ eb, selectFrom }) =>
      eb('id', '>', selectFrom('audit_event').select('id').where('event_id', '=', after)),
    );
  }
  const rows = await query.execute();
  return rows.map((row) => ({
    id: row.event_id,
    at: row.at,
    kind: AUDIT_KINDS.find((each) => each === row.kind) ?? 'audit-read',
    action: ACTIONS.find((each) => each === row.action) ?? 'E',
    outcome: outcomeOf(row.outcome),
    ...(row.organization === null ? {} : { organization: row.organization }),
    ...(row.destination === null ? {} : { destination: row.destination }),
    ...(row.work === null ? {} : { work: row.work }),
    ...(row.control_id === null ? {} : { controlId: row.control_id }),
    by: row.by,
    origin: row.origin,
    patients: row.patients,
    details: row.details,
  }));
}

function outcomeOf(value: number): AuditOutcome {
  return value === 0 ? 0 : value === 4 ? 4 : 8;
}

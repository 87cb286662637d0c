/**
 * The cross-reference of patients: under which number a hospital's EMR knows the patient whom Roche names by another.
 * Filled by operators, each change in one transaction with its entry in the list of decisions (ADR 0013). The numbers
 * stand here in clear: a keyed hash could be looked up, but not sent to the EMR.
 */
import { sql, type Transaction } from 'kysely';
import type { AuditOrigin } from '../domain/audit';
import type { OrganizationId } from '../domain/identifiers';
import { recordAuditOf } from './audit';
import type { Store } from './database';
import type { Database } from './schema';

/** A number as Roche gives it. */
export interface SourceNumber {
  /** URI of the number's system, as in `urn:oid:2.999.1.10`; empty when it comes without one. */
  readonly sourceSystem: string;
  readonly sourceValue: string;
}

/** One line of the cross-reference. */
export interface PatientEntry extends SourceNumber {
  /** The hospital's number. */
  readonly mrn: string;
  /** PID-3.4: `NAME`, or `NAME&universal id&type`; empty: that of the destination. */
  readonly assigningAuthority: string;
  /** PID-3.5, table 0203; empty: that of the destination. */
  readonly identifierType: string;
}

/** Who changes the cross-reference, and why. */
export interface PatientOrder {
  readonly by: string;
  readonly reason: string;
  readonly origin?: AuditOrigin;
}

/** Marks of an entry's patient for the audit; see `patientMarks`. */
export type MarksOf = (entry: SourceNumber & { readonly mrn: string }) => readonly string[];

export type ImportOutcome =
  | { readonly status: 'done'; readonly added: number; readonly replaced: number; readonly unchanged: number }
  /** Nothing was written. @property changed positions of the entries that are there with something else */
  | { readonly status: 'different'; readonly changed: readonly number[] };

/** Rows of one statement: far below what PostgreSQL takes, and a statement stays short. */
const ROWS_AT_ONCE = 2000;

/**
 * Adds entries, all or none. The same again changes nothing; an entry that is there with another number is only
 * replaced when that is asked for.
 * @param entries no two of the same source
 */
export async function importPatients(
  store: Store,
  organization: OrganizationId,
  entries: readonly PatientEntry[],
  order: PatientOrder & { readonly replace: boolean },
  marksOf: MarksOf,
): Promise<ImportOutcome> {
  return store.transaction().execute(async (trx) => {
    await lockPatients(trx, organization);
    const chunks = chunksOf(entries);
    const changed: number[] = [];
    const same = new Set<number>();
    for (const [index, chunk] of chunks.entries()) {
      for (const found of await present(trx, organization, chunk)) {
        const position = index * ROWS_AT_ONCE + found.position - 1;
        if (found.same) same.add(position);
        else changed.push(position);
      }
    }
    if (changed.length > 0 && !order.replace) return { status: 'different', changed: changed.sort((a, b) => a - b) };
    const counts = {
      added: entries.length - same.size - changed.length,
      replaced: changed.length,
      unchanged: same.size,
    };
    if (counts.added + counts.replaced > 0) {
      for (const chunk of chunks) await write(trx, organization, chunk, order.by);
      const touched = entries.filter((_, position) => !same.has(position));
      await recordPatientsChange(trx, organization, 'patients-import', order, counts, touched.map(marksOf));
    }
    return { status: 'done', ...counts };
  });
}

/**
 * Takes entries out.
 * @returns how many there were
 */
export async function removePatients(
  store: Store,
  organization: OrganizationId,
  numbers: readonly SourceNumber[],
  order: PatientOrder,
  marksOf: MarksOf,
): Promise<number> {
  return store.transaction().execute(async (trx) => {
    await lockPatients(trx, organization);
    const removed: (SourceNumber & { readonly mrn: string })[] = [];
    for (const chunk of chunksOf(numbers)) {
      const { rows } = await sql<SourceNumber & { readonly mrn: string }>`
        delete from patient_identifier p using ${given(chunk)}
        where p.organization = ${organization}
          and p.source_system = g.source_system and p.source_value = g.source_value
        returning p.source_system as "sourceSystem", p.source_value as "sourceValue", p.emr_value as "mrn"
      `.execute(trx);
      removed.push(...rows);
    }
    if (removed.length > 0) {
      const counts = { removed: removed.length };
      await recordPatientsChange(trx, organization, 'patients-remove', order, counts, removed.map(marksOf));
    }
    return removed.length;
  });
}

/** The entries for numbers of a file; those without one are not among them. */
export async function findPatients(
  store: Store,
  organization: OrganizationId,
  numbers: readonly SourceNumber[],
): Promise<readonly PatientEntry[]> {
  const found: PatientEntry[] = [];
  for (const chunk of chunksOf(numbers)) {
    const { rows } = await sql<PatientEntry>`
      select p.source_system as "sourceSystem", p.source_value as "sourceValue", p.emr_value as "mrn",
        p.assigning_authority as "assigningAuthority", p.identifier_type as "identifierType"
      from patient_identifier p
      join ${given(chunk)} on p.source_system = g.source_system and p.source_value = g.source_value
      where p.organization = ${organization}
    `.execute(store);
    found.push(...rows);
  }
  return found;
}

function chunksOf<T>(all: readonly T[]): (readonly T[])[] {
  const chunks: (readonly T[])[] = [];
  for (let done = 0; done < all.length; done += ROWS_AT_ONCE) chunks.push(all.slice(done, done + ROWS_AT_ONCE));
  return chunks;
}

/** Changes of one organization's numbers, one after the other: two imports at once could each overlook the other. */
export async function lockPatients(trx: Transaction<Database>, organization: OrganizationId): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`patients/${organization}`}, 0))`.execute(trx);
}

/** The numbers as a table `g`. */
function given(numbers: readonly SourceNumber[]) {
  const systems = numbers.map(({ sourceSystem }) => sourceSystem);
  const values = numbers.map(({ sourceValue }) => sourceValue);
  return sql`unnest(${systems}::text[], ${values}::text[]) as g(source_system, source_value)`;
}

/** The entries as a table `g`, numbered from 1. */
function givenEntries(entries: readonly PatientEntry[]) {
  const column = (name: keyof PatientEntry): string[] => entries.map((entry) => entry[name]);
  return sql`unnest(
      ${column('sourceSystem')}::text[], ${column('sourceValue')}::text[], ${column('mrn')}::text[],
      ${column('assigningAuthority')}::text[], ${column('identifierType')}::text[]
    ) with ordinality as g(source_system, source_value, emr_value, assigning_authority, identifier_type, position)`;
}

/** Those of the entries that are there, and whether they are the same. */
async function present(
  trx: Transaction<Database>,
  organization: OrganizationId,
  entries: readonly PatientEntry[],
): Promise<readonly { readonly position: number; readonly same: boolean }[]> {
  const { rows } = await sql<{ position: number; same: boolean }>`
    select g.position, (p.emr_value, p.assigning_authority, p.identifier_type)
      = (g.emr_value, g.assigning_authority, g.identifier_type) as same
    from patient_identifier p
    join ${givenEntries(entries)} on p.source_system = g.source_system and p.source_value = g.source_value
    where p.organization = ${organization}
  `.execute(trx);
  return rows;
}

async function write(
  trx: Transaction<Database>,
  organization: OrganizationId,
  entries: readonly PatientEntry[],
  by: string,
): Promise<void> {
  await sql`
    insert into patient_identifier as p
      (organization, source_system, source_value, emr_value, assigning_authority, identifier_type, updated_at, updated_by)
    select ${organization}, g.source_system, g.source_value, g.emr_value, g.assigning_authority, g.identifier_type,
      now(), ${by}
    from ${givenEntries(entries)}
    on conflict (organization, source_system, source_value) do update set
      emr_value = excluded.emr_value, assigning_authority = excluded.assigning_authority,
      identifier_type = excluded.identifier_type, updated_at = excluded.updated_at, updated_by = excluded.updated_by
    where (p.emr_value, p.assigning_authority, p.identifier_type)
      <> (excluded.emr_value, excluded.assigning_authority, excluded.identifier_type)
  `.execute(trx);
}

/** With counts and hashes only: decisions and audit are kept for longer than any number may be. */
export async function recordPatientsChange(
  trx: Transaction<Database>,
  organization: OrganizationId,
  action:
    | 'patients-import'
    | 'patients-remove'
    | 'consent-give'
    | 'consent-withdraw'
    | 'patients-resend'
    | 'patients-unmerge',
  { by, reason, origin }: PatientOrder,
  counts: Readonly<Record<string, number>>,
  marks: readonly (readonly string[])[],
): Promise<void> {
  await trx
    .insertInto('decision')
    .values({
      organization,
      notification_id: null,
      destination: null,
      action,
      by,
      reason,
      details: JSON.stringify(counts),
      at: new Date(),
    })
    .execute();
  const audited = {
    kind: 'patients-change',
    action: action === 'patients-remove' ? 'D' : action === 'patients-import' && counts['replaced'] === 0 ? 'C' : 'U',
    organization,
    by,
    ...(origin === undefined ? {} : { origin }),
    details: { change: action, reason, ...counts },
  } as const;
  await recordAuditOf(trx, audited, marks);
}

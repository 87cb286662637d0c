/** The cross-reference of patients: the hospital's own number for each number that Roche gives (ADR 0013). */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const patientsMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table patient_identifier (
        organization text not null,
        source_system text not null,
        source_value text not null,
        emr_value text not null,
        assigning_authority text not null default '',
        identifier_type text not null default '',
        updated_at timestamptz not null,
        updated_by text not null,
        primary key (organization, source_system, source_value)
      )`.execute(db);
  },
};

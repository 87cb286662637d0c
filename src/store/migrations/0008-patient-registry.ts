/** The registry of patients whom the HIS has named, and the ledger of its messages. */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const patientRegistryMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table patient (
        organization text not null,
        patient text not null,
        number text not null,
        system text not null,
        assigning_authority text not null default '',
        state text not null,
        roche_patient_id text,
        roche_bundle_id text,
        create_sent_at timestamptz,
        update_sent_at timestamptz,
        merged_into text,
        merged_at timestamptz,
        merged_connection text,
        claim text,
        version_at timestamptz,
        version_connection text,
        version_sequence bigint,
        content_hash text,
        consent text not null default 'missing',
        consent_from timestamptz,
        consent_until timestamptz,
        consent_by text,
        consent_at timestamptz,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        primary key (organization, patient)
      )`.execute(db);
    await sql`create index patient_number on patient (organization, number)`.execute(db);
    await sql`create index patient_merged_into on patient (organization, merged_into) where merged_into is not null`.execute(
      db,
    );
    await sql`
      create table patient_change (
        organization text not null,
        change_id uuid not null,
        patient text not null,
        workflow_id text not null,
        source text not null,
        control_id text not null,
        digest text not null,
        event text not null,
        kind text not null,
        event_at timestamptz not null,
        received_at timestamptz not null,
        state text not null,
        replaced_by uuid,
        attempts integer not null default 0,
        possible_repeats integer not null default 0,
        error_code text,
        error_message text,
        element text,
        sent_at timestamptz,
        closed_at timestamptz,
        decided_by text,
        decided_reason text,
        primary key (organization, change_id)
      )`.execute(db);
    await sql`create index patient_change_control_id on patient_change (control_id, organization, source)`.execute(db);
    await sql`create index patient_change_patient on patient_change (organization, patient, received_at)`.execute(db);
    await sql`create index patient_change_conflict on patient_change (received_at) where state = 'conflict'`.execute(
      db,
    );
    await sql`create index patient_change_open on patient_change (received_at) where closed_at is null`.execute(db);
  },
};

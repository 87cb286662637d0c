/** Comparisons before a redelivery, what was signed off of them, and by whom. */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const redeliveryMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table redelivery (
        plan_id text primary key,
        destination text not null,
        selection jsonb not null,
        digest text,
        report_key text,
        report_sha256 text,
        report_bytes integer,
        made_at timestamptz,
        delete_after timestamptz not null,
        approved_by text,
        approved_reason text,
        approved_at timestamptz
      )`.execute(db);
    await sql`create index redelivery_digest on redelivery (digest) where digest is not null`.execute(db);
    await sql`create index redelivery_blob on redelivery (delete_after) where report_key is not null`.execute(db);
    await sql`
      create table redelivery_file (
        plan_id text not null references redelivery on delete cascade,
        organization text not null,
        notification_id text not null,
        variant text not null default '',
        digest text not null,
        resources integer not null,
        signatures bytea not null,
        primary key (plan_id, organization, notification_id, variant)
      )`.execute(db);
  },
};

/**
 * Whom a delivered resource is about, as a keyed hash: a correction must not reach the destination under another patient.
 * Null for what was delivered before: not known. And which resources a transform held back for it.
 */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const patientHashMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table message add column patient_hash text`.execute(db);
    await sql`alter table delivered_resource add column patient_hash text`.execute(db);
    await sql`alter table notification add column moved_resources text[] not null default '{}'`.execute(db);
  },
};

/** What a transform made of a file, by kind and by reason, beside the totals. */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const transformCountsMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      alter table notification
        add column kinds jsonb not null default '{}',
        add column left_out_reasons jsonb not null default '{}'
    `.execute(db);
  },
};

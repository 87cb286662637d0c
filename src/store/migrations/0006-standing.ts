/** Indexes for the questions of metrics and alerts: they are asked all day, and the ledger only grows. */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const standingMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create index notification_received on notification (organization, received_at)`.execute(db);
    await sql`create index message_unknown on message (destination) where state = 'sending'`.execute(db);
    await sql`create index alert_raised on alert (code) where cleared_at is null`.execute(db);
  },
};

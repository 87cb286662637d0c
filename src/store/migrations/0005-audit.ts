/**
 * The audit: append-only, for the owner of the tables as well. Whoever may disable the trigger can change a row; the
 * seals show it (ADR 0014). A later migration may add columns; none may rewrite rows.
 */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const auditMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table audit_event (
        id bigint generated always as identity primary key,
        event_id uuid not null unique,
        at timestamptz not null default clock_timestamp(),
        kind text not null,
        action text not null check (action in ('C', 'R', 'U', 'D', 'E')),
        outcome smallint not null check (outcome in (0, 4, 8, 12)),
        organization text,
        destination text,
        work text,
        control_id text,
        by text not null,
        origin jsonb not null default '{}',
        patients text[] not null default '{}',
        details jsonb not null default '{}'
      )`.execute(db);
    await sql`create index audit_event_at on audit_event (at)`.execute(db);
    // Without the pending list: a delivery must not pay for those before it.
    await sql`create index audit_event_patients on audit_event using gin (patients) with (fastupdate = off)`.execute(
      db,
    );
    await sql`
      create table audit_seal (
        number bigint primary key,
        ids int8multirange not null,
        events integer not null,
        last_at timestamptz not null,
        digest text not null,
        previous text not null,
        seal text not null,
        sealed_at timestamptz not null default clock_timestamp()
      )`.execute(db);
    await sql`
      create function audit_is_append_only() returns trigger language plpgsql as $$
      begin
        raise exception 'the audit is append-only: % of % is refused', tg_op, tg_table_name using errcode = '42501';
      end $$`.execute(db);
    for (const table of ['audit_event', 'audit_seal']) {
      await sql`
        create trigger append_only before update or delete or truncate on ${sql.table(table)}
        for each statement execute function audit_is_append_only()`.execute(db);
      // Also for a session that says that it replicates.
      await sql`alter table ${sql.table(table)} enable always trigger append_only`.execute(db);
    }
    await sql`create index notification_workflow on notification (workflow_id)`.execute(db);
    // Whose data a message holds: known when it is made, needed when it is accepted.
    await sql`alter table message add column patients text[] not null default '{}'`.execute(db);
  },
};

/** First shape of the ledger, the turns and the destination states. */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const ledgerMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table notification (
        organization text not null,
        notification_id text not null,
        variant text not null default '',
        workflow_id text not null,
        message_type text not null,
        source_hash text not null,
        object_key text,
        etag text,
        content_sha256 text,
        blob_key text,
        blob_bytes integer,
        blob_delete_after timestamptz,
        stage text not null,
        outcome text,
        error_code text,
        error_message text,
        failed_step text,
        flags jsonb not null default '[]',
        unmapped jsonb not null default '{}',
        observations integer not null default 0,
        left_out integer not null default 0,
        repeats integer not null default 0,
        created_at timestamptz not null,
        received_at timestamptz not null,
        delivered_at timestamptz,
        closed_at timestamptz,
        decided_by text,
        decided_reason text,
        primary key (organization, notification_id, variant)
      )`.execute(db);
    await sql`create index notification_source on notification (organization, source_hash)`.execute(db);
    await sql`create index notification_open on notification (stage, received_at) where closed_at is null`.execute(db);
    await sql`create index notification_blob on notification (blob_delete_after) where blob_delete_after is not null`.execute(
      db,
    );
    await sql`
      create table message (
        organization text not null,
        notification_id text not null,
        variant text not null default '',
        destination text not null,
        sequence integer not null,
        control_id text not null,
        blob_key text not null,
        blob_sha256 text not null,
        blob_bytes integer not null,
        blob_index integer not null,
        state text not null check (state in ('prepared', 'sending', 'accepted', 'rejected', 'left-out')),
        attempts integer not null default 0,
        possible_repeats integer not null default 0,
        error_code text,
        resource_hashes text[] not null,
        resource_versions text[] not null,
        sent_at timestamptz,
        settled_at timestamptz,
        primary key (organization, notification_id, variant, destination, sequence)
      )`.execute(db);
    await sql`create unique index message_control_id on message (destination, control_id)`.execute(db);
    await sql`
      create table delivered_resource (
        destination text not null,
        resource_hash text not null,
        version text not null,
        control_id text not null,
        delivered_at timestamptz not null,
        primary key (destination, resource_hash)
      )`.execute(db);
    await sql`
      create table left_out (
        organization text not null,
        notification_id text not null,
        variant text not null default '',
        resource_hash text not null,
        primary key (organization, notification_id, variant, resource_hash)
      )`.execute(db);
    await sql`create sequence ticket`.execute(db);
    await sql`
      create table turn (
        destination text not null,
        patient_hash text not null,
        organization text not null,
        notification_id text not null,
        variant text not null default '',
        workflow_id text not null,
        ticket bigint not null,
        parked boolean not null default false,
        released boolean not null default false,
        primary key (destination, patient_hash, organization, notification_id, variant)
      )`.execute(db);
    await sql`create index turn_order on turn (destination, patient_hash, ticket)`.execute(db);
    await sql`create index turn_work on turn (organization, notification_id, variant)`.execute(db);
    await sql`
      create table destination (
        destination text primary key,
        state text not null check (state in ('open', 'paused', 'held', 'draining')),
        error_code text,
        failures integer not null default 0,
        since timestamptz not null,
        next_attempt_at timestamptz,
        held_by text,
        held_reason text
      )`.execute(db);
    await sql`
      create table destination_waiter (
        destination text not null,
        workflow_id text not null,
        received_at timestamptz not null,
        woken boolean not null default false,
        primary key (destination, workflow_id)
      )`.execute(db);
    await sql`create index destination_waiter_order on destination_waiter (destination, received_at)`.execute(db);
    await sql`
      create table alert (
        key text primary key,
        code text not null,
        text text not null,
        raised_at timestamptz not null,
        cleared_at timestamptz,
        told boolean not null default false
      )`.execute(db);
    await sql`
      create table decision (
        id bigserial primary key,
        organization text,
        notification_id text,
        destination text,
        action text not null,
        by text not null,
        reason text not null,
        details jsonb not null default '{}',
        at timestamptz not null
      )`.execute(db);
  },
};

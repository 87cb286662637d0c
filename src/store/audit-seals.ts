/**
 * Seals of the audit: the housekeeping closes what was written since the last one under a keyed hash that holds the one
 * before it (ADR 0014). A row that is changed or taken out later breaks its seal, a seal that is taken out breaks the next.
 * Which rows a seal holds stands in it by id, since transactions that run side by side commit in any order.
 */
import { sql, type Kysely } from 'kysely';
import type { Store } from './database';
import type { Database } from './schema';

/** Events of one seal: 10,000 are digested in a fraction of a second. */
const EVENTS_OF_A_SEAL = 10_000;
/** What the first seal has before it. */
const BEGINNING = 'none';

type Hash = (value: string) => string;

/** The newest seal: kept elsewhere (the log has it), it proves that none was cut off the end. */
export interface Seal {
  readonly number: number;
  readonly seal: string;
  readonly events: number;
}

/** The rows as text that every server writes the same way, each hashed, and all hashed together in the order of their ids. */
const digest = sql<string>`encode(sha256(coalesce(string_agg(sha256(convert_to(jsonb_build_array(e.id, e.event_id,
  (extract(epoch from e.at) * 1000000)::bigint, e.kind, e.action, e.outcome, e.organization, e.destination, e.work,
  e.control_id, e.by, e.origin, to_jsonb(e.patients), e.details)::text, 'UTF8')), ''::bytea order by e.id), ''::bytea)), 'hex')`;

function sealOf(
  hash: Hash,
  row: { number: number; previous: string; events: number; ids: string; digest: string },
): string {
  return hash(JSON.stringify(['audit-seal', row.number, row.previous, row.events, row.ids, row.digest]));
}

/**
 * Seals the next events that no seal holds yet.
 * @param hash keyed: without its key nobody makes a seal that fits
 * @returns undefined when there are none
 */
export async function sealAudit(store: Store, hash: Hash): Promise<Seal | undefined> {
  return store.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('audit-seal', 0))`.execute(trx);
    const last = await lastSeal(trx);
    // An hour back: a transaction of Ductus commits within its statement limits, far sooner.
    const { rows } = await sql<{ ids: string | null; events: number; last_at: Date | null; digest: string }>`
      with recent as (select ids from audit_seal order by number desc limit 100),
      e as (
        select e.* from audit_event e
        where e.at > coalesce((select max(last_at) - interval '1 hour' from audit_seal), '-infinity'::timestamptz)
          and not exists (select 1 from recent where recent.ids @> e.id)
        order by e.id
        limit ${EVENTS_OF_A_SEAL}
      )
      select range_agg(int8range(e.id, e.id, '[]'))::text as ids, count(*) as events, max(e.at) as last_at, ${digest} as digest
      from e
    `.execute(trx);
    const [found] = rows;
    if (found === undefined || found.ids === null || found.last_at === null) return undefined;
    const number = (last?.number ?? 0) + 1;
    const row = {
      number,
      previous: last?.seal ?? BEGINNING,
      events: found.events,
      ids: found.ids,
      digest: found.digest,
    };
    const seal = sealOf(hash, row);
    await sql`
      insert into audit_seal (number, ids, events, last_at, digest, previous, seal)
      values (${number}, ${row.ids}::int8multirange, ${row.events}, ${found.last_at}, ${row.digest}, ${row.previous}, ${seal})
    `.execute(trx);
    return { number, seal, events: row.events };
  });
}

async function lastSeal(
  store: Kysely<Database>,
): Promise<{ readonly number: number; readonly seal: string } | undefined> {
  return store
    .selectFrom('audit_seal')
    .select(['number', 'seal'])
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export interface AuditProblem {
  readonly seal: number;
  readonly what:
    /** Rows of the seal were changed or are gone. */
    | 'events-changed'
    /** A seal before this one is gone. */
    | 'seal-missing'
    /** The seal was not made with the key of this configuration, or was changed. */
    | 'seal-changed';
}

export interface AuditVerification {
  readonly seals: number;
  readonly events: number;
  /** Written since, or not at all by Ductus when it is old. */
  readonly unsealed: number;
  readonly oldestUnsealed: Date | undefined;
  readonly head: string | undefined;
  readonly problems: readonly AuditProblem[];
}

/** Looks at every seal, and at the rows that it holds. */
export async function verifyAudit(store: Store, hash: Hash): Promise<AuditVerification> {
  const problems: AuditProblem[] = [];
  let before = { number: 0, seal: BEGINNING };
  let seals = 0;
  let events = 0;
  for (;;) {
    const { rows } = await sql<{
      number: number;
      ids: string;
      events: number;
      digest: string;
      previous: string;
      seal: string;
      found: number;
      found_digest: string;
    }>`
      with s as (select * from audit_seal where number > ${before.number} order by number limit 1)
      select s.number, s.ids::text as ids, s.events, s.digest, s.previous, s.seal, d.found, d.found_digest
      from s, lateral (
        select count(*) as found, ${digest} as found_digest
        from audit_event e
        where e.id between lower(s.ids) and upper(s.ids) and s.ids @> e.id
      ) d
    `.execute(store);
    const [row] = rows;
    if (row === undefined) break;
    if (row.number !== before.number + 1 || row.previous !== before.seal) {
      problems.push({ seal: row.number, what: 'seal-missing' });
    }
    if (sealOf(hash, row) !== row.seal) problems.push({ seal: row.number, what: 'seal-changed' });
    if (row.found !== row.events || row.found_digest !== row.digest) {
      problems.push({ seal: row.number, what: 'events-changed' });
    }
    seals += 1;
    events += row.events;
    before = row;
  }
  const { rows } = await sql<{ unsealed: number; oldest: Date | null }>`
    with sealed as (select coalesce(range_agg(r), '{}'::int8multirange) as ids from audit_seal s, unnest(s.ids) as r)
    select count(*) as unsealed, min(e.at) as oldest from audit_event e, sealed where not sealed.ids @> e.id
  `.execute(store);
  return {
    seals,
    events,
    unsealed: rows[0]?.unsealed ?? 0,
    oldestUnsealed: rows[0]?.oldest ?? undefined,
    head: seals === 0 ? undefined : `${String(before.number)} ${before.seal}`,
    problems,
  };
}

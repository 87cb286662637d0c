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

/** Seals that are looked at again at least: a day of them, whatever the clock said in between. */
const SEALS_LOOKED_AT = 24;
const FIRST_ID = '-9223372036854775808';
const LAST_ID = '9223372036854775807';

/**
 * Where to look for events that no seal holds. A transaction of Ductus commits within its statement limits, far sooner than
 * in an hour: what began before a seal that was an hour old at the last look is sealed, so that older ids are not looked at
 * again. By ids and not by the time of events: a clock that was wrong for a moment would keep all later ones out.
 */
const looked = sql`
  last as (select number, sealed_at from audit_seal order by number desc limit 1),
  old as (
    select s.number, upper(s.ids) as first_id from audit_seal s, last
    where s.number <= last.number - ${SEALS_LOOKED_AT} and s.sealed_at < last.sealed_at - interval '1 hour'
    order by s.number desc limit 1
  ),
  looked as (select coalesce(max(number), 0) as number, coalesce(max(first_id), 0) as first_id from old)`;

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
    const { rows } = await sql<{ ids: string | null; events: number; last_at: Date | null; digest: string }>`
      with ${looked},
      gap as (
        select unnest(int8multirange(int8range((select first_id from looked), null)) - coalesce(range_agg(r), '{}')) as ids
        from audit_seal s, unnest(s.ids) as r
        where s.number >= (select number from looked)
      ),
      e as (
        -- Gap by gap, by the primary key: an id that a repeated step took and did not use leaves a gap, too.
        select e.* from gap cross join lateral (
          select * from audit_event a where a.id >= lower(gap.ids) and a.id < coalesce(upper(gap.ids), ${LAST_ID}::int8)
          order by a.id limit ${EVENTS_OF_A_SEAL}
        ) e
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
    | 'seal-changed'
    /** Events with ids of its time, or of an earlier one, stand in no seal: they were put in later. */
    | 'events-put-in'
    /** The seal that was kept elsewhere is not there any more, or is another one. */
    | 'seal-cut-off';
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

/**
 * Looks at every seal, and at the rows that it holds.
 * @param kept a seal that was kept elsewhere: without it nobody sees that the newest ones are gone
 */
export async function verifyAudit(
  store: Store,
  hash: Hash,
  kept?: Pick<Seal, 'number' | 'seal'>,
): Promise<AuditVerification> {
  const problems: AuditProblem[] = [];
  let before = { number: 0, seal: BEGINNING };
  let seals = 0;
  let events = 0;
  let isKept = kept === undefined;
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
    if (row.number === kept?.number && row.seal === kept.seal) isKept = true;
    seals += 1;
    events += row.events;
    before = row;
  }
  if (!isKept) problems.push({ seal: kept?.number ?? 0, what: 'seal-cut-off' });
  const { rows } = await sql<{ unsealed: number; oldest: Date | null; put_in: number; looked_from: number }>`
    with ${looked},
    gap as (
      select unnest(int8multirange(int8range(null, null)) - coalesce(range_agg(r), '{}')) as ids
      from audit_seal s, unnest(s.ids) as r
    )
    select coalesce(sum(e.unsealed), 0)::int8 as unsealed, min(e.oldest) as oldest,
      coalesce(sum(e.put_in), 0)::int8 as put_in, coalesce(max(looked.number), 0) as looked_from
    from looked cross join gap cross join lateral (
      select count(*) as unsealed, min(a.at) as oldest, count(*) filter (where a.id < looked.first_id) as put_in
      from audit_event a
      where a.id >= coalesce(lower(gap.ids), ${FIRST_ID}::int8) and a.id < coalesce(upper(gap.ids), ${LAST_ID}::int8)
    ) e
  `.execute(store);
  const [left] = rows;
  if (left !== undefined && left.put_in > 0) problems.push({ seal: left.looked_from, what: 'events-put-in' });
  return {
    seals,
    events,
    unsealed: left?.unsealed ?? 0,
    oldestUnsealed: left?.oldest ?? undefined,
    head: seals === 0 ? undefined : `${String(before.number)} ${before.seal}`,
    problems,
  };
}

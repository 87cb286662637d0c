/**
 * Reads how work stands: five small questions that indexes answer (0006-standing), however long the ledger is. Used by
 * the metrics and by the watch that raises alerts.
 */
import { sql } from 'kysely';
import { DestinationState } from '../domain/destinations';
import { isErrorCode } from '../domain/errors';
import { DestinationIdSchema, OrganizationIdSchema } from '../domain/identifiers';
import { ChangeState } from '../domain/patient-sync';
import {
  LEDGER_FLOWS,
  type DestinationStanding,
  type LedgerFlow,
  type OpenWork,
  type ParkedCount,
  type Standing,
  type Traffic,
} from '../domain/standing';
import { Stage } from '../domain/stages';
import type { Store } from './database';

/** Names that may stand in a label; work of others (taken out of the configuration) is left to `ductus parked`. */
export interface Configured {
  readonly organizations: readonly string[];
  readonly destinations: readonly string[];
}

const STAGES: ReadonlyMap<string, Stage> = new Map(Object.values(Stage).map((stage) => [stage, stage]));
const STATES: ReadonlyMap<string, DestinationState> = new Map(
  Object.values(DestinationState).map((state) => [state, state]),
);
const FLOWS: ReadonlyMap<string, LedgerFlow> = new Map(LEDGER_FLOWS.map((flow) => [flow, flow]));

/** Reads all of it. @throws the errors of the store */
export async function readStanding(store: Store, configured: Configured): Promise<Standing> {
  const work = await openWork(store, configured.organizations);
  return {
    ...work,
    destinations: await destinations(store, configured.destinations),
    traffic: await traffic(store, configured.organizations),
    alerts: await raisedByCode(store),
  };
}

async function openWork(
  store: Store,
  organizations: readonly string[],
): Promise<{ readonly open: readonly OpenWork[]; readonly parked: readonly ParkedCount[] }> {
  // Work that waits for a destination is `delivering` in the ledger; that it waits stands in the queue.
  const { rows } = await sql<{
    flow: string;
    organization: string;
    stage: string;
    code: string | null;
    count: number;
    oldest: number;
  }>`
    with work as (
      select workflow_id, organization, stage, error_code, received_at from notification where closed_at is null
      union all
      -- Messages of one patient are one piece of work.
      select workflow_id, organization,
        case when bool_or(state = ${ChangeState.parked}) then ${Stage.parked} else ${Stage.delivering} end,
        max(error_code) filter (where state = ${ChangeState.parked}), min(received_at)
      from patient_change where closed_at is null group by organization, patient, workflow_id
    )
    select split_part(n.workflow_id, '/', 1) as flow, n.organization,
      case when n.stage <> ${Stage.parked} and w.workflow_id is not null then ${Stage.waiting} else n.stage end as stage,
      case when n.stage = ${Stage.parked} then n.error_code end as code,
      count(*) as count, extract(epoch from now() - min(n.received_at))::float8 as oldest
    from work n
    left join (select distinct workflow_id from destination_waiter where not woken) w on w.workflow_id = n.workflow_id
    where n.organization = any(${organizations}::text[])
    group by 1, 2, 3, 4
  `.execute(store);
  const open = new Map<string, OpenWork>();
  const parked: ParkedCount[] = [];
  for (const row of rows) {
    const flow = FLOWS.get(row.flow);
    const stage = STAGES.get(row.stage);
    if (flow === undefined || stage === undefined) continue;
    const organization = OrganizationIdSchema.parse(row.organization);
    const { count } = row;
    const key = `${flow} ${organization} ${stage}`;
    const before = open.get(key);
    open.set(key, {
      flow,
      organization,
      stage,
      count: (before?.count ?? 0) + count,
      oldestSeconds: Math.max(before?.oldestSeconds ?? 0, row.oldest),
    });
    if (stage !== Stage.parked) continue;
    parked.push({ flow, organization, code: isErrorCode(row.code) ? row.code : 'DUCTUS_INTERNAL', count });
  }
  return { open: [...open.values()], parked };
}

async function destinations(store: Store, configured: readonly string[]): Promise<readonly DestinationStanding[]> {
  const { rows } = await sql<{
    destination: string;
    state: string | null;
    state_seconds: number | null;
    queued: number;
    oldest_queued: number | null;
    ambiguous: number;
  }>`
    select c.destination, d.state, extract(epoch from now() - d.since)::float8 as state_seconds,
      coalesce(w.queued, 0) as queued, w.oldest_queued, coalesce(m.ambiguous, 0) as ambiguous
    from unnest(${configured}::text[]) c(destination)
    left join destination d on d.destination = c.destination
    left join (
      select destination, count(*) as queued, extract(epoch from now() - min(received_at))::float8 as oldest_queued
      from destination_waiter group by destination
    ) w on w.destination = c.destination
    left join (
      select destination, count(*) as ambiguous from message where state = 'sending' and error_code is not null
      group by destination
    ) m on m.destination = c.destination
  `.execute(store);
  return rows.map((row) => ({
    destination: DestinationIdSchema.parse(row.destination),
    state: STATES.get(row.state ?? '') ?? DestinationState.open,
    stateSeconds: row.state_seconds ?? undefined,
    queued: row.queued,
    oldestQueuedSeconds: row.oldest_queued ?? undefined,
    ambiguous: row.ambiguous,
  }));
}

/** A redelivery (`r` and a digest in its variant) is our own doing and no sign of life from Roche. */
async function traffic(store: Store, organizations: readonly string[]): Promise<readonly Traffic[]> {
  const { rows } = await sql<{ organization: string; last_at: Date; quiet: number }>`
    select o.organization, n.received_at as last_at, extract(epoch from now() - n.received_at)::float8 as quiet
    from unnest(${organizations}::text[]) o(organization)
    cross join lateral (
      select received_at from notification
      where organization = o.organization and variant not like '%r%'
      order by received_at desc limit 1
    ) n
  `.execute(store);
  return rows.map((row) => ({
    organization: OrganizationIdSchema.parse(row.organization),
    lastAt: row.last_at,
    quietSeconds: row.quiet,
  }));
}

async function raisedByCode(store: Store): Promise<Readonly<Record<string, number>>> {
  const rows = await store
    .selectFrom('alert')
    .select(['code', (eb) => eb.fn.countAll<number>().as('count')])
    .where('cleared_at', 'is', null)
    .groupBy('code')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.code, row.count]));
}

/** What is left of a run of patient sync in the store and in Temporal, and the run in figures. */
import { Client, Connection } from '@temporalio/client';
import { Pool } from 'pg';
import { z } from 'zod';
import type { SyncVerdict } from '../../../simulators/his/judge';
import type { HisStats, LedgerEntry } from '../../../simulators/his/ledger';
import type { PatientStats } from '../../../simulators/roche-dc/patients-statistics';
import type { RocheStats } from '../../../simulators/roche-dc/statistics';
import type { Killed } from './chaos';
import type { Stage } from './stage';

export interface PatientRemains {
  /** Workflows by status. */
  readonly running: number;
  readonly failed: number;
  readonly terminated: number;
  /** Changes that are not closed. */
  readonly open: number;
  readonly turns: number;
  readonly waiters: number;
  /** Changes by state. */
  readonly changes: Readonly<Record<string, number>>;
  /** Patients by state. */
  readonly patients: Readonly<Record<string, number>>;
}

const CountSchema = z.object({ count: z.coerce.number() });
const StatesSchema = z.array(z.object({ state: z.string(), count: z.coerce.number() }));

/** Workflows are waited for by this. */
export async function patientRemains(stage: Stage): Promise<PatientRemains> {
  const pool = new Pool({ connectionString: stage.storeUrl, max: 1 });
  const connection = await Connection.connect({ address: stage.temporal.address });
  try {
    const count = async (query: string): Promise<number> => CountSchema.parse((await pool.query(query)).rows[0]).count;
    const states = async (table: string): Promise<Record<string, number>> => {
      const { rows } = await pool.query(`select state, count(*) from ${table} group by 1 order by 1`);
      return Object.fromEntries(StatesSchema.parse(rows).map((row) => [row.state, row.count]));
    };
    const workflows = async (status: string): Promise<number> =>
      (
        await new Client({ connection }).workflow.count(
          `ExecutionStatus = "${status}" and WorkflowType != "temporal-sys-scheduler-workflow"`,
        )
      ).count;
    return {
      running: await workflows('Running'),
      failed: await workflows('Failed'),
      terminated: await workflows('Terminated'),
      open: await count('select count(*) from patient_change where closed_at is null'),
      turns: await count('select count(*) from turn'),
      waiters: await count('select count(*) from destination_waiter'),
      changes: await states('patient_change'),
      patients: await states('patient'),
    };
  } finally {
    await connection.close();
    await pool.end();
  }
}

export interface PatientRun {
  readonly seed: number;
  readonly kills: readonly Killed[];
  readonly his: HisStats;
  readonly ledger: readonly LedgerEntry[];
  readonly roche: PatientStats;
  readonly faults: RocheStats['faults'];
  readonly verdict: SyncVerdict;
  readonly left: PatientRemains;
  readonly sentMs: number;
  readonly totalMs: number;
}

/** Text of the summary. */
export function patientSummary(run: PatientRun): string {
  const { his, roche, verdict, left } = run;
  const counts = (of: Readonly<Record<string, number | undefined>>): string =>
    Object.entries(of)
      .filter(([, times]) => times !== undefined && times > 0)
      .map(([name, times]) => `${name} ${String(times)}`)
      .join(', ');
  const kills: Record<string, number> = {};
  for (const { kind } of run.kills) kills[kind] = (kills[kind] ?? 0) + 1;
  const lines = [
    `seed            ${String(run.seed)}`,
    `time            ${seconds(run.sentMs)} until all was answered, ${seconds(run.totalMs)} until nothing was left`,
    `kills           ${counts(kills)}`,
    `HIS             messages ${String(his.planned)}, AA ${String(his.accepted)}, frames ${String(his.frames)}, resent ${String(his.resent)}, repeated ${String(his.repeated)}, connections ${String(his.connects)}`,
    `answers in      ${quantiles(run.ledger.map(({ sentAtMs, answeredAtMs = sentAtMs }) => answeredAtMs - sentAtMs))}`,
    `Roche           ${counts({ ...roche.totals, answers: undefined })}`,
    `Roche answered  ${counts(roche.totals.answers)}`,
    `Roche's faults  ${counts(run.faults)}`,
    `Roche took      ${counts(tookTimes(roche))}`,
    `changes         ${counts(left.changes)}`,
    `patients        ${String(verdict.patients)} expected; in the registry ${counts(left.patients)}`,
    `verdict         lost ${String(verdict.lost.length)}, duplicated ${String(verdict.duplicated.length)}, out of order ${String(verdict.outOfOrder.length)}, different ${String(verdict.different.length)}`,
  ];
  return lines.map((line) => `  ${line}\n`).join('');
}

/** Stored requests by the fault that went with them. */
function tookTimes({ accepted }: PatientStats): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const { fault = 'plain', operation } of accepted) {
    const name = `${operation} ${fault}`;
    counted[name] = (counted[name] ?? 0) + 1;
  }
  return counted;
}

function quantiles(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): string =>
    seconds(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, longest ${at(1)}`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 3 : 0)} s`;
}

/**
 * The fault run: 500 notifications while everything that can fail fails, and every process but Roche's is killed and
 * started again at random. Judged by what Roche and the EMR have seen, not by what Ductus says of itself.
 * `npm run test:faults`; DUCTUS_FAULT_SEED repeats a run, DUCTUS_FAULT_KEEP=1 keeps its folder.
 */
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { Pool } from 'pg';
import { request } from 'undici';
import { z } from 'zod';
import { readEmrLog } from '../../simulators/emr/frames';
import { until } from '../support/until';
import { runKills } from './harness/chaos';
import { CompiledPrograms } from './harness/compiled';
import { compare, explainRepeats } from './harness/evidence';
import { findLeaks } from './harness/leaks';
import { RocheObserver } from './harness/observer';
import { planFiles, planKills, type PlannedFile } from './harness/plan';
import { startStage, type Stage } from './harness/stage';
import { summary } from './harness/summary';

const NOTIFICATIONS = 500;
/** Time over which they are sent and things are killed. */
const FAULT_PHASE_MS = 150_000;
/** Then everything is left running; all has to be acknowledged by then. */
const CALM_MS = 240_000;
const KILLS = { api: 5, worker: 10, emr: 9, temporal: 4, postgres: 3 } as const;
const WORKERS = 2;
const CONNECTIONS = 4;

const ROCHE_FAULTS = {
  'token-500': 0.1,
  'token-timeout': 0.05,
  'token-401': 0.05,
  's3-503': 0.03,
  's3-reset': 0.02,
  's3-truncated': 0.02,
  's3-expired-token': 0.02,
  's3-expired-url': 0.02,
  'ack-lost': 0.03,
  'ack-500': 0.03,
};
/** AE comes with ERR-3 207, which passes. */
const EMR_ANSWERS = {
  AE: 0.02,
  AR: 0.02,
  CE: 0.005,
  // Long answers, so that a kill finds messages under way.
  delay: 0.3,
  'drop-before-storing': 0.02,
  'drop-after-storing': 0.02,
  'wrong-control-id': 0.01,
  garbage: 0.005,
  silence: 0.005,
};

const seed = Number(process.env['DUCTUS_FAULT_SEED'] ?? randomInt(1_000_000));
const folder = mkdtempSync(join(tmpdir(), 'ductus-faults-'));
let passed = false;

afterAll(() => {
  if (passed && process.env['DUCTUS_FAULT_KEEP'] !== '1') rmSync(folder, { recursive: true, force: true });
  else say(`kept: ${folder}`);
});

function say(text: string): void {
  process.stdout.write(`fault run: ${text}\n`);
}

/** Shares the files when it is their time. @returns when the last one was sent */
async function share(
  stage: Stage,
  observer: RocheObserver,
  files: readonly PlannedFile[],
  startedAtMs: number,
): Promise<void> {
  await Promise.all(
    files.map(async (file) => {
      await sleep(Math.max(0, startedAtMs + file.atMs - Date.now()));
      const corrected = file.corrects === undefined ? undefined : files[file.corrects];
      if (corrected !== undefined) {
        await until(
          () => observer.isAcknowledged(corrected.messageId),
          FAULT_PHASE_MS + CALM_MS,
          'the ACK of the file that is corrected',
        );
      }
      const { organization, option, bundle, messageId } = file;
      await stage.roche.share({ organization, option, bundle, messageId });
    }),
  );
}

const ParkedSchema = z.object({ parked: z.array(z.unknown()) });
const DestinationsSchema = z.object({ destinations: z.array(z.object({ state: z.string(), waiting: z.number() })) });

async function operation(stage: Stage, what: string): Promise<unknown> {
  const answer = await request(`${stage.apiUrl}/operations/${what}`, {
    headers: { authorization: `Bearer ${stage.secrets.get('operator-token') ?? ''}` },
  });
  return answer.body.json();
}

/** What is left in the store and in Temporal of work that is over. */
async function remains(stage: Stage): Promise<Record<string, number>> {
  const pool = new Pool({ connectionString: stage.storeUrl, max: 1 });
  const connection = await Connection.connect({ address: stage.temporal.address });
  try {
    const count = async (query: string): Promise<number> =>
      z.object({ count: z.coerce.number() }).parse((await pool.query(query)).rows[0]).count;
    const workflows = async (status: string): Promise<number> =>
      (
        await new Client({ connection }).workflow.count(
          `ExecutionStatus = "${status}" and WorkflowType != "temporal-sys-scheduler-workflow"`,
        )
      ).count;
    return {
      turns: await count('select count(*) from turn'),
      waiters: await count('select count(*) from destination_waiter'),
      open: await count('select count(*) from notification where closed_at is null'),
      messagesNotAccepted: await count(`select count(*) from message where state <> 'accepted'`),
      // Each accepted message stands in the audit once, with whose data it held; nothing else does.
      acceptedNotOnceInAudit: await count(`select count(*) from message m full join
        (select destination, control_id, count(*) as events, bool_and(cardinality(patients) > 0) as whose
          from audit_event where kind = 'delivery' and outcome = 0 group by 1, 2) a
        on a.destination = m.destination and a.control_id = m.control_id
        where m.control_id is null or a.events is distinct from 1 or not a.whose`),
      running: await workflows('Running'),
      failed: await workflows('Failed'),
      terminated: await workflows('Terminated'),
    };
  } finally {
    await connection.close();
    await pool.end();
  }
}

it(`should deliver everything once while everything is killed (seed ${String(seed)})`, async () => {
  say(`seed ${String(seed)}; repeat with DUCTUS_FAULT_SEED=${String(seed)}`);
  await using programs = await CompiledPrograms.create();
  await using stage = await startStage({
    programs,
    folder,
    workers: WORKERS,
    roche: {
      seed,
      faults: ROCHE_FAULTS,
      duplicateRate: 0.02,
      retryUnanswered: true,
      retryUnansweredAfterMs: 1_000,
      renotifyAfterMs: 20_000,
      renotifications: 15,
      // Short-lived, so that many tokens are fetched and many of those fetches fail.
      credentialLifetimeMs: 10_000,
    },
    emr: { seed, rates: EMR_ANSWERS, delayMs: 500 },
    destination: {
      connections: CONNECTIONS,
      connectTimeoutMs: 2_000,
      acknowledgmentTimeoutMs: 5_000,
      maxObservationsPerMessage: 40,
      pause: { afterFailures: 3, firstWaitMs: 300, longestWaitMs: 2_000 },
    },
  });
  const files = planFiles({ seed, count: NOTIFICATIONS, overMs: FAULT_PHASE_MS, patients: 12 });
  const observer = new RocheObserver(stage.roche);
  const startedAtMs = Date.now();
  const [kills] = await Promise.all([
    runKills(stage, planKills(seed, KILLS, FAULT_PHASE_MS), startedAtMs, say),
    share(stage, observer, files, startedAtMs),
  ]);
  const faultsMs = Date.now() - startedAtMs;
  say(
    `all sent and all kills done after ${String(Math.round(faultsMs / 1000))} s; ${String(observer.acknowledged)} acknowledged so far`,
  );
  const inTime = await until(() => observer.acknowledged === NOTIFICATIONS, CALM_MS, 'the ACKs of all').then(
    () => true,
    () => false,
  );
  const totalMs = Date.now() - startedAtMs;
  // An ACK can be the last thing but one: the work closes itself after it.
  const left = await until(
    async () => {
      const now = await remains(stage);
      return now['running'] === 0 ? now : undefined;
    },
    inTime ? 60_000 : 1_000,
    'the end of all workflows',
  ).catch(() => remains(stage));
  const parked = ParkedSchema.parse(await operation(stage, 'parked'));
  const destinations = DestinationsSchema.parse(await operation(stage, 'destinations'));
  const misuse = await stage.emr.misuse();
  const roche = await observer.stop();
  const { frames, stats: emr } = await readEmrLog(stage.emr.logFile);
  const comparison = compare(files, frames);
  const repeats = explainRepeats(frames, kills, { connections: CONNECTIONS, workers: WORKERS });
  const ownEnds = Object.fromEntries([stage.api, ...stage.workers].map(({ name, ownEnds: ends }) => [name, ends]));
  const run = { seed, files, kills, ownEnds, roche, emr, frames, comparison, repeats, faultsMs, totalMs };
  say(`\n${summary(run)}`);

  expect(roche.totals).toMatchObject({ notifications: NOTIFICATIONS, acknowledged: NOTIFICATIONS, exhausted: 0 });
  expect(comparison).toMatchObject({
    missing: [],
    unexpected: [],
    twice: [],
    different: [],
    changed: [],
    disordered: [],
  });
  expect(repeats.unexplained).toEqual([]);
  expect(misuse).toEqual({ pipelined: 0, strayBytes: 0 });
  expect(emr.invalid).toBe(0);
  expect(parked).toEqual({ parked: [] });
  expect(destinations).toEqual({ destinations: [{ state: 'open', waiting: 0 }] });
  expect(left).toEqual({
    turns: 0,
    waiters: 0,
    open: 0,
    messagesNotAccepted: 0,
    acceptedNotOnceInAudit: 0,
    running: 0,
    failed: 0,
    terminated: 0,
  });
  // The run was what it says it is.
  expect(kills).toHaveLength(Object.values(KILLS).reduce((sum, times) => sum + times, 0));
  expect(roche.totals.duplicates).toBeGreaterThan(0);
  expect(emr.ambiguousAccepted).toBeGreaterThan(0);

  const logs = [
    ...[stage.api, ...stage.workers].map(({ name }) => join(folder, `${name}.log`)),
    ...temporalFiles(folder),
  ];
  expect(findLeaks(logs, new Map([...stage.secrets, ['patient name', 'Synthetic-'], ['patient id', 'SYN-0']]))).toEqual(
    [],
  );
  passed = true;
});

/** Log and database of the Temporal server. */
function temporalFiles(base: string): string[] {
  const database = join(base, 'temporal/temporal/temporal.db');
  return [join(base, 'temporal/temporal.log'), database, `${database}-wal`].filter((file) => existsSync(file));
}

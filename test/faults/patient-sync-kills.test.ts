/**
 * The fault run of patient sync: 2,000 ADT messages about 300 patients over 20 MLLP connections while Roche is slow, fails and
 * times out after having stored, and API, workers, Temporal and PostgreSQL are killed and started again at random. Judged by
 * what the HIS was answered and what Roche has, not by what Ductus says of itself.
 * `npm run test:faults`; DUCTUS_FAULT_SEED repeats a run, DUCTUS_FAULT_KEEP=1 keeps its folder.
 */
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HisSimulator } from '../../simulators/his/his-simulator';
import { judgeSync } from '../../simulators/his/judge';
import { freePort } from '../../src/runtime/embedded/ports';
import { until } from '../support/until';
import { runKills } from './harness/chaos';
import { CompiledPrograms } from './harness/compiled';
import { findLeaks } from './harness/leaks';
import { patientRemains, patientSummary } from './harness/patient-sync';
import { planKills } from './harness/plan';
import { startStage, type Stage } from './harness/stage';

const MESSAGES = 2_000;
const PATIENTS = 300;
const CONNECTIONS = 20;
/** Time over which they are sent and things are killed. */
const FAULT_PHASE_MS = 120_000;
/** Then everything is left running; all has to be at Roche by then. */
const CALM_MS = 240_000;
const KILLS = { api: 6, worker: 8, emr: 0, temporal: 4, postgres: 2 } as const;
const WORKERS = 2;
/** Roche takes a twentieth of its documented times: 0.5 s at worst for a create, 0.2 s for an update. */
const LATENCY_SCALE = 0.05;

/** One request of five. */
const ROCHE_FAULTS = {
  'patient-timeout': 0.01,
  'patient-exception': 0.01,
  'patient-500': 0.015,
  'patient-501': 0.005,
  'patient-429': 0.01,
  'patient-503': 0.01,
  'patient-401': 0.005,
  'patient-403-empty': 0.005,
  'patient-hang': 0.01,
  'patient-cut': 0.01,
  'patient-slow': 0.05,
  'patient-stored-hang': 0.02,
  'patient-stored-cut': 0.03,
  'patient-stored-timeout': 0.02,
  'patient-stored-empty': 0.02,
  'patient-lookup-500': 0.1,
  'patient-lookup-hang': 0.05,
};

/** Twice nothing works, so that Roche's services are paused: they fail, and they refuse the credentials. */
const OUTAGES = [
  { atMs: 0.3 * FAULT_PHASE_MS, faults: { 'patient-503': 1 } },
  { atMs: 0.7 * FAULT_PHASE_MS, faults: { 'patient-401': 1 } },
] as const;
const OUTAGE_MS = 6_000;

const seed = Number(process.env['DUCTUS_FAULT_SEED'] ?? randomInt(1_000_000));
const kept: string[] = [];

afterAll(() => {
  for (const folder of kept) {
    if (process.env['DUCTUS_FAULT_KEEP'] === '1') say(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
});

function say(text: string): void {
  process.stdout.write(`fault run: ${text}\n`);
}

/** Outages of Roche. @returns when the last one is over */
async function breakRoche(stage: Stage, startedAtMs: number): Promise<void> {
  for (const { atMs, faults } of OUTAGES) {
    await sleep(Math.max(0, startedAtMs + atMs - Date.now()));
    await stage.roche.setFaultRates(faults);
    await sleep(OUTAGE_MS);
    await stage.roche.setFaultRates(ROCHE_FAULTS);
  }
}

/** Waits until no workflow of a patient or of Roche's services runs. */
async function calm(stage: Stage): Promise<void> {
  await until(
    async () => {
      const { running, open } = await patientRemains(stage);
      return running === 0 && open === 0;
    },
    CALM_MS,
    'the end of all workflows',
  );
}

it.each(['by-patient', 'spread'] as const)(
  `should bring the last state of every patient to Roche while everything is killed, messages sent %s (seed ${String(seed)})`,
  async (mode) => {
    say(`${mode}, seed ${String(seed)}; repeat with DUCTUS_FAULT_SEED=${String(seed)}`);
    const folder = mkdtempSync(join(tmpdir(), 'ductus-faults-'));
    say(`folder ${folder}`);
    const mllpPort = await freePort();
    await using programs = await CompiledPrograms.create();
    await using stage = await startStage({
      programs,
      folder,
      workers: WORKERS,
      roche: {
        seed,
        faults: ROCHE_FAULTS,
        patients: { latencyScale: LATENCY_SCALE, retryAfterSeconds: 1, holdMs: 20_000 },
      },
      emr: { seed },
      destination: {},
      patientSync: {
        createTimeoutMs: 1_000,
        updateTimeoutMs: 800,
        // With one request of five failing, three failures in a row are chance.
        pause: { afterFailures: 6, firstWaitMs: 300, longestWaitMs: 2_000 },
        drainPerSecond: 50,
        mllp: [{ name: 'his', host: '127.0.0.1', port: mllpPort }],
      },
    });
    await using his = new HisSimulator({
      ...{ seed, mode, patients: PATIENTS, messages: MESSAGES, connections: CONNECTIONS, overMs: FAULT_PHASE_MS },
      ...{ target: { port: mllpPort }, timeZone: 'Europe/Berlin', mergeShare: 0.04 },
      ...{ repeatShare: 0.03, cutShare: 0.02, answerTimeoutMs: 10_000, retryMs: 200 },
    });
    const startedAtMs = Date.now();
    const [kills] = await Promise.all([
      runKills(stage, planKills(seed, KILLS, FAULT_PHASE_MS), startedAtMs, say),
      his.run(),
      breakRoche(stage, startedAtMs),
    ]);
    await stage.roche.setFaultRates({});
    const sentMs = Date.now() - startedAtMs;
    say(`all was answered and all kills done after ${String(Math.round(sentMs / 1000))} s`);
    const ended = await calm(stage).then(
      () => true,
      () => false,
    );
    const totalMs = Date.now() - startedAtMs;
    const left = await patientRemains(stage);
    const roche = await stage.roche.patientStats();
    const { faults } = await stage.roche.stats();
    const ledger = his.ledger();
    const verdict = judgeSync(ledger, roche);
    const run = { seed, kills, his: his.stats(), ledger, roche, faults, verdict, left, sentMs, totalMs };
    say(`\n${patientSummary(run)}`);

    expect(verdict).toMatchObject({
      accepted: MESSAGES,
      ...{ notAccepted: [], lost: [], duplicated: [], outOfOrder: [], different: [], unexpected: [] },
    });
    expect(run.his).toMatchObject({ state: 'done', refused: 0, wrongAnswers: 0 });
    expect(run.his.repeatsAccepted).toBeGreaterThan(0);
    expect(ended).toBe(true);
    expect(left).toMatchObject({ running: 0, failed: 0, terminated: 0, open: 0, turns: 0, waiters: 0 });
    // Each accepted message stands in the ledger once, however often it came; and once more where a merge handed it on.
    const { forwarded = 0, ...changes } = left.changes;
    expect(Object.values(changes).reduce((sum, count) => sum + count, 0)).toBe(MESSAGES);
    expect(forwarded).toBeLessThan(MESSAGES / 10);
    expect(left.changes).not.toHaveProperty('parked');
    expect(left.changes).not.toHaveProperty('conflict');
    // The run was what it says it is.
    expect(kills).toHaveLength(Object.values<number>(KILLS).reduce((sum, times) => sum + times, 0));
    expect(roche.accepted.filter(({ fault }) => fault?.startsWith('patient-stored-') === true).length).toBeGreaterThan(
      10,
    );
    expect(run.his.resent).toBeGreaterThan(0);
    expect(roche.totals.answers).toMatchObject({ 'search 200': expect.any(Number) });
    expect(roche.totals.updates).toBeGreaterThan(PATIENTS);

    const logs = [
      ...[stage.api, ...stage.workers].map(({ name }) => join(folder, `${name}.log`)),
      ...temporalFiles(folder),
    ];
    // Long enough that ciphertext does not hold it by chance.
    const number = `SYN-${String(seed % 1000).padStart(3, '0')}-`;
    const secrets = new Map([...stage.secrets, ['patient name', 'Synthetic-'], ['patient number', number]]);
    expect(findLeaks(logs, secrets)).toEqual([]);
    kept.push(folder);
  },
);

/** Log and database of the Temporal server. */
function temporalFiles(base: string): string[] {
  const database = join(base, 'temporal/temporal/temporal.db');
  return [join(base, 'temporal/temporal.log'), database, `${database}-wal`].filter((file) => existsSync(file));
}

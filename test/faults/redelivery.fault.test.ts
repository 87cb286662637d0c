/**
 * The fault run of redelivery: a mapping is fixed, the difference is signed off, and the processes that send it are killed
 * all along. Judged by what the EMR has seen: each reading is corrected once, whatever was under way.
 * `npm run test:faults`; DUCTUS_FAULT_KEEP=1 keeps its folder.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { z } from 'zod';
import { readEmrLog } from '../../simulators/emr/frames';
import { bgBundle } from '../../simulators/roche-dc/sample-data';
import { run } from '../cli/ductus-command';
import { until } from '../support/until';
import { CompiledPrograms } from './harness/compiled';
import { DESTINATION, ORGANIZATIONS, startStage, type Stage } from './harness/stage';

const FILES = 40;
const PATIENTS = 10;
const READINGS = 12;
const KILL_EVERY_MS = 2_500;
const LEAST_KILLS = 6;
const END_MS = 300_000;

const folder = mkdtempSync(join(tmpdir(), 'ductus-redelivery-faults-'));
let passed = false;
afterAll(() => {
  if (passed && process.env['DUCTUS_FAULT_KEEP'] !== '1') rmSync(folder, { recursive: true, force: true });
  else process.stdout.write(`kept: ${folder}\n`);
});

/** A command of an operator. It is given again when a killed process has left it without an answer. */
async function ductus(stage: Stage, main: string, args: readonly string[]): Promise<unknown> {
  return until(
    async () => {
      const { status, stdout } = await run(
        process.execPath,
        [main, '--config', stage.configFile, '--json', 'redeliver', ...args],
        folder,
        { STORE_URL: stage.storeUrl },
      );
      const answer: unknown = status === 0 ? JSON.parse(stdout) : undefined;
      return answer;
    },
    END_MS,
    args.join(' '),
  );
}

async function rowsOf(pool: Pool, query: string): Promise<readonly unknown[]> {
  const { rows } = await pool.query<Record<string, unknown>>(query);
  return rows;
}

it('should correct each reading once while the processes that send it are killed', async () => {
  await using programs = await CompiledPrograms.create();
  await using stage = await startStage({
    programs,
    folder,
    workers: 2,
    roche: { seed: 1, duplicateRate: 0 },
    // Long answers over one connection, so that kills find messages under way, however fast the machine is.
    emr: { seed: 1, rates: { delay: 1 }, delayMs: 250 },
    destination: {
      connections: 1,
      drainPerSecond: 5,
      maxObservationsPerMessage: 3,
      acknowledgmentTimeoutMs: 5_000,
      pause: { afterFailures: 3, firstWaitMs: 300, longestWaitMs: 2_000 },
      hl7: { patientAssigningAuthority: 'OLD' },
    },
  });
  const pool = new Pool({ connectionString: stage.storeUrl, max: 1 });
  await using _end = { [Symbol.asyncDispose]: () => pool.end() };

  for (let file = 0; file < FILES; file += 1) {
    const { emrOid } = ORGANIZATIONS[file % 2 === 0 ? 0 : 1];
    const bundle = bgBundle({ patient: file % PATIENTS, count: READINGS, seed: file });
    await stage.roche.share({ organization: emrOid, option: 'access-point', bundle });
  }
  const open = 'select workflow_id from notification where closed_at is null';
  await until(
    async () => (await rowsOf(pool, 'select 1 from notification where closed_at is not null')).length === FILES,
    END_MS,
    'the first delivery',
  );

  writeFileSync(stage.configFile, readFileSync(stage.configFile, 'utf8').replace('OLD', 'NEW'));
  for (const worker of stage.workers) await worker.kill(0);
  for (const worker of stage.workers) await worker.ready(60_000);
  const Compared = z.looseObject({ digest: z.string(), resources: z.object({ changed: z.number() }) });
  const compared = Compared.parse(await ductus(stage, programs.ductus, ['--diff', '--destination', DESTINATION]));

  let over = false;
  let kills = 0;
  const order = ['--approve', compared.digest, '--by', 'anna', '--reason', 'authority corrected'];
  expect(await ductus(stage, programs.ductus, order)).toMatchObject({ status: 'approved', files: FILES });
  const sent = (async (): Promise<void> => {
    await until(
      async () => {
        const begun = await rowsOf(pool, `select 1 from notification where position('r' in variant) > 0`);
        return begun.length === FILES && (await rowsOf(pool, open)).length === 0;
      },
      END_MS,
      'the end of the redelivery',
    );
    over = true;
  })();
  while (!over && (await Promise.race([sent.then(() => false), sleep(KILL_EVERY_MS, true)]))) {
    await stage.workers[kills % stage.workers.length]?.kill(500);
    kills += 1;
  }
  await sent;

  const { frames } = await readEmrLog(stage.emr.logFile);
  const corrections = new Map<string, Set<string>>();
  for (const frame of frames) {
    if (!frame.accepted || !frame.bytes.toString('utf8').includes('^^^NEW^')) continue;
    for (const { observationId, status } of frame.observations) {
      expect(status).toBe('C');
      const under = corrections.get(observationId) ?? new Set<string>();
      corrections.set(observationId, under.add(frame.controlId));
    }
  }
  const before = frames.filter(({ bytes }) => bytes.toString('utf8').includes('^^^OLD^'));
  expect(compared.resources.changed).toBe(FILES * READINGS);
  expect(corrections.size).toBe(FILES * READINGS);
  // A message that was under way when its process was killed may come again, under its own MSH-10.
  expect([...corrections.values()].filter(({ size }) => size !== 1)).toEqual([]);
  expect(before.every(({ observations }) => observations.every(({ status }) => status === 'F'))).toBe(true);
  expect(await rowsOf(pool, `select outcome, count(*)::int as files from notification group by outcome`)).toEqual([
    { outcome: 'delivered', files: 2 * FILES },
  ]);
  expect(await rowsOf(pool, `select 1 from message where state <> 'accepted'`)).toEqual([]);
  expect(await rowsOf(pool, 'select 1 from turn')).toEqual([]);
  expect(kills).toBeGreaterThanOrEqual(LEAST_KILLS);
  passed = true;
});

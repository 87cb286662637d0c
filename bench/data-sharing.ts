/**
 * `npm run bench`: data sharing, measured in one run beside two measures: (a) a workflow with one empty activity on the
 * same server, (b) a plain script that does the same I/O without durability. Times are from the begin of Roche's POST to
 * the EMR's accept, both by the simulators' records; Ductus's own claims count for nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { draw } from '../simulators/random';
import { rocheBundleSize } from '../simulators/roche-dc/sample-data';
import { freePort } from '../src/runtime/embedded/ports';
import { ORGANIZATIONS, startStage, type Stage } from '../test/faults/harness/stage';
import { Child, memoryOf, type Memory } from './child';
import { EmptyWorkflows } from './empty';
import { Load, type Measured } from './load';
import { alignedRows } from './statistics';

const SEED = 7;
const IDLE_FILES = 60;
const IDLE_READINGS = 100;
const SMALL_FILES = 500;
const SMALL_READINGS = 20;
const MIX_FILES = 60;
/** POSTs and starts at a time. */
const CONCURRENCY = 24;
const SECONDS_AT_RATE = 20;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ductus-bench-'));
  const dist = join(__dirname, '..');
  try {
    await using stage = await startStage({
      programs: {
        ductus: join(dist, 'src/cli/main.js'),
        simulators: join(dist, 'simulators/main.js'),
        roche: join(dist, 'bench/roche-process.js'),
      },
      folder,
      workers: 1,
      roche: { seed: SEED, duplicateRate: 0, forgetAcknowledged: true },
      emr: { seed: SEED },
      destination: {},
    });
    report(await measure(stage, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Results {
  readonly idle: Measured;
  readonly small: Measured;
  readonly steady: Measured;
  readonly mixAtRate: Measured;
  readonly mixAtOnce: Measured;
  readonly emptyPerSecond: number;
  readonly script: { readonly idle: Measured; readonly small: Measured; readonly mixAtOnce: Measured };
  readonly memory: {
    readonly empty: Memory;
    readonly small: Memory;
    readonly mix: Memory;
    readonly api: Memory;
  };
}

const same = (count: number, readings: number): number[] => Array.from({ length: count }, () => readings);
const upTo500 = (count: number): number[] =>
  Array.from({ length: count }, (_, index) => 1 + Math.floor(draw(SEED, 'up to 500', index) * 500));
const mixed = (count: number): number[] =>
  Array.from({ length: count }, (_, index) => rocheBundleSize(draw(SEED, 'class', index), draw(SEED, 'within', index)));

async function measure(stage: Stage, folder: string): Promise<Results> {
  const load = new Load(stage, SEED);
  const ductus = (): Memory => memoryOf(stage.api.pid, stage.workers[0]?.pid);
  await using empty = await EmptyWorkflows.start(stage, folder);

  say('warming up');
  await empty.throughput(100, CONCURRENCY);
  await load.atOnce(await load.prepare(same(100, SMALL_READINGS)), CONCURRENCY);

  say(`one after another, ${String(IDLE_READINGS)} readings`);
  const idle = await load.oneAfterAnother(await load.prepare(same(IDLE_FILES, IDLE_READINGS)));
  say('a workflow with one empty activity');
  const emptyPerSecond = await empty.throughput(SMALL_FILES, CONCURRENCY);
  say(`all at once, ${String(SMALL_READINGS)} readings`);
  const small = await load.atOnce(await load.prepare(same(SMALL_FILES, SMALL_READINGS)), CONCURRENCY);
  say('20 a second, up to 500 readings');
  const steady = await load.atRate(await load.prepare(upTo500(20 * SECONDS_AT_RATE)), 20);
  const memorySmall = ductus();
  say("5 a second, Roche's size mix");
  const mixAtRate = await load.atRate(await load.prepare(mixed(5 * SECONDS_AT_RATE)), 5);
  say("all at once, Roche's size mix");
  const mixAtOnce = await load.atOnce(await load.prepare(mixed(MIX_FILES)), CONCURRENCY);
  const memory = {
    empty: memoryOf(empty.worker.pid),
    small: memorySmall,
    mix: ductus(),
    api: memoryOf(stage.api.pid),
  };

  say('the plain script');
  const port = await freePort();
  await using _script = await Child.start(join(__dirname, 'plain-script.js'), [stage.configFile, String(port)], {
    ...process.env,
    STORE_URL: stage.storeUrl,
  });
  await stage.roche.setCallback(ORGANIZATIONS[0].emrOid, { url: `http://127.0.0.1:${String(port)}/` });
  await load.atOnce(await load.prepare(same(100, SMALL_READINGS)), CONCURRENCY);
  const script = {
    idle: await load.oneAfterAnother(await load.prepare(same(IDLE_FILES, IDLE_READINGS))),
    small: await load.atOnce(await load.prepare(same(SMALL_FILES, SMALL_READINGS)), CONCURRENCY),
    mixAtOnce: await load.atOnce(await load.prepare(mixed(MIX_FILES)), CONCURRENCY),
  };
  return { idle, small, steady, mixAtRate, mixAtOnce, emptyPerSecond, script, memory };
}

function say(what: string): void {
  console.error(`bench: ${what}`);
}

function report(results: Results): void {
  const { idle, small, steady, mixAtRate, mixAtOnce, emptyPerSecond, script, memory } = results;
  const row = (name: string, { latency, perSecond, readingsPerSecond, behindMs }: Measured, beside = ''): string[] => [
    name,
    ...[latency.count, latency.p50, latency.p95, latency.p99].map(String),
    perSecond.toFixed(1),
    String(Math.round(readingsPerSecond)),
    String(Math.round(behindMs)),
    beside,
  ];
  const overScript = idle.latency.p50 - script.idle.latency.p50;
  const ofEmpty = small.perSecond / emptyPerSecond;
  const processor = cpus()[0]?.model ?? 'unknown processor';
  console.log(
    [
      '',
      `${processor}, ${String(cpus().length)} cores, ${String(Math.round(totalmem() / 2 ** 30))} GiB, Node ${process.version}; real Temporal dev server, real PostgreSQL and the simulators on the same machine`,
      '',
      alignedRows([
        ['POST to EMR accept, ms', 'files', 'p50', 'p95', 'p99', 'files/s', 'readings/s', 'behind', 'beside'],
        row(
          `one after another, ${String(IDLE_READINGS)} readings`,
          idle,
          `${String(overScript)} ms over the script (aim 150)`,
        ),
        row('  the plain script', script.idle),
        row(
          `all at once, ${String(SMALL_READINGS)} readings`,
          small,
          `${ofEmpty.toFixed(2)} of an empty activity (aim 0.35)`,
        ),
        row('  the plain script', script.small, `${(small.perSecond / script.small.perSecond).toFixed(2)} of it`),
        row('20/s, up to 500 readings', steady, 'aim p95 2000'),
        row("5/s, Roche's size mix", mixAtRate, 'aim p95 2000'),
        row("all at once, Roche's size mix", mixAtOnce),
        row(
          '  the plain script',
          script.mixAtOnce,
          `${(mixAtOnce.perSecond / script.mixAtOnce.perSecond).toFixed(2)} of it`,
        ),
      ]),
      '',
      `a workflow with one empty activity: ${emptyPerSecond.toFixed(1)}/s`,
      '',
      alignedRows([
        ['memory (RSS), MiB', 'now', 'peak', 'now, of an empty worker'],
        ['an empty worker', String(memory.empty.now), String(memory.empty.peak), '1'],
        memoryRow('API and worker, after 20/s', memory.small, memory.empty),
        memoryRow('API and worker, after the size mix', memory.mix, memory.empty),
        memoryRow('  of it the API', memory.api, memory.empty),
      ]),
      '',
    ].join('\n'),
  );
  console.log(JSON.stringify({ bench: 'data-sharing', ...results, ratios: { overScriptMs: overScript, ofEmpty } }));
}

function memoryRow(name: string, memory: Memory, empty: Memory): string[] {
  return [name, String(memory.now), String(memory.peak), (memory.now / empty.now).toFixed(2)];
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

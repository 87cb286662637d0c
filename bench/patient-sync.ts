/**
 * `npm run bench:patient-sync`: ADT messages a second at the MLLP door (each answered AA after Temporal has it), in one run
 * beside (a) bare signal-with-start calls with the same changes on the same Temporal, and (b) HAPI's MLLP server, which stores
 * nothing, where it is there. They take turns, so that what slows the machine slows all. Then the mapping alone, on one
 * core, beside the LinuxForHealth converter.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { HisSimulator } from '../simulators/his/his-simulator';
import { patientHash, type PatientChange } from '../src/domain/patient-sync';
import { decodeHl7 } from '../src/protocols/hl7-v2/encoding';
import { readHeader } from '../src/protocols/hl7-v2/header';
import { createDataConverter } from '../src/runtime/codec/data-converter';
import { createKeyedHash } from '../src/runtime/codec/keyed-hash';
import { loadConfig } from '../src/runtime/config/load';
import type { Config } from '../src/runtime/config/schema';
import { freePort } from '../src/runtime/embedded/ports';
import { notifyPatientChange } from '../src/runtime/temporal/messenger';
import { patientSyncSettings, readAdt, toRocheBundle, type PatientSyncSettings } from '../src/transforms/adt-to-fhir';
import { startStage } from '../test/faults/harness/stage';
import { BENCH_ORGANIZATION, createBatch, median, sendBatch, timeAll, type AdtBatch, type Timed } from './adt-load';
import { convertWithOracle, findOracle, withHapiServer } from './oracle';
import { alignedRows, percentile } from './statistics';

const SEED = 7;
const ROUNDS = 5;
const MESSAGES = 1_000;
const MESSAGES_ON_ONE = 200;
const CONNECTIONS = [1, 20] as const;
/** Mapping: messages of a block, and blocks. */
const BLOCK = 2_000;
const BLOCKS = 9;
const ORACLE_CONVERSIONS = 2_000;

interface Side {
  readonly name: string;
  readonly send: (batch: AdtBatch, connections: number) => Promise<Timed>;
}

interface Row {
  readonly name: string;
  readonly connections: number;
  readonly timed: Timed;
  /** Throughput of the door by that of this, round by round; the median. */
  readonly doorBeside: number | undefined;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ductus-bench-'));
  const dist = join(__dirname, '..');
  const oracle = findOracle();
  try {
    const port = await freePort();
    const rows = await measureDoor(dist, folder, port, oracle);
    const mapping = measureMapping();
    say('the converter');
    const converter =
      oracle === undefined ? undefined : await convertWithOracle(oracle, folder, sample(), ORACLE_CONVERSIONS);
    report(rows, mapping, converter);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureDoor(dist: string, folder: string, port: number, oracle: string | undefined): Promise<Row[]> {
  await using stage = await startStage({
    programs: { ductus: join(dist, 'src/cli/main.js'), simulators: join(dist, 'simulators/main.js') },
    folder,
    workers: 1,
    roche: { seed: SEED, patients: { latencyScale: 0 } },
    emr: { seed: SEED },
    destination: {},
    patientSync: { mllp: [{ name: 'his', host: '127.0.0.1', port }] },
  });
  // The door and the bare calls are compared, not what a worker makes of the changes meanwhile.
  for (const worker of stage.workers) await worker.stop();
  const config = loadConfig({ file: stage.configFile, env: { ...process.env, STORE_URL: stage.storeUrl } });
  const connection = await Connection.connect({ address: stage.temporal.address });
  try {
    const client = new Client({ connection, dataConverter: createDataConverter(config) });
    const door: Side = { name: 'the MLLP door', send: (batch, connections) => sendBatch(batch, port, connections) };
    const bare: Side = {
      name: 'bare signal-with-start',
      send: (batch, calls) => callBatch(batch, calls, client, config),
    };
    if (oracle === undefined) return await inTurns([door, bare]);
    const hapiPort = await freePort();
    const hapi: Side = { name: "HAPI's server", send: (batch, connections) => sendBatch(batch, hapiPort, connections) };
    return await withHapiServer(oracle, hapiPort, () => inTurns([door, bare, hapi]));
  } finally {
    await connection.close();
  }
}

async function inTurns(sides: readonly Side[]): Promise<Row[]> {
  const rows: Row[] = [];
  let seed = SEED;
  for (const connections of CONNECTIONS) {
    const runs = sides.map((): Timed[] => []);
    for (let round = -1; round < ROUNDS; round += 1) {
      say(
        `${String(connections)} at a time, ${round < 0 ? 'warming up' : `round ${String(round + 1)} of ${String(ROUNDS)}`}`,
      );
      for (const [index, side] of sides.entries()) {
        seed += 1;
        const batch = createBatch(seed, connections === 1 ? MESSAGES_ON_ONE : MESSAGES);
        const timed = await side.send(batch, connections);
        if (round >= 0) runs[index]?.push(timed);
      }
    }
    const [doorRuns = []] = runs;
    for (const [index, { name }] of sides.entries()) {
      const own = runs[index] ?? [];
      const ratios = own.map((timed, round) => (doorRuns[round]?.perSecond ?? Number.NaN) / timed.perSecond);
      rows.push({
        name,
        connections,
        timed: median(own),
        doorBeside: index === 0 ? undefined : percentile(ratios, 0.5),
      });
    }
  }
  return rows;
}

/** The changes as the door makes them, straight to Temporal. */
async function callBatch(batch: AdtBatch, calls: number, client: Client, config: Config): Promise<Timed> {
  const organization = config.organizations[BENCH_ORGANIZATION];
  if (organization?.patientSync === undefined) throw new Error('the stage has no patientSync');
  const settings = patientSyncSettings(organization.patientSync, organization.timeZone);
  const hash = createKeyedHash(config.encryption.hashKey);
  const changes = batch.messages.map(({ controlId, bytes }, sequence) => {
    const { number, ...read } = readChange(bytes, settings);
    const receivedAtMs = Date.now();
    const digest = createHash('sha256').update(bytes).digest('hex');
    const id = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
    const change: PatientChange = {
      id,
      origin: { source: 'bench', connection: 'bench', sequence, controlId, digest },
      event: read.event,
      kind: read.kind,
      eventAtMs: read.eventAtMs ?? receivedAtMs,
      receivedAtMs,
      content: read.content,
    };
    return { patient: patientHash(hash, BENCH_ORGANIZATION, number), change };
  });
  const lanes = Array.from({ length: calls }, () => undefined);
  return timeAll(changes, lanes, (one) =>
    notifyPatientChange(client, config.temporal.taskQueue, { organization: BENCH_ORGANIZATION, ...one }),
  );
}

function readChange(bytes: Buffer, settings: PatientSyncSettings) {
  const decoded = decodeHl7(bytes, readHeader(bytes)?.characterSet ?? '', 'UNICODE UTF-8');
  const reading = decoded.ok ? readAdt(decoded.text, settings) : undefined;
  if (reading?.ok !== true) throw new Error('a message of the benchmark is not taken');
  return reading.change;
}

interface Mapping {
  /** Messages a second of CPU time: the worst and the best quarter, and the median. */
  readonly perSecond: readonly [number, number, number];
  /** By the clock on the wall, as the converter counts: on a busy machine less. */
  readonly wallPerSecond: number;
}

/** Bytes to the Bundle's bytes: decode, read, map, write. */
function measureMapping(): Mapping {
  say('the mapping alone');
  const { patientSync, timeZone } = benchSettings();
  const settings = patientSyncSettings(patientSync, timeZone);
  const bytes = sample();
  const rates: number[] = [];
  const wallRates: number[] = [];
  let written = 0;
  for (let block = -2; block < BLOCKS; block += 1) {
    const before = process.cpuUsage();
    const begin = performance.now();
    for (let count = 0; count < BLOCK; count += 1) {
      const { content } = readChange(bytes, settings);
      const { bundle } = toRocheBundle([content], settings, { organizationOid: '2.999.1.1', timestampMs: count });
      written += JSON.stringify(bundle).length;
    }
    const { user, system } = process.cpuUsage(before);
    if (block < 0) continue;
    rates.push((BLOCK * 1e6) / (user + system));
    wallRates.push((BLOCK * 1000) / (performance.now() - begin));
  }
  if (written === 0) throw new Error('nothing was written');
  return {
    perSecond: [percentile(rates, 0.25), percentile(rates, 0.5), percentile(rates, 0.75)],
    wallPerSecond: percentile(wallRates, 0.5),
  };
}

function benchSettings(): { patientSync: Parameters<typeof patientSyncSettings>[0]; timeZone: string } {
  const identifier = { system: 'urn:oid:1.3.6.1.4.1.56221.2.2', type: 'MR' };
  return {
    patientSync: { identifier, events: ['A28'], requireCondition: false, diagnoses: {} },
    timeZone: 'Europe/Berlin',
  };
}

/** An A28 by the letter of v2.5.1, with a diagnosis: both sides map the same bytes. */
function sample(): Buffer {
  const his = new HisSimulator({ seed: SEED, patients: 40, messages: 40, style: 'standard', firstEvents: ['A28'] });
  const message = his.plan.find(({ person }) => person.diabetes !== undefined && person.email !== undefined);
  if (message === undefined) throw new Error('no patient with diabetes');
  return his.bytesOf(message, Date.UTC(2026, 0, 1));
}

function say(what: string): void {
  console.error(`bench: ${what}`);
}

function report(rows: readonly Row[], mapping: Mapping, converter: number | undefined): void {
  const { perSecond, wallPerSecond } = mapping;
  const [low, middle, high] = perSecond;
  const processor = cpus()[0]?.model ?? 'unknown processor';
  const aims: Readonly<Record<string, string>> = { 'bare signal-with-start': ' (aim 0.8)' };
  const table = rows.map(({ name, connections, timed: { perSecond, p50, p99 }, doorBeside }) => [
    name,
    String(connections),
    perSecond.toFixed(0),
    p50.toFixed(1),
    p99.toFixed(1),
    doorBeside === undefined ? '' : `the door has ${doorBeside.toFixed(2)} of it${aims[name] ?? ''}`,
  ]);
  const ratio = converter === undefined ? undefined : wallPerSecond / converter;
  console.log(
    [
      '',
      `${processor}, ${String(cpus().length)} cores, ${String(Math.round(totalmem() / 2 ** 30))} GiB, Node ${process.version}; real Temporal dev server, real PostgreSQL and the sender on the same machine, no worker`,
      '',
      alignedRows([['ADT to AA', 'at a time', 'messages/s', 'p50, ms', 'p99, ms', 'beside'], ...table]),
      '',
      `bytes to Bundle, one core: ${middle.toFixed(0)} messages/s of CPU time (middle half ${low.toFixed(0)} to ${high.toFixed(0)}), ${wallPerSecond.toFixed(0)} by the clock`,
      converter === undefined || ratio === undefined
        ? 'no oracle: DUCTUS_BENCH_ORACLE is not set'
        : `the LinuxForHealth converter, one thread: ${converter.toFixed(0)} messages/s by the clock; Ductus maps ${ratio.toFixed(0)} times as many (aim 20)`,
      '',
    ].join('\n'),
  );
  const line = {
    rows,
    mappingPerSecond: middle,
    mappingWallPerSecond: wallPerSecond,
    converterPerSecond: converter ?? null,
  };
  console.log(JSON.stringify({ bench: 'patient-sync', ...line }));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

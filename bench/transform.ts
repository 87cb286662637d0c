/**
 * `npm run bench:transform`: the mapping alone, no server. Each case is measured beside `JSON.parse` of the same bytes,
 * block by block in turns, so that what slows the machine slows both. What production does with a file
 * (activities/data-sharing-transform.ts) is the case with hashes: names and versions of resources for the ledger, and the
 * messages as they are stored. How it is measured, and why so, stands in docs/guide/benchmarks.md.
 */
import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { diaryBundle } from '../simulators/roche-dc/sample-diary';
import { bgBundle } from '../simulators/roche-dc/sample-data';
import { itemVersions } from '../simulators/roche-dc/sample-versions';
import { knownResources, patientHashes } from '../src/activities/data-sharing-file';
import { OrganizationIdSchema } from '../src/domain/identifiers';
import { versionKey } from '../src/domain/resource-version';
import { createKeyedHash } from '../src/runtime/codec/keyed-hash';
import { Secret } from '../src/runtime/config/secret';
import { readBundle } from '../src/transforms/fhir-bundle';
import { mapFile } from '../src/transforms/mapping';
import type { MappingProfile } from '../src/transforms/model/profile';
import { testContext, testProfile } from '../test/transforms/fhir-to-hl7/profile';
import { alignedRows, percentile } from './statistics';

/** Roche's sizes (SPECS §1.4): most files have up to 500 observations, the largest 12,000. */
const SIZES = [
  { observations: 500, rounds: 31, runs: 20 },
  { observations: 12_000, rounds: 9, runs: 2 },
];
/** Rounds before the clock counts: the compiler needs to see the code run. */
const WARM_UP = 2;
const SEED = 7;

const deps = { hash: createKeyedHash(new Secret(Buffer.alloc(32, 7).toString('base64'))) };
const organization = OrganizationIdSchema.parse('hospital');

interface Case {
  readonly name: string;
  readonly bytes: Buffer;
  readonly observations: number;
  /** @returns something of the result, so that no part of the work can be left out by the compiler */
  readonly run: () => number;
}

/** CPU time, in milliseconds. */
interface Measured {
  readonly name: string;
  readonly observations: number;
  readonly megabytes: number;
  readonly ms: number;
  /** Of `JSON.parse` of the same bytes. */
  readonly parseMs: number;
  /** Of the two, round by round: the quartiles and the median. */
  readonly ratios: readonly [number, number, number];
}

/** Everything that becomes of a file's bytes before messages are in the store. */
function mapAsProduction(bytes: Buffer, profile: MappingProfile): number {
  const content = readBundle(bytes);
  const known = knownResources(deps, organization, content);
  const patients = patientHashes(deps, organization, content);
  const { messages } = mapFile(content, profile, testContext());
  const versions = messages.flatMap(({ references }) =>
    references.map((reference) => {
      const resource = known.get(reference)?.resource;
      return resource === undefined ? '' : versionKey(resource);
    }),
  );
  const stored = Buffer.from(JSON.stringify(messages.map(({ form, text }) => ({ form, text }))));
  const sum = createHash('sha256').update(stored).digest('hex');
  return known.size + patients.length + versions.length + sum.length;
}

function casesOf(observations: number): Case[] {
  const glucose = bytesOf(bgBundle({ patient: 1, count: observations, seed: SEED, unit: 'mixed', devices: true }));
  // A meal of the diary has four items, and a sensor fills up: as many as in the other file.
  const meals = Math.floor(observations / 8);
  const diary = diaryBundle({
    patient: 1,
    seed: SEED,
    start: '2026-01-05T07:00:00Z',
    meals,
    sensorReadings: observations - meals * 4,
  });
  const mixed = bytesOf(diary);
  const items = itemVersions(diary).filter(({ kind }) => kind !== 'device').length;
  const oru = testProfile();
  const fhir = testProfile({ form: 'fhir' });
  const make = (name: string, bytes: Buffer, count: number, run: () => number): Case => ({
    name,
    bytes,
    observations: count,
    run,
  });
  return [
    make('glucose: read', glucose, observations, () => readBundle(glucose).resources.length),
    make('glucose: read, hash, ORU^R01', glucose, observations, () => mapAsProduction(glucose, oru)),
    make('four types: read', mixed, items, () => readBundle(mixed).resources.length),
    make('four types: read, hash, ORU^R01', mixed, items, () => mapAsProduction(mixed, oru)),
    make('four types: read, hash, FHIR R4', mixed, items, () => mapAsProduction(mixed, fhir)),
  ];
}

function bytesOf(bundle: object): Buffer {
  return Buffer.from(JSON.stringify(bundle));
}

/** Runs the cases and their baselines in turns. */
function measure(cases: readonly Case[], rounds: number, runs: number): Measured[] {
  const times = cases.map(() => ({ run: new Array<number>(), parse: new Array<number>(), ratio: new Array<number>() }));
  for (let round = -WARM_UP; round < rounds; round += 1) {
    for (const [index, one] of cases.entries()) {
      const parse = timed(() => Object.keys(parsed(one.bytes)).length, runs);
      const run = timed(one.run, runs);
      if (round < 0) continue;
      times[index]?.parse.push(parse);
      times[index]?.run.push(run);
      times[index]?.ratio.push(run / parse);
    }
  }
  return cases.map(({ name, observations, bytes }, index) => {
    const { run = [], parse = [], ratio = [] } = times[index] ?? {};
    return {
      name,
      observations,
      megabytes: bytes.length / 1e6,
      ms: percentile(run, 0.5),
      parseMs: percentile(parse, 0.5),
      ratios: [percentile(ratio, 0.25), percentile(ratio, 0.5), percentile(ratio, 0.75)],
    };
  });
}

function parsed(bytes: Buffer): object {
  const content: unknown = JSON.parse(bytes.toString('utf8'));
  if (typeof content !== 'object' || content === null) throw new Error('no JSON object');
  return content;
}

/**
 * CPU milliseconds of one run, of all threads: garbage collection runs on several. The first run of a block does not
 * count, since it sweeps up what the block before it left.
 */
function timed(run: () => number, runs: number): number {
  let before = process.cpuUsage();
  for (let count = 0; count <= runs; count += 1) {
    if (count === 1) before = process.cpuUsage();
    if (run() <= 0) throw new Error('the case did nothing');
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / runs;
}

function main(): void {
  console.log(
    `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, CPU time, medians of rounds in turns\n`,
  );
  const results = SIZES.flatMap(({ observations, rounds, runs }) => measure(casesOf(observations), rounds, runs));
  const rows = results.map(({ name, observations, megabytes, ms, parseMs, ratios: [low, middle, high] }) => [
    name,
    observations.toLocaleString('en'),
    megabytes.toFixed(2),
    ms.toFixed(1),
    parseMs.toFixed(1),
    Math.round((observations / ms) * 1000).toLocaleString('en'),
    middle.toFixed(2),
    `${low.toFixed(2)} to ${high.toFixed(2)}`,
  ]);
  const head = ['case', 'observations', 'MB', 'ms', 'JSON.parse, ms', 'observations/s', 'ratio', 'middle half'];
  console.log(alignedRows([head, ...rows]));
  const round = (value: number): number => Math.round(value * 100) / 100;
  const line = results.map(({ name, observations, ms, parseMs, ratios }) => ({
    name,
    observations,
    ms: round(ms),
    parseMs: round(parseMs),
    observationsPerSecond: Math.round((observations / ms) * 1000),
    ratio: round(ratios[1]),
  }));
  console.log(`\n${JSON.stringify({ bench: 'transform', cases: line })}`);
}

main();

/**
 * `npm run bench:transform`: the mapping alone, no server. Each case is measured beside `JSON.parse` of the same bytes in
 * the same run: rounds take turns, so that what slows the machine slows all, and the median counts. What production does
 * with a file (activities/data-sharing-transform.ts) is the case with hashes: names and versions of resources for the
 * ledger, and the messages as they are stored.
 */
import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { diaryBundle } from '../simulators/roche-dc/sample-diary';
import { bgBundle } from '../simulators/roche-dc/sample-data';
import { itemVersions } from '../simulators/roche-dc/sample-versions';
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
  { observations: 500, rounds: 80 },
  { observations: 12_000, rounds: 12 },
];
/** Rounds before the clock counts: the compiler needs to see the code run. */
const WARM_UP = 3;
const SEED = 7;

const hash = createKeyedHash(new Secret(Buffer.alloc(32, 7).toString('base64')));

interface Case {
  readonly name: string;
  readonly bytes: Buffer;
  readonly observations: number;
  /** @returns something of the result, so that no part of the work can be left out by the compiler */
  readonly run: () => number;
}

interface Measured {
  readonly name: string;
  readonly observations: number;
  readonly megabytes: number;
  readonly ms: number;
  /** Of `JSON.parse` of the same bytes. */
  readonly parseMs: number;
}

/** Everything that becomes of a file's bytes before messages are in the store. */
function mapAsProduction(bytes: Buffer, profile: MappingProfile): number {
  const content = readBundle(bytes);
  const names = content.resources.map(({ reference }) => hash(`hospital|${reference}`));
  const { messages } = mapFile(content, profile, testContext());
  const byReference = new Map(content.resources.map((resource) => [resource.reference, resource]));
  const versions = messages.flatMap(({ references }) =>
    references.map((reference) => {
      const resource = byReference.get(reference);
      return resource === undefined ? '' : versionKey(resource);
    }),
  );
  const stored = Buffer.from(JSON.stringify(messages.map(({ form, text }) => ({ form, text }))));
  const sum = createHash('sha256').update(stored).digest('hex');
  return names.length + versions.length + sum.length;
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
function measure(cases: readonly Case[], rounds: number): Measured[] {
  const times = cases.map(() => ({ run: new Array<number>(), parse: new Array<number>() }));
  for (let round = -WARM_UP; round < rounds; round += 1) {
    for (const [index, one] of cases.entries()) {
      const parse = timed(() => Object.keys(parsed(one.bytes)).length);
      const run = timed(one.run);
      if (round < 0) continue;
      times[index]?.parse.push(parse);
      times[index]?.run.push(run);
    }
  }
  return cases.map(({ name, observations, bytes }, index) => ({
    name,
    observations,
    megabytes: bytes.length / 1e6,
    ms: percentile(times[index]?.run ?? [], 0.5),
    parseMs: percentile(times[index]?.parse ?? [], 0.5),
  }));
}

function parsed(bytes: Buffer): object {
  const content: unknown = JSON.parse(bytes.toString('utf8'));
  if (typeof content !== 'object' || content === null) throw new Error('no JSON object');
  return content;
}

/** Milliseconds. */
function timed(run: () => number): number {
  const begin = performance.now();
  if (run() <= 0) throw new Error('the case did nothing');
  return performance.now() - begin;
}

function main(): void {
  console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, medians of interleaved rounds\n`);
  const results = SIZES.flatMap(({ observations, rounds }) => measure(casesOf(observations), rounds));
  const rows = results.map(({ name, observations, megabytes, ms, parseMs }) => [
    name,
    observations.toLocaleString('en'),
    megabytes.toFixed(2),
    ms.toFixed(1),
    parseMs.toFixed(1),
    Math.round((observations / ms) * 1000).toLocaleString('en'),
    (ms / parseMs).toFixed(2),
  ]);
  const head = ['case', 'observations', 'MB', 'ms', 'JSON.parse, ms', 'observations/s', 'ratio'];
  console.log(alignedRows([head, ...rows]));
  const round = (value: number): number => Math.round(value * 100) / 100;
  const line = results.map(({ name, observations, ms, parseMs }) => ({
    name,
    observations,
    ms: round(ms),
    parseMs: round(parseMs),
    observationsPerSecond: Math.round((observations / ms) * 1000),
    ratio: round(ms / parseMs),
  }));
  console.log(`\n${JSON.stringify({ bench: 'transform', cases: line })}`);
}

main();

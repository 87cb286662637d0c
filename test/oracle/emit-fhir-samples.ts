/**
 * Writes generated R4 transactions into a folder, for a judge that has nothing of this project in it (HAPI's validator):
 * `node dist/test/oracle/emit-fhir-samples.js FOLDER [COUNT] [SEED]`. The same seed gives the same files.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readBundle } from '../../src/transforms/fhir-bundle';
import { mapFile } from '../../src/transforms/mapping';
import { bundleBytes } from '../transforms/fhir-bundle/bundles';
import { testContext, testProfile, type ProfileChanges } from '../transforms/fhir-to-hl7/profile';
import { anyFile } from '../transforms/stu3-to-r4/samples';

/** Profiles that take turns, so that every branch of the writer is seen. */
const PROFILES: readonly ProfileChanges[] = [
  {},
  { upsert: 'id' },
  { unmapped: 'carry', maxEntriesPerBundle: 3 },
  { glucoseUnit: 'mmol/L', timeZone: 'America/New_York' },
  { glucoseUnit: 'mg/dL', unmapped: 'carry', upsert: 'id' },
  { density: { glucose: 'daily-summary', insulin: 'daily-summary', carbs: 'latest-per-hour' } },
];

function main([folder, count = '200', seed = '1']: readonly string[]): void {
  if (folder === undefined) throw new Error('usage: emit-fhir-samples FOLDER [COUNT] [SEED]');
  mkdirSync(folder, { recursive: true });
  let written = 0;
  fc.sample(anyFile, { seed: Number(seed), numRuns: Number(count) }).forEach((resources, position) => {
    const profile = testProfile({ form: 'fhir', ...PROFILES[position % PROFILES.length] });
    const delivered = new Map(
      resources.slice(-2).map((one) => [`${String(one['resourceType'])}/${String(one['id'])}`, 'earlier'] as const),
    );
    const context = testContext({ seed: `sample ${position}`, delivered });
    for (const { controlId, text } of mapFile(readBundle(bundleBytes(resources)), profile, context).messages) {
      writeFileSync(join(folder, `${String(position).padStart(5, '0')}-${controlId}.json`), text);
      written += 1;
    }
  });
  process.stdout.write(`${written} transactions\n`);
}

main(process.argv.slice(2));

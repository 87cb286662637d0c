/**
 * Writes generated messages into a folder, for a judge that has nothing of this project in it (HAPI's parser and
 * validation): `node dist/test/oracle/emit-samples.js FOLDER [COUNT] [SEED]`. The same seed gives the same files.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readBundle } from '../../src/transforms/fhir-bundle';
import { encodeHl7 } from '../../src/transforms/fhir-to-hl7';
import { mapFile } from '../../src/transforms/mapping';
import { anyBundle, resourcesOf } from '../transforms/fhir-bundle/arbitraries';
import { bundleBytes } from '../transforms/fhir-bundle/bundles';
import { testContext, testProfile, type ProfileChanges } from '../transforms/fhir-to-hl7/profile';

/** Profiles that take turns, so that every branch of the writer is seen. */
const PROFILES: readonly ProfileChanges[] = [
  {},
  { grouping: 'observation' },
  { unmapped: 'carry', patientAssigningAuthority: 'HIS&2.999.1&ISO' },
  { maxObservationsPerMessage: 1, processingId: 'T', sendingApplication: 'DUCTUS^2.999.7^ISO' },
  { characterSet: '8859/1' },
  { characterSet: '8859/15', timeZone: 'America/New_York' },
];

/** What only some samples have: a resource without mapping, and deliveries before. */
const INSULIN = {
  resourceType: 'MedicationAdministration',
  id: 'insulin',
  status: 'completed',
  subject: { reference: 'Patient/p1' },
};

function main([folder, count = '200', seed = '1']: readonly string[]): void {
  if (folder === undefined) throw new Error('usage: emit-samples FOLDER [COUNT] [SEED]');
  mkdirSync(folder, { recursive: true });
  let written = 0;
  const bundles = fc.sample(anyBundle, { seed: Number(seed), numRuns: Number(count) });
  bundles.forEach((bundle, position) => {
    const profile = testProfile(PROFILES[position % PROFILES.length]);
    const bytes = bundleBytes(
      readable([...resourcesOf(bundle), INSULIN], profile.hl7.characterSet !== 'UNICODE UTF-8'),
    );
    const delivered = new Map(bundle.samples.slice(0, 1).map(({ id }) => [`Observation/${id}`, 'earlier'] as const));
    const { messages } = mapFile(readBundle(bytes), profile, testContext({ seed: `sample ${position}`, delivered }));
    for (const { controlId, text } of messages) {
      writeFileSync(
        join(folder, `${String(position).padStart(5, '0')}-${controlId}.hl7`),
        encodeHl7(text, profile.hl7.characterSet),
      );
      written += 1;
    }
  });
  process.stdout.write(`${written} messages of ${bundles.length} bundles in ${folder}\n`);
}

/**
 * Takes out what the judge cannot judge by writing a message back: to HAPI a literal backslash before one of .CHMNXZ begins a command,
 * and it drops blanks at the start of an ST. For a character set with few characters, those outside of ASCII become
 * one that it has.
 */
function readable(resources: readonly Record<string, unknown>[], isNarrow: boolean): Record<string, unknown>[] {
  return resources.map((resource) => {
    const json = JSON.stringify(resource)
      .replace(/(\\\\)[.CHMNXZ]+/g, '$1')
      .replace(/"\s+/g, '"');
    const narrow = isNarrow ? json.replace(/[^\u0000-\u007f]|\\u0001/gu, 'ü') : json;
    return Object.fromEntries(Object.entries(JSON.parse(narrow) ?? {}));
  });
}

main(process.argv.slice(2));

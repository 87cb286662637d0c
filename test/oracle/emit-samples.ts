/**
 * Writes generated messages into a folder, for a judge that has nothing of this project in it (HAPI's parser and
 * validation): `node dist/test/oracle/emit-samples.js FOLDER [COUNT] [SEED]`. The same seed gives the same files.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readBundle } from '../../src/transforms/fhir-bundle';
import { encodeHl7, itemsToHl7 } from '../../src/transforms/fhir-to-hl7';
import { mapFile } from '../../src/transforms/mapping';
import type { MappedMessage } from '../../src/transforms/model/message';
import type { CharacterSet } from '../../src/transforms/model/profile';
import { anyBundle, anyText, resourcesOf } from '../transforms/fhir-bundle/arbitraries';
import { bundleBytes } from '../transforms/fhir-bundle/bundles';
import { itemsWith } from '../transforms/fhir-to-hl7/arbitrary-items';
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

/** Forms that take turns for items of all kinds. */
const FORMS: readonly ProfileChanges[] = [
  { devices: 'describe' },
  { devices: 'describe', grouping: 'observation', deletionStatus: 'W', orderingProvider: '4711^Muster^Maxi' },
  { devices: 'describe', version: 'pcd-01' },
  { devices: 'describe', version: 'pcd-01', grouping: 'observation', maxObservationsPerMessage: 3 },
  { devices: 'describe', insulin: 'ras', orderingProvider: '4711^Muster^Maxi^^^^^^HIS&2.999&ISO' },
  {
    insulin: 'ras',
    characterSet: '8859/15',
    visit: { patientClass: 'O', location: 'DIAB^1^2', visitNumber: 'V1^^^HIS' },
  },
];

function main([folder, count = '200', seed = '1']: readonly string[]): void {
  if (folder === undefined) throw new Error('usage: emit-samples FOLDER [COUNT] [SEED]');
  mkdirSync(folder, { recursive: true });
  let written = 0;
  const write = (name: string, messages: readonly MappedMessage[], characterSet: CharacterSet): void => {
    for (const { controlId, text } of messages) {
      writeFileSync(join(folder, `${name}-${controlId}.hl7`), encodeHl7(text, characterSet));
      written += 1;
    }
  };
  const bundles = fc.sample(anyBundle, { seed: Number(seed), numRuns: Number(count) });
  bundles.forEach((bundle, position) => {
    const profile = testProfile(PROFILES[position % PROFILES.length]);
    const bytes = bundleBytes(
      readable([...resourcesOf(bundle), INSULIN], profile.hl7.characterSet !== 'UNICODE UTF-8'),
    );
    const delivered = new Map(bundle.samples.slice(0, 1).map(({ id }) => [`Observation/${id}`, 'earlier'] as const));
    const { messages } = mapFile(readBundle(bytes), profile, testContext({ seed: `sample ${position}`, delivered }));
    write(String(position).padStart(5, '0'), messages, profile.hl7.characterSet);
  });
  FORMS.forEach((changes, form) => {
    const { hl7 } = testProfile(changes);
    const texts = anyText.map((text) => readableText(text, hl7.characterSet !== 'UNICODE UTF-8'));
    const numRuns = Math.ceil(Number(count) / FORMS.length);
    fc.sample(itemsWith(texts), { seed: Number(seed), numRuns }).forEach((items, position) => {
      const name = `items-${form}-${String(position).padStart(5, '0')}`;
      write(name, itemsToHl7(items, hl7, 'Europe/Berlin', testContext({ seed: name })), hl7.characterSet);
    });
  });
  process.stdout.write(`${written} messages in ${folder}\n`);
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

/** The same for one text. */
function readableText(text: string, isNarrow: boolean): string {
  const readable = text.replace(/(\\)[.CHMNXZ]+/g, '$1').trimStart();
  const narrow = isNarrow ? readable.replace(/[^\u0000-\u007f]/gu, 'ü') : readable;
  return narrow === '' ? 'x' : narrow;
}

main(process.argv.slice(2));

/**
 * Writes Bundles for Roche (STU3) into a folder, for a judge that has nothing of this project in it (HAPI's validator):
 * `node dist/test/oracle/emit-patient-samples.js FOLDER [COUNT] [SEED]`. They are made of messages in the styles of
 * different systems, of generated ones, and of those with anything in any field that are taken. The same seed gives the
 * same files. The messages themselves go to FOLDER/hl7, for a converter to compare with.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readAdt, readFhir, toRocheBundle, type ReadChange } from '../../src/transforms/adt-to-fhir';
import { encodeHl7 } from '../../src/transforms/fhir-to-hl7/character-set';
import { FHIR_SAMPLES } from '../transforms/adt-to-fhir/fhir-samples';
import { STYLES } from '../transforms/adt-to-fhir/messages';
import { anyMessage, anySample } from '../transforms/adt-to-fhir/samples';
import { testSettings } from '../transforms/adt-to-fhir/settings';

function main([folder, count = '200', seed = '1']: readonly string[]): void {
  if (folder === undefined) throw new Error('usage: emit-patient-samples FOLDER [COUNT] [SEED]');
  const messages = join(folder, 'hl7');
  mkdirSync(messages, { recursive: true });
  const settings = testSettings();
  const parameters = { seed: Number(seed), numRuns: Number(count) };
  const texts = new Map<string, string>(Object.entries(STYLES));
  fc.sample(anySample, parameters).forEach(({ text }, position) => texts.set(`sample-${numbered(position)}`, text));
  fc.sample(anyMessage, parameters).forEach((text, position) => texts.set(`any-${numbered(position)}`, text));

  let written = 0;
  const write = (name: string, { content }: ReadChange): void => {
    const context = { organizationOid: '2.16.724.4.2', timestampMs: Date.UTC(2026, 2, 1, 12, 0, written) };
    const { bundle } = toRocheBundle([content], settings, context);
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(bundle));
    written += 1;
  };
  for (const [name, text] of texts) {
    const reading = readAdt(text, settings);
    if (!reading.ok) continue;
    write(name, reading.change);
    if (!name.startsWith('any-')) writeFileSync(join(messages, `${name}.hl7`), encoded(text));
  }
  for (const [name, { version, value }] of Object.entries(FHIR_SAMPLES)) {
    const reading = readFhir(value, version, settings);
    if (!reading.ok) throw new Error(`${name} was refused`);
    write(name, reading.change);
  }
  process.stdout.write(`${written} Bundles\n`);
}

/** In the character set that MSH-18 names. */
function encoded(text: string): Uint8Array {
  return encodeHl7(text, text.includes('|8859/1') ? '8859/1' : 'UNICODE UTF-8');
}

function numbered(position: number): string {
  return String(position).padStart(5, '0');
}

main(process.argv.slice(2));

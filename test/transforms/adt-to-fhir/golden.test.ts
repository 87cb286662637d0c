/**
 * The Bundle of each style of message, byte for byte. `UPDATE_GOLDEN=1` writes the files anew: read the difference before
 * committing it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFhir, toRocheBundle, type ReadChange } from '../../../src/transforms/adt-to-fhir';
import { FHIR_SAMPLES } from './fhir-samples';
import { STYLES } from './messages';
import { CONTEXT, taken } from './read';
import { testSettings } from './settings';

const settings = testSettings();

describe('the Bundle of', () => {
  it.each(Object.entries(STYLES))('%s', (name, text) => {
    compare(name, taken(text));
  });

  it.each(Object.entries(FHIR_SAMPLES))('%s', (name, { version, value }) => {
    const reading = readFhir(value, version, settings);
    if (!reading.ok) throw new Error('refused');
    compare(name, reading.change);
  });
});

function compare(name: string, { content }: ReadChange): void {
  const { bundle } = toRocheBundle([content], settings, CONTEXT);
  const made = `${JSON.stringify(bundle, null, 2)}\n`;
  const file = join(__dirname, 'golden', `${name}.json`);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, made);
  expect(made).toBe(readFileSync(file, 'utf8'));
}

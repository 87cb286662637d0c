/**
 * Bundles and the messages they become, byte for byte. `UPDATE_GOLDEN=1` writes the .hl7 files anew: read the
 * difference before committing it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBundle } from '../../../src/transforms/fhir-bundle';
import { encodeHl7, itemsToHl7 } from '../../../src/transforms/fhir-to-hl7';
import { mapFile } from '../../../src/transforms/mapping';
import { GOLDEN_CASES } from './golden/cases';
import { ITEM_CASES } from './golden/item-cases';
import { testContext, testProfile } from './profile';

const folder = join(__dirname, 'golden');

describe('golden messages', () => {
  it.each(GOLDEN_CASES)('should turn $name.json into $name.hl7', ({ name, input: bundle = name, profile, context }) => {
    const input = readFileSync(join(folder, `${bundle}.json`));
    const chosen = testProfile(profile);
    const { messages } = mapFile(readBundle(input), chosen, testContext(context));
    compare(name, Buffer.concat(messages.map(({ text }) => encodeHl7(text, chosen.hl7.characterSet))));
  });

  it.each(ITEM_CASES)('should turn the items of $name into $name.hl7', ({ name, profile, items }) => {
    const { hl7, selection } = testProfile(profile);
    const messages = itemsToHl7(items, hl7, selection.timeZone, testContext());
    compare(name, Buffer.concat(messages.map(({ text }) => encodeHl7(text, hl7.characterSet))));
  });

  it('should explain every case in the README', () => {
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    for (const { name } of [...GOLDEN_CASES, ...ITEM_CASES]) expect(readme).toContain(`## ${name}\n`);
  });
});

function compare(name: string, bytes: Buffer): void {
  const file = join(folder, `${name}.hl7`);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, bytes);
  expect(lines(bytes)).toEqual(lines(readFileSync(file)));
}

/** Latin-1 shows every byte as it is; lines make a difference readable. */
function lines(bytes: Buffer): string[] {
  return bytes.toString('latin1').split('\r');
}

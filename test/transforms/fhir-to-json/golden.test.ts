/** Files and the documents of the JSON form they become. The files are those of the FHIR form. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GOLDEN_CASES } from '../stu3-to-r4/golden/cases';
import { compareGolden } from '../stu3-to-r4/golden/compare';
import { JsonMessageSchema } from '../../../src/transforms/fhir-to-json';

const folder = join(__dirname, 'golden');

describe('golden documents', () => {
  it.each(GOLDEN_CASES)('should make $name.message.json of $name', (golden) => {
    const { made, expected } = compareGolden(golden, 'json', folder);
    expect(made).toBe(expected);
    expect(JsonMessageSchema.safeParse(JSON.parse(made)).error).toBeUndefined();
  });

  it('should explain every case in the README', () => {
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    for (const { name } of GOLDEN_CASES) expect(readme).toContain(`## ${name}\n`);
  });
});

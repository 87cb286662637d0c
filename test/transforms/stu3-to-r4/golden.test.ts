/** Files and the R4 transactions they become. Why each element is as it is stands in golden/README.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GOLDEN_CASES } from './golden/cases';
import { compareGolden } from './golden/compare';

const folder = join(__dirname, 'golden');

describe('golden transactions', () => {
  it.each(GOLDEN_CASES)('should make $name.transaction.json of $name', (golden) => {
    const { made, expected } = compareGolden(golden, 'fhir', folder);
    expect(made).toBe(expected);
  });

  it('should explain every case in the README', () => {
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    for (const { name } of GOLDEN_CASES) expect(readme).toContain(`## ${name}\n`);
  });
});

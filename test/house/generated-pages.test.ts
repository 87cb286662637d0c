import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GENERATED_PAGES } from '../../scripts/generated-pages';
import { ERRORS } from '../../src/domain/errors';

const ROOT = join(__dirname, '../..');

describe('pages made from the source', () => {
  it.each(Object.entries(GENERATED_PAGES))('%s should be current (`npm run docs` writes it)', (file, make) => {
    expect(readFileSync(join(ROOT, file), 'utf8')).toBe(make());
  });

  it('docs/errors.md should have exactly the codes of the table', () => {
    const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
    const codes = [...page.matchAll(/^## (DUCTUS_\w+)$/gm)].map(([, code]) => code);
    expect(codes).toEqual(Object.keys(ERRORS));
  });
});

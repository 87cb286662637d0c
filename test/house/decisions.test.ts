/** The decisions have their form, and what the source says about them exists. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './planted';

const FOLDER = join(ROOT, 'docs/decisions');
const files = readdirSync(FOLDER).filter((name) => /^\d{4}-/.test(name));

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sources(path) : path.endsWith('.ts') ? [path] : [];
  });
}

describe('docs/decisions', () => {
  it.each(files)('%s should have context, decision, status and consequences', (file) => {
    const text = readFileSync(join(FOLDER, file), 'utf8');
    expect(text.startsWith(`# ${file.slice(0, 4)}: `)).toBe(true);
    expect(text).toMatch(/^Status: (proposed|accepted|superseded by \d{4}), \d{4}-\d\d-\d\d$/m);
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual([
      'Context',
      'Decision',
      'Consequences',
    ]);
    expect(text.split('\n').length).toBeLessThanOrEqual(45);
  });

  it('should be numbered without gaps and listed in the README', () => {
    expect(files.map((file) => Number(file.slice(0, 4)))).toEqual(files.map((_, index) => index + 1));
    const readme = readFileSync(join(FOLDER, 'README.md'), 'utf8');
    files.forEach((file) => expect(readme).toContain(`(${file})`));
  });

  it('should have every decision that the source cites', () => {
    const cited = sources(join(ROOT, 'src')).flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/ADR (\d{4})/g)].map(([, number]) => number),
    );
    expect(cited.length).toBeGreaterThan(0);
    expect(files.map((file) => file.slice(0, 4))).toEqual(expect.arrayContaining([...new Set(cited)]));
  });
});

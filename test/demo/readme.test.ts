/** The README names only what is there. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { demoCommand } from '../../demo/options';

const ROOT = resolve(__dirname, '../..');
const README = readFileSync(resolve(ROOT, 'README.md'), 'utf8');
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')));

describe('README', () => {
  it('should name npm scripts that exist', () => {
    const named = [...README.matchAll(/\bnpm (?:run )?([a-z][a-z:]*)/g)].map(([, name]) => name ?? '');
    expect(named).toEqual(expect.arrayContaining(['start', 'test']));
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });

  it('should name flags that the demo has', () => {
    const flags = [...README.matchAll(/npm start -- ([^`\n]+)`/g)].flatMap(
      ([, text]) => text?.match(/--[a-z-]+/g) ?? [],
    );
    const known = demoCommand(() => Promise.resolve()).options.map(({ long }) => long);
    expect(new Set(flags)).toEqual(new Set(['--send', '--once', '--json', '--night-shift']));
    for (const flag of flags) expect(known).toContain(flag);
  });

  it('should link to files that exist', () => {
    const links = [...README.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target ?? '');
    const files = links.filter((target) => !target.startsWith('https://'));
    expect(files).toContain('docs/images/temporal-web-ui.png');
    expect(files.filter((file) => !existsSync(resolve(ROOT, file)))).toEqual([]);
  });

  it('should fit on one screen', () => {
    expect(README.split('\n').length).toBeLessThanOrEqual(60);
  });
});

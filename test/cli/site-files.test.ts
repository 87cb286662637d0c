/** What `ductus config check` says about the site's own files, as Node itself loads them; and what the guides promise. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from '../support/temporary-folder';
import { ductus, ROOT, run } from './ductus-command';
import { writtenConfig } from './written-config';

const GUIDES = ['code-maps.md', 'site-mapping.md', 'selection.md'].map((name) => path.join(ROOT, 'docs/guide', name));

interface Module {
  readonly name: string;
  readonly content: string;
  /** `type` of a package.json beside it. */
  readonly type?: 'module' | 'commonjs';
}

/** Loads modules in one process of Node, as a worker does. */
async function load(modules: readonly Module[]): Promise<{ functions?: string[]; problem?: string }[]> {
  using folder = temporaryFolder();
  const files = modules.map(({ name, content, type }, position) => {
    const site = path.join(folder.path, String(position));
    mkdirSync(site);
    if (type !== undefined) writeFileSync(path.join(site, 'package.json'), JSON.stringify({ type }));
    writeFileSync(path.join(site, name), content);
    return path.join(site, name);
  });
  const program = `
    const { loadMappingModule } = require(${JSON.stringify(path.join(ROOT, 'dist/src/runtime/site/mapping-module.js'))});
    const loaded = ${JSON.stringify(files)}.map((file) => loadMappingModule(file));
    console.log(JSON.stringify(loaded.map(({ mapping, problem }) => ({ functions: mapping && Object.keys(mapping), problem }))));`;
  const { stdout } = await run(process.execPath, ['-e', program], folder.path);
  return JSON.parse(stdout);
}

const TYPED = 'export const mapping = { item(item: { kind: string }) { return item; } };';

describe('a mapping module', () => {
  it('should be loaded as TypeScript or JavaScript, CommonJS or ES module', async () => {
    const modules: readonly Module[] = [
      { name: 'mapping.ts', content: TYPED, type: 'module' },
      { name: 'mapping.ts', content: TYPED },
      { name: 'mapping.mts', content: TYPED },
      { name: 'mapping.cts', content: 'exports.mapping = { item: (item: object): object => item };' },
      { name: 'mapping.js', content: 'export const mapping = { item: (item) => item };', type: 'module' },
      { name: 'mapping.js', content: 'exports.mapping = { item: (item) => item };', type: 'commonjs' },
      { name: 'mapping.mjs', content: 'export const mapping = { item: (item) => item };' },
      { name: 'mapping.cjs', content: 'exports.mapping = { item: (item) => item };' },
    ];
    expect(await load(modules)).toEqual(modules.map(() => ({ functions: ['item'] })));
  });

  it('should be refused with what is wrong', async () => {
    const none = 'export const mapping = {};';
    const problems = await load([
      { name: 'mapping.mjs', content: `${none} await 1;` },
      { name: 'mapping.ts', content: `export enum A { B }; ${none}`, type: 'module' },
      { name: 'mapping.ts', content: `import x from "not-installed"; ${none}; x();`, type: 'module' },
      { name: 'mapping.ts', content: 'export const mappings = {};', type: 'module' },
    ]);
    expect(problems).toEqual([
      { problem: 'cannot be loaded: it has an `await` at the top level' },
      { problem: expect.stringContaining('enum') },
      { problem: expect.stringContaining('not-installed') },
      { problem: 'has no export with the name `mapping`' },
    ]);
  });

  it('should be loaded by `ductus config check`, which names a file that cannot be used', async () => {
    using folder = temporaryFolder();
    writeFileSync(path.join(folder.path, 'mapping.cjs'), 'exports.mapping = {');
    const { file, env } = writtenConfig(folder.path, { module: 'mapping.cjs' });
    const { status, stderr } = await ductus(['--config', file, 'config', 'check'], env);
    expect(status).toBe(3);
    expect(stderr).toContain(`${path.join(folder.path, 'mapping.cjs')}: cannot be loaded: `);
    writeFileSync(path.join(folder.path, 'mapping.cjs'), 'exports.mapping = {};');
    const good = await ductus(['--config', file, 'config', 'check'], env);
    expect(good.status).toBe(0);
    expect(good.stderr).not.toContain('mapping.cjs');
  });

  it('should have types in a folder of the hospital’s own', async () => {
    using folder = temporaryFolder();
    const site = path.join(folder.path, 'site');
    cpSync(path.join(ROOT, 'examples/site-mapping'), site, { recursive: true });
    const config = JSON.parse(readFileSync(path.join(site, 'tsconfig.json'), 'utf8'));
    config.compilerOptions.paths = { 'ductus/*': [`${ROOT}/*`] };
    config.compilerOptions.typeRoots = [path.join(ROOT, 'node_modules/@types')];
    writeFileSync(path.join(site, 'tsconfig.json'), JSON.stringify(config));
    const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    expect(await run(process.execPath, [tsc, '-p', '.'], site)).toMatchObject({ status: 0, stdout: '' });
    const wrong =
      "import type { SiteMapping } from 'ductus/src/transforms/model/site-mapping.ts';\nexport const mapping: SiteMapping = { item: () => 5 };\n";
    writeFileSync(path.join(site, 'wrong.ts'), wrong);
    expect((await run(process.execPath, [tsc, '-p', '.'], site)).stdout).toContain('wrong.ts');
  });
});

describe('the guides', () => {
  const commands = GUIDES.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block = '']) =>
      block.trim().split('\n'),
    ),
  );

  it('should have commands', () => {
    expect(commands.length).toBeGreaterThanOrEqual(3);
  });

  it.each(commands)('should have a command that works: %s', async (command) => {
    const main = path.join(ROOT, 'dist/src/cli/main.js');
    const line = command.replace(/^ductus /, `node ${main} `);
    const { status, stderr } = await run('sh', ['-c', line], ROOT);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

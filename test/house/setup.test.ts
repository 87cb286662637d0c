/** `scripts/setup.mjs` does what is missing and nothing else, on a small tree with stand-ins for npm and tsc. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder';
import type { TemporaryFolder } from '../support/temporary-folder';
import { ROOT } from './planted';

const LOCK = {
  packages: {
    '': { name: 'tree' },
    'node_modules/needed': { version: '1.0.0' },
    'node_modules/other-platform': { version: '1.0.0', optional: true },
  },
};

/** Installs by writing npm's hidden lock file; says how it was called. */
const NPM = `
const { mkdirSync, writeFileSync } = require('node:fs');
console.log('npm ' + process.argv.slice(2).join(' '));
if (process.env.NPM_FAILS) process.exit(7);
mkdirSync('node_modules', { recursive: true });
writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages: { 'node_modules/needed': { version: process.env.VERSION ?? '1.0.0' } } }));`;

/** Compiles by copying. */
const TSC = `
const { cpSync } = require('node:fs');
console.log('tsc ' + process.argv.slice(2).join(' '));
if (process.env.TSC_FAILS) process.exit(2);
cpSync('src/a.ts', 'dist/src/a.js');
cpSync('scripts/build-workflows.ts', 'dist/scripts/build-workflows.js');
cpSync('scripts/find-temporal.ts', 'dist/scripts/find-temporal.js');`;

describe('scripts/setup.mjs', () => {
  let tree: TemporaryFolder;

  beforeEach(() => {
    tree = temporaryFolder();
    write('package-lock.json', JSON.stringify(LOCK));
    write('tsconfig.json', '{}');
    write('tsconfig.build.json', '{}');
    write('src/a.ts', '1;');
    write(
      'scripts/build-workflows.ts',
      "console.log('bundled'); require('node:fs').writeFileSync('dist/workflow-bundle.js', '');",
    );
    write('scripts/find-temporal.ts', "console.log('found temporal');");
    write('npm-cli.js', NPM);
    cpSync(join(ROOT, 'scripts/setup.mjs'), join(tree.path, 'scripts/setup.mjs'));
  });
  afterEach(() => tree[Symbol.dispose]());

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(tree.path, file)), { recursive: true });
    writeFileSync(join(tree.path, file), text);
  }

  /** Runs it as npm does. @returns exit code and lines; standard output must stay empty */
  function setUp(goal: string[], env: Readonly<Record<string, string>> = {}): { code: number | null; lines: string[] } {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/setup.mjs', ...goal], {
      cwd: tree.path,
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        npm_execpath: join(tree.path, 'npm-cli.js'),
        npm_node_execpath: process.execPath,
        ...env,
      },
    });
    expect(stdout).toBe('');
    return {
      code: status,
      lines: stderr
        .trim()
        .split('\n')
        .filter((line) => line !== ''),
    };
  }

  function installed(): void {
    expect(setUp(['install']).code).toBe(0);
    write('node_modules/typescript/bin/tsc', TSC);
  }

  const NOTHING = { code: 0, lines: [] };

  it('should install packages once, from the lock file, with those for development', () => {
    const { code, lines } = setUp(['install']);
    expect(code).toBe(0);
    expect(lines).toEqual([
      'set-up: installing packages (npm ci; about half a minute)',
      'npm ci --include=dev --loglevel=error --no-fund --no-audit',
    ]);
    expect(setUp(['install'])).toEqual(NOTHING);
  });

  it('should install again when a version changed or the installation is not complete', () => {
    installed();
    const changed = { packages: { ...LOCK.packages, 'node_modules/needed': { version: '2.0.0' } } };
    write('package-lock.json', JSON.stringify(changed));
    expect(setUp(['install'], { VERSION: '2.0.0' }).lines).toContain(
      'npm ci --include=dev --loglevel=error --no-fund --no-audit',
    );
    rmSync(join(tree.path, 'node_modules/.package-lock.json'));
    expect(setUp(['install'], { VERSION: '2.0.0' }).lines).toHaveLength(2);
    expect(setUp(['install'])).toEqual(NOTHING);
  });

  it('should say that npm failed', () => {
    const { code, lines } = setUp(['install'], { NPM_FAILS: '1' });
    expect(code).toBe(1);
    expect(lines.at(-1)).toBe('set-up: npm ci failed (exit code 7)');
  });

  it('should compile and bundle when sources changed, and only then', () => {
    installed();
    const all = ['set-up: compiling (tsc)', 'tsc -p tsconfig.build.json', 'set-up: bundling the workflows', 'bundled'];
    expect(setUp(['build'])).toEqual({ code: 0, lines: all });
    expect(setUp(['build'])).toEqual(NOTHING);
    write('src/a.ts', '2;');
    expect(setUp(['build']).lines).toEqual(all.slice(0, 2));
    expect(readFileSync(join(tree.path, 'dist/src/a.js'), 'utf8')).toBe('2;');
    write('src/workflows/b.ts', '3;');
    write('dist/src/workflows/b.js', '3;');
    expect(setUp(['build']).lines).toEqual(all);
  });

  it('should compile again after a compilation that failed', () => {
    installed();
    expect(setUp(['build'], { TSC_FAILS: '1' })).toMatchObject({ code: 1 });
    expect(setUp(['build']).lines).toContain('tsc -p tsconfig.build.json');
  });

  it('should remove what was compiled from a source that is gone', () => {
    installed();
    write('src/gone.ts', '1;');
    setUp(['build']);
    write('dist/src/gone.js', '1;');
    rmSync(join(tree.path, 'src/gone.ts'));
    expect(setUp(['build']).code).toBe(0);
    expect(existsSync(join(tree.path, 'dist/src/gone.js'))).toBe(false);
    expect(existsSync(join(tree.path, 'dist/src/a.js'))).toBe(true);
  });

  it('should look for a Temporal server at the end, unless one is named', () => {
    installed();
    expect(setUp([]).lines.at(-1)).toBe('found temporal');
    expect(setUp([]).lines).toEqual(['found temporal']);
    expect(setUp([], { DUCTUS_TEMPORAL_ADDRESS: 'temporal:7233' })).toEqual(NOTHING);
  });

  it('should refuse a goal that it does not know', () => {
    expect(setUp(['instal'])).toEqual({
      code: 1,
      lines: ['set-up: unknown goal "instal": use install, build, or none for all of it'],
    });
  });
});

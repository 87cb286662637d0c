/** The lint rules hold in the tree, and catch what was planted against them. */
import { spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { ROOT, plant } from './planted';

const Report = z.array(
  z.object({
    filePath: z.string(),
    messages: z.array(z.object({ ruleId: z.string().nullable(), message: z.string() })),
  }),
);

/** Runs eslint in a folder. @returns what it found, as `file: rule` */
function lint(folder: string): string[] {
  const program = join(ROOT, 'node_modules/eslint/bin/eslint.js');
  const { stdout, stderr } = spawnSync(process.execPath, [program, '--format', 'json', '.'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect(stderr).toBe('');
  return Report.parse(JSON.parse(stdout)).flatMap(({ filePath, messages }) =>
    messages.map(({ ruleId, message }) => `${relative(folder, filePath)}: ${ruleId ?? message}`),
  );
}

describe('lint', () => {
  it('should find nothing in the tree', () => {
    expect(lint(ROOT)).toEqual([]);
  }, 240_000);

  it('should catch what was planted', () => {
    using folder = plant({
      'src/api/floating.ts': 'export function run(work: () => Promise<void>): void {\n  work();\n}\n',
      'src/api/any.ts': 'export const value: any = 1;\n',
      'src/api/assertion.ts': "export const value = JSON.parse('1') as number;\n",
      'src/api/not-null.ts': 'export const first = (list: string[]): string => list[0]!;\n',
      'src/api/types.ts': "import { Server } from 'node:net';\nexport type S = Server;\n",
      'src/api/switch.ts':
        "export function f(x: 'a' | 'b'): number {\n  switch (x) {\n    case 'a':\n      return 1;\n  }\n  return 0;\n}\n",
      'src/api/untyped.ts': 'export function f(x: number) {\n  return x;\n}\n',
      'src/api/prints.ts': "console.log('x');\n",
      'src/api/default.ts': 'const x = 1;\nexport default x;\n',
      'src/workflows/clock.ts': 'export const now = (): number => performance.now();\n',
      'src/workflows/environment.ts': "export const home = (): string | undefined => process.env['HOME'];\n",
      'src/workflows/files.ts': "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n",
      'src/workflows/fine.ts': 'export const now = (): number => Date.now();\n',
      'src/transforms/clock.ts': 'export const now = (): number => Date.now();\n',
      'src/transforms/date.ts': 'export const now = (): Date => new Date();\n',
      'src/transforms/random.ts': 'export const r = (): number => Math.random();\n',
      'src/transforms/fine.ts': 'export const day = (ms: number): Date => new Date(ms);\n',
    });
    expect(lint(folder.path).sort()).toEqual([
      'src/api/any.ts: @typescript-eslint/no-explicit-any',
      'src/api/assertion.ts: @typescript-eslint/consistent-type-assertions',
      'src/api/default.ts: no-restricted-syntax',
      'src/api/floating.ts: @typescript-eslint/no-floating-promises',
      'src/api/not-null.ts: @typescript-eslint/no-non-null-assertion',
      'src/api/prints.ts: no-console',
      'src/api/switch.ts: @typescript-eslint/switch-exhaustiveness-check',
      'src/api/types.ts: @typescript-eslint/consistent-type-imports',
      'src/api/untyped.ts: @typescript-eslint/explicit-module-boundary-types',
      'src/transforms/clock.ts: no-restricted-properties',
      'src/transforms/date.ts: no-restricted-syntax',
      'src/transforms/random.ts: no-restricted-properties',
      'src/workflows/clock.ts: no-restricted-globals',
      'src/workflows/environment.ts: no-restricted-globals',
      'src/workflows/files.ts: no-restricted-imports',
    ]);
  });
});

/** The arrows between the layers hold in the tree, and each of their rules catches what it is there for. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';
import { ROOT, plant } from './planted';

const Report = z.object({
  summary: z.object({
    totalCruised: z.number(),
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

const Rules = z.object({ forbidden: z.array(z.object({ name: z.string(), comment: z.string().min(40) })) });

/** As `npm run check:arrows`. */
const FOLDERS = ['src', 'simulators', 'demo', 'bench', 'scripts'];

/** Runs dependency-cruiser in a folder. @returns what it found, as `rule: from → to` */
function cruise(folder: string, folders: readonly string[]): { readonly cruised: number; readonly found: string[] } {
  const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = [program, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect(stderr).toBe('');
  const { summary } = Report.parse(JSON.parse(stdout));
  return {
    cruised: summary.totalCruised,
    found: summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`),
  };
}

describe('the arrows', () => {
  it('should hold in the tree', () => {
    const { cruised, found } = cruise(ROOT, FOLDERS);
    expect(cruised).toBeGreaterThan(100);
    expect(found).toEqual([]);
  });

  it('should each have a reason, and catch what was planted against them and nothing else', () => {
    const config: unknown = createRequire(__filename)(join(ROOT, '.dependency-cruiser.cjs'));
    const rules = Rules.parse(config).forbidden.map(({ name }) => name);
    using folder = plant({
      // Allowed; none of these may be reported.
      'src/domain/thing.ts': 'export interface Thing { readonly name: string }\nexport const THING = 1;\n',
      'src/activities/data-sharing.ts':
        "import { hash } from '../transforms/hash';\nexport const createActivities = () => ({ hash });\n",
      'src/transforms/hash.ts':
        "import { createHash } from 'node:crypto';\nimport { THING } from '../domain/thing';\nexport const hash = () => createHash('sha256').update(String(THING)).digest('hex');\n",
      'src/workflows/data-sharing.ts':
        "import { sleep } from '@temporalio/workflow';\nimport type { createActivities } from '../activities/data-sharing';\nimport { THING } from '../domain/thing';\nexport type A = typeof createActivities;\nexport const wait = () => sleep(THING);\n",
      'src/connectors/emr/client.ts':
        "import { connect } from 'node:net';\nimport { THING } from '../../domain/thing';\nexport const open = () => connect(THING);\n",
      'src/store/rows.ts': 'export const rows = 1;\n',
      'src/runtime/serve.ts': "import { rows } from '../store/rows';\nexport const serve = rows;\n",
      'src/cli/main.ts': "import { serve } from '../runtime/serve';\nexport const main = serve;\n",
      'demo/main.ts': "import { main } from '../src/cli/main';\nexport const demo = main;\n",
      // Planted.
      'src/domain/cycle-a.ts': "import { b } from './cycle-b';\nexport const a = () => b;\n",
      'src/domain/cycle-b.ts': "import { a } from './cycle-a';\nexport const b = () => a;\n",
      'src/domain/missing.ts': "export { nothing } from './nowhere';\n",
      'src/domain/upwards.ts': "export { serve } from '../runtime/serve';\n",
      'src/domain/files.ts': "export { readFileSync } from 'node:fs';\n",
      'src/runtime/leans-on-demo.ts': "export { demo } from '../../demo/main';\n",
      'src/runtime/dev-package.ts': "export { assert } from 'fast-check';\n",
      'src/runtime/uses-cli.ts': "export { main } from '../cli/main';\n",
      'scripts/undeclared.ts': "export { map } from 'rxjs';\n",
      'src/workflows/transforms.ts': "export { hash } from '../transforms/hash';\n",
      'src/workflows/types-of-store.ts': "import type { rows } from '../store/rows';\nexport type R = typeof rows;\n",
      'src/workflows/builtin.ts': "export { readFileSync } from 'node:fs';\n",
      'src/workflows/package.ts': "export { z } from 'zod';\n",
      'src/workflows/patient-sync.ts': "export { wait } from './data-sharing';\n",
      'src/protocols/upwards.ts': "export { serve } from '../runtime/serve';\n",
      'src/transforms/store.ts': "export { rows } from '../store/rows';\n",
      'src/transforms/files.ts': "export { readFileSync } from 'node:fs';\n",
      'src/connectors/emr/flow.ts': "export { createActivities } from '../../activities/data-sharing';\n",
      'src/connectors/emr/temporal.ts': "export { Connection } from '@temporalio/client';\n",
      'src/api/shortcut.ts': "export { open } from '../connectors/emr/client';\n",
      'src/activities/upwards.ts': "export { open } from '../api/shortcut';\n",
      'src/store/upwards.ts': "export { open } from '../connectors/emr/client';\n",
      'src/queries/acts.ts': "export { createActivities } from '../activities/data-sharing';\n",
      'simulators/shares.ts': "export { serve } from '../src/runtime/serve';\n",
      'src/activities/federation.ts': "export { createActivities } from './data-sharing';\n",
      'src/activities/healthlake-export.ts': "export { createActivities } from './data-sharing';\n",
      'src/activities/bulk-export.ts': "export { createActivities } from './data-sharing';\n",
      'src/workflows/data-sharing-and-more.ts':
        "import type { x } from './patient-sync-x';\nexport type X = typeof x;\n",
      'src/workflows/patient-sync-x.ts': 'export const x = 1;\n',
    });
    const { found } = cruise(folder.path, ['src', 'simulators', 'demo', 'scripts']);
    const caught = found.map((each) => each.replace(/ → .*node_modules\/((?:@[^/]+\/)?[^/]+)\/.*/, ' → $1'));
    expect(caught.sort()).toEqual([
      'activities-know-no-entry-point: src/activities/upwards.ts → src/api/shortcut.ts',
      'api-starts-workflows-and-reads-views: src/api/shortcut.ts → src/connectors/emr/client.ts',
      'column-bulk: src/activities/bulk-export.ts → src/activities/data-sharing.ts',
      'column-data-sharing: src/workflows/data-sharing-and-more.ts → src/workflows/patient-sync-x.ts',
      'column-federation: src/activities/federation.ts → src/activities/data-sharing.ts',
      'column-healthlake: src/activities/healthlake-export.ts → src/activities/data-sharing.ts',
      'column-patient-sync: src/workflows/patient-sync.ts → src/workflows/data-sharing.ts',
      'connectors-know-no-flow: src/connectors/emr/flow.ts → src/activities/data-sharing.ts',
      'connectors-know-no-temporal: src/connectors/emr/temporal.ts → @temporalio/client',
      'declared-packages-only: scripts/undeclared.ts → rxjs',
      'domain-does-no-io: src/domain/files.ts → fs',
      'domain-is-a-leaf: src/domain/upwards.ts → src/runtime/serve.ts',
      'no-cycles: src/domain/cycle-a.ts → src/domain/cycle-b.ts',
      'nothing-imports-the-command-line: src/runtime/uses-cli.ts → src/cli/main.ts',
      'protocols-are-pure: src/protocols/upwards.ts → src/runtime/serve.ts',
      'queries-only-read: src/queries/acts.ts → src/activities/data-sharing.ts',
      'resolvable: src/domain/missing.ts → ./nowhere',
      'simulators-stand-alone: simulators/shares.ts → src/runtime/serve.ts',
      'src-needs-no-dev-packages: src/runtime/dev-package.ts → fast-check',
      'src-stands-alone: src/runtime/leans-on-demo.ts → demo/main.ts',
      'store-knows-no-flow: src/store/upwards.ts → src/connectors/emr/client.ts',
      'transforms-are-pure: src/transforms/store.ts → src/store/rows.ts',
      'transforms-do-no-io: src/transforms/files.ts → fs',
      'workflows-import-domain-only: src/workflows/transforms.ts → src/transforms/hash.ts',
      'workflows-import-no-node-builtins: src/workflows/builtin.ts → fs',
      'workflows-import-temporal-only: src/workflows/package.ts → zod',
      'workflows-know-the-types-of-activities-only: src/workflows/transforms.ts → src/transforms/hash.ts',
      'workflows-know-the-types-of-activities-only: src/workflows/types-of-store.ts → src/store/rows.ts',
    ]);
    expect(new Set(caught.map((each) => each.split(':')[0]))).toEqual(new Set(rules));
  });
});

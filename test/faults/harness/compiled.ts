/**
 * Compiles Ductus and the simulators into a folder of their own, with the workflow bundle that a production worker has:
 * the run tests the sources as they are, whatever `dist/` holds and whoever builds meanwhile.
 */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { transformFile } from '@swc/core';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';

const ROOT = resolve(__dirname, '../../..');

export interface Programs {
  /** The `ductus` command. */
  readonly ductus: string;
  /** `simulators/main.js`. */
  readonly simulators: string;
  /** A Roche simulator of one's own, with the arguments and the ready line of the one in `simulators`. */
  readonly roche?: string;
}

/** The compiled programs; `await using` removes them. Below `node_modules`, so that packages are found from there. */
export class CompiledPrograms implements Programs, AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async create(): Promise<CompiledPrograms> {
    const cache = join(ROOT, 'node_modules/.cache');
    await mkdir(cache, { recursive: true });
    const folder = await mkdtemp(join(cache, 'faults-'));
    await Promise.all(['src', 'simulators'].map((part) => compile(part, folder)));
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(folder, 'src/workflows/index.js'),
      failureConverterPath: join(folder, 'src/runtime/codec/failure-converter.js'),
      logger: new DefaultLogger('WARN'),
    });
    await writeFile(join(folder, 'workflow-bundle.js'), code);
    return new CompiledPrograms(folder);
  }

  get ductus(): string {
    return join(this.folder, 'src/cli/main.js');
  }

  get simulators(): string {
    return join(this.folder, 'simulators/main.js');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function compile(part: string, into: string): Promise<void> {
  const files = (await readdir(join(ROOT, part), { recursive: true })).filter((file) => file.endsWith('.ts'));
  await Promise.all(
    files.map(async (file) => {
      const { code } = await transformFile(join(ROOT, part, file), {
        jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
      });
      const target = join(into, part, file.replace(/\.ts$/, '.js'));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, code);
    }),
  );
}

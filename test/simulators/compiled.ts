/**
 * Compiles the simulators for tests that run them as processes: a test must not depend on `npm run build` having been
 * run, or having been run lately.
 */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { transformFile } from '@swc/core';

const ROOT = resolve(__dirname, '../..');

/** The compiled simulators in a folder of their own, from which `node_modules` is found. */
export class CompiledSimulators implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  /** Compiles `simulators/` into a new folder. */
  static async create(): Promise<CompiledSimulators> {
    const cache = join(ROOT, 'node_modules/.cache');
    await mkdir(cache, { recursive: true });
    const folder = await mkdtemp(join(cache, 'simulators-'));
    const source = join(ROOT, 'simulators');
    const files = await readdir(source, { recursive: true });
    await Promise.all(
      files
        .filter((file) => file.endsWith('.ts'))
        .map(async (file) => {
          const { code } = await transformFile(join(source, file), {
            jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
            module: { type: 'commonjs' },
          });
          const target = join(folder, relative(source, join(source, file)).replace(/\.ts$/, '.js'));
          await mkdir(dirname(target), { recursive: true });
          await writeFile(target, code);
        }),
    );
    return new CompiledSimulators(folder);
  }

  /** The program `simulators/main.js`. */
  get main(): string {
    return join(this.folder, 'main.js');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

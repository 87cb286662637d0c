/** A program that runs in a process of its own exists only compiled: where, seen from a compiled file and from a source under jest. */
import { join, resolve } from 'node:path';

/**
 * @param name file name without ending, in this folder
 * @returns path of the compiled program
 */
export function compiledProgram(name: string): string {
  return __filename.endsWith('.ts')
    ? resolve(__dirname, '../../../dist/src/runtime/embedded', `${name}.js`)
    : join(__dirname, `${name}.js`);
}

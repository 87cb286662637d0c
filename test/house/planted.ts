/** A small tree with one violation of each rule, to see that the rules catch what they are there for. */
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder';
import type { TemporaryFolder } from '../support/temporary-folder';

export const ROOT = join(__dirname, '../..');

/**
 * Writes the files into a folder that has the project's configuration and packages.
 * @param files text by path
 */
export function plant(files: Readonly<Record<string, string>>): TemporaryFolder {
  const folder = temporaryFolder();
  for (const name of ['tsconfig.json', 'package.json', 'eslint.config.mjs', '.dependency-cruiser.cjs']) {
    cpSync(join(ROOT, name), join(folder.path, name));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, path)), { recursive: true });
    writeFileSync(join(folder.path, path), text);
  }
  return folder;
}

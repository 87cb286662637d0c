/** `npm run docs`: writes the pages that are made from the source. Tests fail while a written page differs from it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GENERATED_PAGES } from './generated-pages';

const root = process.cwd();
for (const [file, make] of Object.entries(GENERATED_PAGES)) {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), make());
  console.log(`wrote ${file}`);
}

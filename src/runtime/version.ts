/** Which Ductus this is: the version of its package.json, which stands above the sources and above the compiled code. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const PackageSchema = z.object({ name: z.literal('ductus'), version: z.string() });

/** @returns `unknown` where no package.json of Ductus is above the code */
export function ductusVersion(): string {
  for (let folder = __dirname; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    try {
      const text = readFileSync(path.join(folder, 'package.json'), 'utf8');
      const found = PackageSchema.safeParse(JSON.parse(text));
      if (found.success) return found.data.version;
    } catch {
      // None here: one folder up.
    }
  }
  return 'unknown';
}

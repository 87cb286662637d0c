/** Looks for what may stand nowhere in clear: secrets and patients, in logs and in Temporal's database. */
import { readFileSync } from 'node:fs';

export interface Leak {
  readonly file: string;
  /** Name of the secret, never its value. */
  readonly what: string;
}

/**
 * @param files paths; one that does not exist is an error, since then nothing was looked at
 * @param planted what to look for, by name
 */
export function findLeaks(files: readonly string[], planted: ReadonlyMap<string, string>): Leak[] {
  return files.flatMap((file) => {
    const bytes = readFileSync(file);
    return [...planted].filter(([, value]) => bytes.includes(value)).map(([what]) => ({ file, what }));
  });
}

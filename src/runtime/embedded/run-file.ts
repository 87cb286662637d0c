/**
 * `<dataDir>/<name>.json`: who runs an embedded server and where. For the message of a second start, and to
 * find a server that outlived its owner. It is information only; `folder-lock.ts` is what decides.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const RunSchema = z.object({
  /** Process id of the server. */
  pid: z.number().int(),
  /** Process id of who started it. */
  owner: z.number().int(),
  port: z.number().int(),
});
export type Run = z.infer<typeof RunSchema>;

export function writeRun(file: string, run: Run): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(run)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

/** @returns nothing when there is no file or it cannot be read */
export function readRun(file: string): Run | undefined {
  try {
    return RunSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

export function removeRun(file: string): void {
  rmSync(file, { force: true });
}

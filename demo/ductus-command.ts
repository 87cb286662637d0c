/** The `ductus` command for the demo's configuration: for the demo itself, and as a short script for a reader to type. */
import { execFile } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DemoFolder } from './folder';

/** The compiled command line; the demo itself runs compiled only. */
export const DUCTUS_MAIN = path.resolve(__dirname, '../src/cli/main.js');

/** Settings of Ductus that the demo takes from outside: which Temporal to use. All others stand in its own file. */
const PASSED_ON: ReadonlySet<string> = new Set(['DUCTUS_TEMPORAL_BINARY', 'DUCTUS_TEMPORAL_ADDRESS']);

/** The environment without what would turn the demo's Ductus towards somebody's real data. */
export function ductusEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('DUCTUS_') || PASSED_ON.has(name)),
  );
}

/** Writes the script `ductus` into the folder: with it, no configuration needs to be named. */
export function writeDuctusCommand(folder: DemoFolder): void {
  const text =
    process.platform === 'win32'
      ? `@"${process.execPath}" "${DUCTUS_MAIN}" --config "${folder.config}" %*\r\n`
      : `#!/bin/sh\nexec '${process.execPath}' '${DUCTUS_MAIN}' --config '${folder.config}' "$@"\n`;
  writeFileSync(folder.command, text);
  chmodSync(folder.command, 0o755);
}

export interface CommandResult {
  readonly exitCode: number;
  /** What it wrote, to either side. */
  readonly output: string;
}

/** No command of an operator takes this long. */
const COMMAND_MS = 60_000;

/** Runs `ductus` with the demo's configuration, as the script does. */
export async function runDuctusCommand(folder: DemoFolder, args: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [DUCTUS_MAIN, '--config', folder.config, ...args],
      { env: ductusEnvironment(), timeout: COMMAND_MS },
      (_error, stdout, stderr) => resolve({ exitCode: child.exitCode ?? 1, output: `${stdout}${stderr}`.trimEnd() }),
    );
  });
}

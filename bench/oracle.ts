/**
 * HAPI beside Ductus, where it is there: DUCTUS_BENCH_ORACLE is the folder of an `oracle.sh` with `mllp-recv PORT` (HAPI's MLLP
 * server, which stores nothing) and `convert adt2fhir` (LinuxForHealth's converter). Ductus needs neither.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** Undefined: not there. */
export function findOracle(): string | undefined {
  const folder = process.env['DUCTUS_BENCH_ORACLE'];
  const script = folder === undefined ? undefined : join(folder, 'oracle.sh');
  return script !== undefined && existsSync(script) ? script : undefined;
}

/** Runs while HAPI's MLLP server listens on a port. */
export async function withHapiServer<T>(script: string, port: number, run: () => Promise<T>): Promise<T> {
  const server = spawn('sh', [script, 'mllp-recv', String(port), '--lenient'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    // A shell and Java: both end.
    detached: true,
  });
  try {
    await Promise.race([
      once(createInterface({ input: server.stdout }), 'line'),
      once(server, 'exit').then(() => Promise.reject(new Error("HAPI's server ended at its start"))),
    ]);
    return await run();
  } finally {
    const ended = server.exitCode === null ? once(server, 'exit') : Promise.resolve();
    if (server.pid !== undefined && server.exitCode === null) process.kill(-server.pid, 'SIGTERM');
    await ended;
  }
}

/** @returns messages a second of one thread, after its warm-up */
export async function convertWithOracle(
  script: string,
  folder: string,
  message: Buffer,
  count: number,
): Promise<number> {
  const file = join(folder, 'oracle.hl7');
  writeFileSync(file, message);
  const { stdout } = await promisify(execFile)('sh', [
    ...[script, 'convert', 'adt2fhir', '--count', String(count), '--threads', '1', file],
  ]);
  const [, perSecond] = /^\d+ conversions, .* ([\d.]+) messages\/s, 0 failed/m.exec(stdout) ?? [];
  if (perSecond === undefined) throw new Error(`the converter said: ${stdout.slice(-500)}`);
  return Number(perSecond);
}

/** The embedded servers that run on a data folder now: how a command finds the servers that `ductus serve` started. */
import { join } from 'node:path';
import { isAlive } from './child';
import { LOOPBACK } from './ports';
import { readRun } from './run-file';

export interface RunningServers {
  readonly temporalAddress: string | undefined;
  readonly storeUrl: string | undefined;
}

/** Reads what the servers wrote down about themselves; a file left by a killed process is told by its process id. */
export function runningServers(dataDir: string): RunningServers {
  const temporal = livePort(join(dataDir, 'temporal.json'));
  const postgres = livePort(join(dataDir, 'postgres.json'));
  return {
    temporalAddress: temporal === undefined ? undefined : `${LOOPBACK}:${String(temporal)}`,
    storeUrl: postgres === undefined ? undefined : `postgres://postgres@${LOOPBACK}:${String(postgres)}/postgres`,
  };
}

function livePort(file: string): number | undefined {
  const run = readRun(file);
  return run !== undefined && isAlive(run.pid) ? run.port : undefined;
}

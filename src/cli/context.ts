/** What every command starts from: the configuration and, where needed, connections; and how errors end a command. */
import { hostname, userInfo } from 'node:os';
import type { Client } from '@temporalio/client';
import { Option } from 'commander';
import { toDuctusError } from '../activities/failures';
import type { Viewer } from '../domain/audit';
import { DuctusError, ERRORS, type ErrorCode } from '../domain/errors';
import { openStore, type Store } from '../store/database';
import { createAuditLog, type AuditLog } from '../runtime/audit';
import { loadConfig } from '../runtime/config/load';
import type { Config } from '../runtime/config/schema';
import { runningServers } from '../runtime/embedded/running';
import { createOperations, type Operations } from '../runtime/operations';
import { createPatientOperations, type PatientOperations } from '../runtime/patient-operations';
import { createTemporalClient } from '../runtime/temporal/client';

/** Exit codes, the same for every command (docs/guide/cli.md). */
export const EXIT = {
  ok: 0,
  /** It was not done, and the message says why. */
  failed: 1,
  /** The command or its options are wrong. */
  usage: 2,
  /** The configuration is wrong. */
  config: 3,
  /** Temporal or PostgreSQL can't be reached. */
  unavailable: 4,
} as const;

export interface GlobalOptions {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Reads the configuration that `--config` or `DUCTUS_CONFIG` names. */
export function configOf(options: GlobalOptions): Config {
  return loadConfig({ ...(options.config === undefined ? {} : { file: options.config }), env: process.env });
}

/** Runs something with the operators' functions, and closes the connections after it. */
export async function withOperations<T>(
  options: GlobalOptions,
  run: (operations: Operations) => Promise<T>,
): Promise<T> {
  const config = configOf(options);
  const address = config.temporal.address ?? runningServers(config.dataDir).temporalAddress;
  if (address === undefined) throw notRunning();
  return withStore(config, async (store) => {
    const temporal = createTemporalClient(config, address);
    try {
      return await run(createOperations(config, store, temporal.client));
    } finally {
      await temporal.close();
    }
  });
}

/** What a command may have to do without: a server that does not run here is undefined, one that is away is found out. */
export interface ReachableParts {
  readonly config: Config;
  readonly store: Store | undefined;
  readonly client: Client | undefined;
}

/** Runs something that goes on with what can be reached, and closes the connections after it. */
export async function withReachable<T>(options: GlobalOptions, run: (parts: ReachableParts) => Promise<T>): Promise<T> {
  const config = configOf(options);
  const { temporalAddress, storeUrl } = runningServers(config.dataDir);
  const address = config.temporal.address ?? temporalAddress;
  const url = config.store.url?.reveal() ?? storeUrl;
  const store = url === undefined ? undefined : openStore({ url, poolSize: 1 });
  const temporal = address === undefined ? undefined : createTemporalClient(config, address);
  try {
    return await run({ config, store, client: temporal?.client });
  } catch (error) {
    throw toDuctusError(error);
  } finally {
    await temporal?.close();
    await store?.destroy();
  }
}

/** Runs something with the cross-reference of patients: PostgreSQL is all that it needs. */
export async function withPatients<T>(
  options: GlobalOptions,
  run: (patients: PatientOperations) => Promise<T>,
): Promise<T> {
  const config = configOf(options);
  return withStore(config, (store) => run(createPatientOperations(config, store)));
}

/** Runs something with the audit: PostgreSQL is all that it needs. */
export async function withAudit<T>(options: GlobalOptions, run: (audit: AuditLog) => Promise<T>): Promise<T> {
  const config = configOf(options);
  return withStore(config, (store) => run(createAuditLog(config, store)));
}

/** Runs something with PostgreSQL alone, and closes the connection after it. */
export async function withStore<T>(config: Config, run: (store: Store) => Promise<T>): Promise<T> {
  const url = config.store.url?.reveal() ?? runningServers(config.dataDir).storeUrl;
  if (url === undefined) throw notRunning();
  const store = openStore({ url, poolSize: 1 });
  try {
    return await run(store);
  } catch (error) {
    throw toDuctusError(error);
  } finally {
    await store.destroy();
  }
}

function notRunning(): DuctusError {
  return new DuctusError(
    'DUCTUS_TEMPORAL_UNAVAILABLE',
    'Ductus does not run here: no embedded server answers, and the configuration names none. Start `ductus serve` first.',
  );
}

/** Who looks at something from here: the account, or the name given, and the machine. */
export function viewerHere(by: string = userInfo().username): Viewer {
  return { by, origin: { via: 'cli', address: hostname() } };
}

/** `--by`: who decides. Left out, it is the account of the machine, which help and guide do not name. */
export function byOption(description: string): Option {
  return new Option('--by <name>', description).default(userInfo().username, 'your account on the machine');
}

/** Their message says all; their next step is written for a caller over HTTP. */
const SAYS_ALL: readonly ErrorCode[] = ['DUCTUS_CONFIG_INVALID', 'DUCTUS_REQUEST_INVALID', 'DUCTUS_NOT_FOUND'];

/** Prints an error for a person and sets the exit code. */
export function reportError(error: unknown): void {
  if (!(error instanceof DuctusError)) {
    console.error(`ductus: ${error instanceof Error ? error.message : 'it failed'}`);
    process.exitCode = EXIT.failed;
    return;
  }
  console.error(`ductus: ${error.message}`);
  if (error.code !== 'DUCTUS_CONFIG_INVALID') {
    console.error(`  ${error.code}${SAYS_ALL.includes(error.code) ? '' : `: ${ERRORS[error.code].nextStep}`}`);
  }
  process.exitCode =
    error.code === 'DUCTUS_CONFIG_INVALID'
      ? EXIT.config
      : error.code === 'DUCTUS_TEMPORAL_UNAVAILABLE' || error.code === 'DUCTUS_STORE_UNAVAILABLE'
        ? EXIT.unavailable
        : EXIT.failed;
}

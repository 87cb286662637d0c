/** What every command starts from: the configuration and, where needed, connections; and how errors end a command. */
import { userInfo } from 'node:os';
import { toDuctusError } from '../activities/failures';
import { DuctusError, ERRORS } from '../domain/errors';
import { openStore } from '../store/database';
import { loadConfig } from '../runtime/config/load';
import type { Config } from '../runtime/config/schema';
import { runningServers } from '../runtime/embedded/running';
import { createOperations, type Operations } from '../runtime/operations';
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
  const embedded = runningServers(config.dataDir);
  const address = config.temporal.address ?? embedded.temporalAddress;
  const url = config.store.url?.reveal() ?? embedded.storeUrl;
  if (address === undefined || url === undefined) {
    throw new DuctusError(
      'DUCTUS_TEMPORAL_UNAVAILABLE',
      'Ductus does not run here: no embedded server answers, and the configuration names none. Start `ductus serve` first.',
    );
  }
  const store = openStore({ url, poolSize: 1 });
  const temporal = createTemporalClient(config, address);
  try {
    return await run(createOperations(config, store, temporal.client));
  } catch (error) {
    throw toDuctusError(error);
  } finally {
    await temporal.close();
    await store.destroy();
  }
}

/** Who decides, when `--by` is left out: the account of the machine. */
export function defaultOperator(): string {
  return userInfo().username;
}

/** Prints an error for a person and sets the exit code. */
export function reportError(error: unknown): void {
  if (!(error instanceof DuctusError)) {
    console.error(`ductus: ${error instanceof Error ? error.message : 'it failed'}`);
    process.exitCode = EXIT.failed;
    return;
  }
  console.error(`ductus: ${error.message}`);
  if (error.code !== 'DUCTUS_CONFIG_INVALID') console.error(`  ${error.code}: ${ERRORS[error.code].nextStep}`);
  process.exitCode =
    error.code === 'DUCTUS_CONFIG_INVALID'
      ? EXIT.config
      : error.code === 'DUCTUS_TEMPORAL_UNAVAILABLE' || error.code === 'DUCTUS_STORE_UNAVAILABLE'
        ? EXIT.unavailable
        : EXIT.failed;
}

/** `ductus serve`: runs the entry point, the worker, or both, until it is told to stop. */
import { Command, Option } from 'commander';
import { serve, type Role } from '../runtime/serve';
import type { Config } from '../runtime/config/schema';
import { createLogger, type Logger } from '../runtime/telemetry/logger';
import { installTemporalRuntime, shutdownTemporalRuntime } from '../runtime/telemetry/temporal-runtime';
import { configOf, EXIT, type GlobalOptions } from './context';

const ROLES: readonly Role[] = ['api', 'worker', 'all'];

/** Builds the command. */
export function serveCommand(globals: () => GlobalOptions): Command {
  return new Command('serve')
    .description('run Ductus')
    .addOption(
      new Option('--role <role>', 'api: take notifications; worker: do the work; all: both')
        .choices(ROLES)
        .default('all'),
    )
    .addHelpText('after', '\nExamples:\n  ductus serve --config ductus.yaml\n  ductus serve --role worker')
    .action(async (options: { readonly role: Role }) => {
      const config = configOf(globals());
      const logger = createLogger({ level: config.log.level, role: options.role });
      installTemporalRuntime({ logger });
      try {
        await serveUntilStopped(config, options.role, logger);
      } finally {
        await shutdownTemporalRuntime();
      }
      logger.info('stopped');
    });
}

async function serveUntilStopped(config: Config, role: Role, logger: Logger): Promise<void> {
  const running = await serve(config, role, logger);
  const stopped = new Promise<string>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  try {
    const signal = await Promise.race([stopped, running.failed]);
    logger.info({ signal }, 'stopping: what runs may end, then connections close');
  } catch (error) {
    logger.error({ err: error }, 'a part failed; stopping');
    process.exitCode = EXIT.failed;
  }
  await running.stop();
}

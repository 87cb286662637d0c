/** `ductus serve`: runs the entry point, the worker, or both, until it is told to stop. */
import { Command, Option } from 'commander';
import { serve, type Role } from '../runtime/serve';
import type { Config } from '../runtime/config/schema';
import { freePort, LOOPBACK } from '../runtime/embedded/ports';
import { createLogger, type Logger } from '../runtime/telemetry/logger';
import { installTemporalRuntime, shutdownTemporalRuntime } from '../runtime/telemetry/temporal-runtime';
import { configOf, EXIT, type GlobalOptions } from './context';

const ROLES: readonly Role[] = ['api', 'worker', 'codec', 'all'];

/** Builds the command. */
export function serveCommand(globals: () => GlobalOptions): Command {
  return new Command('serve')
    .description('run Ductus')
    .addOption(
      new Option(
        '--role <role>',
        'api: take notifications; worker: do the work; codec: show payloads to the Web UI; all: all of them',
      )
        .choices(ROLES)
        .default('all'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  ductus serve --config ductus.yaml\n  ductus serve --role worker\n  ductus serve --role codec',
    )
    .action(async (options: { readonly role: Role }) => {
      const config = configOf(globals());
      const logger = createLogger({ level: config.log.level, role: options.role });
      const sdkMetricsUrl = await installRuntime(options.role, logger);
      try {
        await serveUntilStopped(config, options.role, logger, sdkMetricsUrl);
      } finally {
        await shutdownTemporalRuntime();
      }
      logger.info('stopped');
    });
}

/** A free port can be gone a moment later. */
const PORT_TRIES = 3;

/** Only a worker has something of the SDK to measure. @returns where the SDK serves its metrics, on the loopback */
async function installRuntime(role: Role, logger: Logger): Promise<string | undefined> {
  if (role === 'api' || role === 'codec') {
    installTemporalRuntime({ logger });
    return undefined;
  }
  for (let attempt = 1; ; attempt += 1) {
    const metricsPort = await freePort();
    try {
      installTemporalRuntime({ logger, metricsPort });
      return `http://${LOOPBACK}:${String(metricsPort)}/metrics`;
    } catch (error) {
      if (attempt === PORT_TRIES) throw error;
    }
  }
}

async function serveUntilStopped(
  config: Config,
  role: Role,
  logger: Logger,
  sdkMetricsUrl: string | undefined,
): Promise<void> {
  const running = await serve(config, role, logger, sdkMetricsUrl === undefined ? {} : { sdkMetricsUrl });
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

/** Temporal's SDK runtime with our logger: what it says, and what its native part says, comes out as our log lines. */
import { DefaultLogger, Runtime, makeTelemetryFilterString } from '@temporalio/worker';
import type { LogEntry } from '@temporalio/worker';
import type { Logger } from './logger';

export interface TemporalRuntimeOptions {
  readonly logger: Logger;
  /** Port on which the SDK serves its own Prometheus metrics; none when left out. */
  readonly metricsPort?: number;
}

/**
 * Installs the one runtime of the process. Call it before the first connection or worker.
 * It reacts to no signal: `ductus serve` decides about the order of a shutdown.
 */
export function installTemporalRuntime(options: TemporalRuntimeOptions): void {
  Runtime.install({
    logger: new DefaultLogger('INFO', (entry) => write(options.logger, entry)),
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'INFO', other: 'WARN' }), forward: {} },
      ...(options.metricsPort === undefined
        ? {}
        : {
            metrics: {
              // Names as Prometheus wants them: seconds, with the unit, counters with _total.
              prometheus: {
                bindAddress: `127.0.0.1:${options.metricsPort}`,
                countersTotalSuffix: true,
                unitSuffix: true,
                useSecondsForDurations: true,
              },
            },
          }),
    },
  });
}

/** Lets the process end: an installed runtime that no worker has used keeps it alive. Safe after a worker's own shutdown. */
export async function shutdownTemporalRuntime(): Promise<void> {
  await Runtime.instance().shutdown();
}

function write(logger: Logger, entry: LogEntry): void {
  const meta: unknown = entry.meta ?? {};
  const object = { source: 'temporal', ...(typeof meta === 'object' ? meta : {}) };
  switch (entry.level) {
    case 'TRACE':
    case 'DEBUG':
      logger.debug(object, entry.message);
      return;
    case 'INFO':
      logger.info(object, entry.message);
      return;
    case 'WARN':
      logger.warn(object, entry.message);
      return;
    case 'ERROR':
      logger.error(object, entry.message);
      return;
  }
}

/**
 * Health and metrics of a process: what they ask, and the listener of `metrics.port`. Both are asked by anybody who
 * reaches them, so each question goes to Temporal and PostgreSQL once a second at most.
 */
import type { AddressInfo } from 'node:net';
import type { Client } from '@temporalio/client';
import { createMonitoring, type HealthApi } from '../api/health';
import { LIMITS } from '../domain/limits';
import type { Store } from '../store/database';
import { readStanding } from '../store/standing';
import { configuredCertificates } from './certificates';
import { allDestinations } from './config/destinations';
import type { Config } from './config/schema';
import type { Logger } from './telemetry/logger';
import type { Metrics } from './telemetry/metrics';
import { onceAWhile, within } from './telemetry/once-a-while';
import type { ProcessFacts } from './telemetry/process-gauges';
import { createScrape } from './telemetry/scrape';
import { ductusVersion } from './version';

export interface MonitoringParts {
  readonly config: Config;
  readonly roles: ProcessFacts['roles'];
  /** Undefined in a process that does not talk to Temporal. */
  readonly client: Client | undefined;
  readonly store: Store;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Where Temporal's SDK serves its own metrics in this process. */
  readonly sdkMetricsUrl: string | undefined;
}

/** What health checks and Prometheus are answered with. */
export function createHealth(parts: MonitoringParts): HealthApi {
  const { config, client, store, metrics, logger } = parts;
  metrics.process.describe({
    version: ductusVersion(),
    roles: parts.roles,
    config,
    certificates: configuredCertificates(config),
  });
  const configured = {
    organizations: Object.keys(config.organizations),
    destinations: allDestinations(config),
  };
  const missing = onceAWhile(LIMITS.answerKeptMs, () => notReady(client, store, config.temporal.namespace));
  return {
    notReady: missing,
    scrape: createScrape({
      metrics,
      readStanding: () => readStanding(store, configured),
      notReady: missing,
      sdkUrl: parts.sdkMetricsUrl,
      logger,
    }),
  };
}

export interface RunningMonitoring {
  readonly url: string;
  close(): Promise<unknown>;
}

/** Starts the listener of `metrics.port`. @returns undefined where none is configured */
export async function startMonitoring(
  config: Config,
  health: HealthApi,
  logger: Logger,
): Promise<RunningMonitoring | undefined> {
  const { host, port } = config.metrics;
  if (port === undefined) return undefined;
  const app = await createMonitoring(health, logger);
  await app.listen({ host, port });
  const url = urlOf(app.addresses()[0], host, port);
  logger.info({ url }, 'metrics and health listen');
  return { url, close: () => app.close() };
}

function urlOf(address: AddressInfo | string | undefined, host: string, port: number): string {
  if (address === undefined || typeof address === 'string') return `http://${host}:${String(port)}`;
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${String(address.port)}`;
}

async function notReady(client: Client | undefined, store: Store, namespace: string): Promise<readonly string[]> {
  const reached = async (name: string, call: () => Promise<unknown>): Promise<readonly string[]> => {
    try {
      await call();
      return [];
    } catch {
      return [name];
    }
  };
  const missing = await Promise.all([
    client === undefined
      ? []
      : reached('temporal', () =>
          client.withDeadline(Date.now() + LIMITS.signalWithStartMs, () =>
            client.workflowService.describeNamespace({ namespace }),
          ),
        ),
    // A server that takes queries and answers none is as good as away, and Prometheus waits for 10 s.
    reached('postgresql', () =>
      within(LIMITS.standingReadMs, store.selectFrom('destination').select('destination').limit(1).execute()),
    ),
  ]);
  return missing.flat();
}

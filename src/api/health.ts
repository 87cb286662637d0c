/**
 * Health and metrics: on the API, and on a listener of their own that every role can have. Answers are kept for a second
 * by the runtime, so that asking often asks Temporal and PostgreSQL no more often.
 */
import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from 'fastify';
import { Registry } from 'prom-client';
import type { Logger } from '../runtime/telemetry/logger';

export interface HealthApi {
  /** Whether work can be taken now: names the parts that can't be reached. */
  readonly notReady: () => Promise<readonly string[]>;
  /** The text for Prometheus. */
  readonly scrape: () => Promise<string>;
}

/**
 * Registers `/health/live`, `/health/ready` and `/metrics`.
 * @param mayScrape throws where the caller may not read metrics
 */
export function registerHealth(
  app: FastifyInstance,
  health: HealthApi,
  mayScrape: (request: FastifyRequest) => void,
): void {
  app.get('/health/live', () => ({ status: 'ok' }));
  app.get('/health/ready', async (_request, reply) => {
    const missing = await health.notReady();
    return missing.length === 0 ? { status: 'ok' } : reply.code(503).send({ status: 'unavailable', missing });
  });
  app.get('/metrics', async (request, reply) => {
    mayScrape(request);
    return reply.type(Registry.PROMETHEUS_CONTENT_TYPE).send(await health.scrape());
  });
}

/** Builds the listener of `metrics.port`; `listen` is the caller's. */
export async function createMonitoring(health: HealthApi, logger: Logger): Promise<FastifyInstance> {
  const loggerInstance: FastifyBaseLogger = logger;
  const app: FastifyInstance = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: 30_000,
    forceCloseConnections: true,
  });
  registerHealth(app, health, () => undefined);
  await app.ready();
  return app;
}

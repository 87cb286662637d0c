/**
 * The HTTP server: routes, one error handler for all of them, health and metrics. Thin: a route authenticates, parses,
 * starts or signals a workflow, and answers.
 */
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { DuctusError, ERRORS, type ErrorCode } from '../domain/errors';
import { LIMITS } from '../domain/limits';
import type { AuditLog } from '../runtime/audit';
import type { Config } from '../runtime/config/schema';
import type { Logger } from '../runtime/telemetry/logger';
import type { PatientOperations } from '../runtime/patient-operations';
import type { Metrics } from '../runtime/telemetry/metrics';
import { registerAudit } from './audit';
import { registerDataSharing, type DataSharingApi } from './data-sharing';
import { requireOperator } from './authentication';
import { registerHealth, type HealthApi } from './health';
import type { PatientSyncDoor } from './patient-sync/door';
import { registerPatientSync } from './patient-sync/http';
import { operationOutcome } from './operation-outcome';
import { registerOperations, type OperationsApi } from './operations';
import { registerRedelivery, type RedeliveryApi } from './redelivery';
import { registerPatients } from './patients';
import { Refusals } from './refusals';
import { RequestError } from './request-error';

export interface ApiDependencies {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly notify: DataSharingApi['notify'];
  readonly operations: OperationsApi;
  readonly redelivery: RedeliveryApi;
  readonly patients: PatientOperations;
  readonly audit: Pick<AuditLog, 'list' | 'record'>;
  readonly health: HealthApi;
  /** What is behind the doors of the HIS; without it there are none. */
  readonly patientSync?: PatientSyncDoor;
}

/** Connections that stay idle, or a request that trickles in, are cut after these. */
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 72_000;

/** Builds the server; `listen` is the caller's. */
export async function createApi(deps: ApiDependencies): Promise<FastifyInstance> {
  const { config, logger, metrics } = deps;
  const { tls, bodyLimitBytes } = config.api;
  const loggerInstance: FastifyBaseLogger = logger;
  const options = {
    loggerInstance,
    // Requests are counted; a line for each would drown the ones that matter.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: REQUEST_TIMEOUT_MS * 2,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle' as const,
    // A path that cannot be decoded is nothing that we have, and is not quoted back.
    frameworkErrors: (_error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
      void reply.code(404).type('application/fhir+json').send(operationOutcome('DUCTUS_NOT_FOUND'));
    },
  };
  const app: FastifyInstance =
    tls === undefined
      ? fastify(options)
      : fastify({
          ...options,
          https: {
            cert: tls.cert.reveal(),
            key: tls.key.reveal(),
            // A caller without a certificate gets in and is judged by its organization's rule.
            ...(tls.clientCa === undefined
              ? {}
              : { ca: tls.clientCa.reveal(), requestCert: true, rejectUnauthorized: false }),
          },
        });

  const refusals = new Refusals(config, (entry) => deps.audit.record(entry));
  app.addHook('onError', async (request, _reply, error) => {
    try {
      await refusals.note(request, codeOf(error));
    } catch (failure) {
      // The refusal stands: nobody gets in while the store is away.
      logger.error({ err: failure }, 'a refusal could not be written to the audit');
    }
  });
  app.setErrorHandler((error: FastifyError | DuctusError, request, reply) => {
    const code = codeOf(error);
    if (request.url.startsWith('/roche/')) metrics.notification(code);
    const level = ERRORS[code].class === 'permanent' && code !== 'DUCTUS_INTERNAL' ? 'info' : 'error';
    logger[level](
      {
        code,
        route: request.routeOptions.url ?? 'none',
        method: request.method,
        err: code === 'DUCTUS_INTERNAL' ? error : undefined,
      },
      'request refused',
    );
    const status = httpStatus(code);
    if (status === 401)
      void reply.header(
        'www-authenticate',
        request.url.startsWith('/roche/') ? 'Basic realm="ductus", charset="UTF-8"' : 'Bearer',
      );
    if (status === 503) void reply.header('retry-after', String(LIMITS.retryAfterSeconds));
    const issues =
      error instanceof RequestError
        ? error.issues
        : [{ text: error instanceof DuctusError ? error.message : ERRORS[code].title }];
    return reply.code(status).type('application/fhir+json').send(operationOutcome(code, issues));
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).type('application/fhir+json').send(operationOutcome('DUCTUS_NOT_FOUND')),
  );

  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser('application/fhir+json', { parseAs: 'string' }, app.getDefaultJsonParser('error', 'error'));
  app.addHook('onResponse', (request, reply, done) => {
    metrics.answered(request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
  registerHealth(app, deps.health, (request) => {
    if (!config.metrics.public) requireOperator(config, request, 'read');
  });
  registerDataSharing(app, config, { notify: deps.notify, onResult: (result) => metrics.notification(result) });
  registerOperations(app, config, deps.operations);
  registerRedelivery(app, config, deps.redelivery);
  registerPatients(app, config, deps.patients, deps.operations.repair);
  registerAudit(app, config, deps.audit);
  if (deps.patientSync !== undefined) await registerPatientSync(app, config, deps.patientSync);
  await app.ready();
  return app;
}

function httpStatus(code: ErrorCode): number {
  const row = ERRORS[code];
  return 'http' in row ? row.http : 500;
}

/** Codes of Fastify's own errors, by its error codes (https://fastify.dev/docs/latest/Reference/Errors/). */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'DUCTUS_BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'DUCTUS_MEDIA_TYPE_UNSUPPORTED',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'DUCTUS_REQUEST_INVALID',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'DUCTUS_REQUEST_INVALID',
  FST_ERR_CTP_INVALID_JSON_BODY: 'DUCTUS_REQUEST_INVALID',
  FST_ERR_CTP_EMPTY_TYPE: 'DUCTUS_MEDIA_TYPE_UNSUPPORTED',
  FST_ERR_BAD_URL: 'DUCTUS_NOT_FOUND',
};

function codeOf(error: FastifyError | DuctusError): ErrorCode {
  if (error instanceof DuctusError) return error.code;
  const known = FASTIFY_CODES[error.code];
  if (known !== undefined) return known;
  return error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500
    ? 'DUCTUS_REQUEST_INVALID'
    : 'DUCTUS_INTERNAL';
}

/**
 * The HTTP doors of the HIS: `POST /his/messages` for HL7 v2 messages, and `/his/fhir` for Patients. They authenticate,
 * read, hand over to the workflow of the patient, and answer.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DuctusError, ERRORS } from '../../domain/errors';
import { LIMITS } from '../../domain/limits';
import type { OrganizationId } from '../../domain/identifiers';
import { OrganizationIdSchema } from '../../domain/identifiers';
import { acknowledgmentCodeAlways } from '../../protocols/hl7-v2/acknowledgment';
import { characterSetOf } from '../../protocols/hl7-v2/encoding';
import type { Config } from '../../runtime/config/schema';
import { patientSyncSettings } from '../../transforms/adt-to-fhir';
import { sameSecret } from '../authentication';
import { answerOf, logRefusal } from './answer';
import type { Arrival, HisOrganization, PatientSyncDoor } from './door';
import { fhirVersionOf } from './fhir-version';
import { receiveFhir, type FhirRequest } from './receive-fhir';
import { receiveHl7 } from './receive-hl7';

/** One message. `api.bodyLimitBytes` is made for notifications; an ADT message has some kB, and may carry a picture in an OBX. */
const BODY_LIMIT_BYTES = 1024 * 1024;

const HL7_TYPES = ['application/hl7-v2', 'x-application/hl7-v2+er7', 'text/plain'] as const;
const FHIR_TYPES = ['application/fhir+json', 'application/json'] as const;

const CONTENT_TYPES = `/his/messages takes ${HL7_TYPES.join(', ')}; /his/fhir takes ${FHIR_TYPES.join(', ')}.`;

/** An organization with its door. */
interface HttpDoor extends HisOrganization {
  readonly source: string;
  readonly token: string;
}

/**
 * Adds the routes, in a scope of their own: other routes take neither these content types nor bodies of this size.
 * @throws DuctusError DUCTUS_CONFIG_INVALID when two organizations have the same token: nobody could say whose message came
 */
export async function registerPatientSync(app: FastifyInstance, config: Config, door: PatientSyncDoor): Promise<void> {
  const doors = httpDoors(config);
  if (doors.length === 0) return;
  const doorOf = (request: FastifyRequest): HttpDoor => {
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const found = token === undefined ? undefined : doors.find((each) => sameSecret(token, each.token));
    if (found === undefined) throw new DuctusError('DUCTUS_UNAUTHENTICATED');
    return found;
  };

  await app.register(async (scope) => {
    // Before the body is read: a stranger's body is not parsed.
    scope.addHook('onRequest', async (request) => void doorOf(request));
    scope.setErrorHandler((error: FastifyError | DuctusError) => {
      // Said in the words of this door, and answered by the handler of all routes.
      switch (error.code) {
        case 'FST_ERR_CTP_BODY_TOO_LARGE':
          throw new DuctusError('DUCTUS_BODY_TOO_LARGE', `The message has more than ${BODY_LIMIT_BYTES} bytes.`);
        case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
          throw new DuctusError('DUCTUS_MEDIA_TYPE_UNSUPPORTED', CONTENT_TYPES);
        default:
          throw error;
      }
    });
    await scope.register(async (messages) => {
      takeBytes(messages, HL7_TYPES);
      messages.post('/his/messages', { bodyLimit: BODY_LIMIT_BYTES }, (request, reply) =>
        answerMessage(door, doorOf(request), request, reply),
      );
    });
    await scope.register(async (fhir) => {
      takeBytes(fhir, FHIR_TYPES);
      const route = (operation: FhirRequest['operation']) => (request: FastifyRequest, reply: FastifyReply) =>
        answerFhir(door, doorOf(request), operation, request, reply);
      fhir.post('/his/fhir', { bodyLimit: BODY_LIMIT_BYTES }, route('bundle'));
      fhir.post('/his/fhir/Patient', { bodyLimit: BODY_LIMIT_BYTES }, route('create'));
      fhir.put('/his/fhir/Patient/:id', { bodyLimit: BODY_LIMIT_BYTES }, route('update'));
    });
  });
}

function httpDoors(config: Config): readonly HttpDoor[] {
  const doors = Object.entries(config.organizations).flatMap(([id, { patientSync, timeZone }]) =>
    patientSync?.http === undefined
      ? []
      : {
          organization: OrganizationIdSchema.parse(id),
          settings: patientSyncSettings(patientSync, timeZone),
          source: patientSync.http.name,
          token: patientSync.http.token.reveal(),
        },
  );
  const tokens = new Map<string, OrganizationId>();
  for (const { organization, token } of doors) {
    const other = tokens.get(token);
    if (other !== undefined) {
      throw new DuctusError(
        'DUCTUS_CONFIG_INVALID',
        `organizations.${organization}.patientSync.http.token is also that of ${other}: it has to say whose message comes.`,
      );
    }
    tokens.set(token, organization);
  }
  return doors;
}

/** Bodies of these types as bytes, and no other types. */
function takeBytes(scope: FastifyInstance, types: readonly string[]): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser([...types], { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

async function answerMessage(
  door: PatientSyncDoor,
  { source, ...his }: HttpDoor,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const startedAt = performance.now();
  const arrival: Arrival = { source, connection: randomUUID(), sequence: 1, receivedAtMs: Date.now() };
  const written = /;\s*charset\s*=\s*"?([^\s";]+)"?/i.exec(request.headers['content-type'] ?? '')?.[1] ?? '';
  const received = await receiveHl7(door, his, arrival, bytesOf(request), characterSetOf(written) ?? 'UNICODE UTF-8');
  const { control, verdict, code } = received;
  logRefusal(door, { organization: his.organization, ...arrival }, received);
  const answer = verdict === undefined ? undefined : acknowledgmentCodeAlways(verdict, control);
  const labels = { organization: his.organization, source };
  door.metrics.answered(labels, answer ?? 'none', (performance.now() - startedAt) / 1000);
  // An acknowledgment is never acknowledged.
  if (answer === undefined) return reply.code(204).send();
  const status = code === undefined ? 200 : httpStatus(code);
  if (status === 503) void reply.header('retry-after', String(LIMITS.retryAfterSeconds));
  return reply.code(status).type('application/hl7-v2').send(answerOf(received, answer));
}

/** AE and AR as the table of errors says; what is wrong with us is 503, so that the sender comes again. */
function httpStatus(code: keyof typeof ERRORS): number {
  const row = ERRORS[code];
  const status = 'http' in row ? row.http : 500;
  return status >= 500 ? 503 : status;
}

/** Ids of requests that may stand in the ledger. */
const REQUEST_ID = /^[\u0021-\u007e]{1,128}$/;

async function answerFhir(
  door: PatientSyncDoor,
  { source, ...his }: HttpDoor,
  operation: FhirRequest['operation'],
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const startedAt = performance.now();
  const bytes = bytesOf(request);
  const sent = request.headers['x-request-id'];
  if (sent !== undefined && (typeof sent !== 'string' || !REQUEST_ID.test(sent))) {
    throw new DuctusError('DUCTUS_REQUEST_INVALID', 'X-Request-Id has to be 1 to 128 visible ASCII characters.');
  }
  const params: unknown = request.params;
  const outcome = await receiveFhir(
    door,
    his,
    { source: `${source}-fhir`, connection: randomUUID(), sequence: 1, receivedAtMs: Date.now() },
    {
      operation,
      version: fhirVersionOf(request.headers['content-type']),
      bytes,
      digest: createHash('sha256').update(bytes).digest('hex'),
      requestId: sent,
      id: typeof params === 'object' && params !== null && 'id' in params ? String(params.id) : undefined,
    },
  );
  const { organization } = his;
  door.metrics.answered(
    { organization, source: `${source}-fhir` },
    outcome.status === 202 ? 'AA' : outcome.status >= 500 ? 'AR' : 'AE',
    (performance.now() - startedAt) / 1000,
  );
  if (outcome.status === 503) void reply.header('retry-after', String(LIMITS.retryAfterSeconds));
  return reply.code(outcome.status).type('application/fhir+json').send(JSON.stringify(outcome.body));
}

function bytesOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

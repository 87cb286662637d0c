/**
 * The codec server: makes payloads readable for the Temporal Web UI and for `temporal --codec-endpoint`. It holds the key
 * ring and shows patient data, so it is a server of its own, not a route of the one that Roche calls; it can run on
 * another machine, in another network. Nothing is shown before it is recorded who asked.
 */
import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Payload } from '@temporalio/common';
import { z } from 'zod';
import { DuctusError, ERRORS, type ErrorCode } from '../../domain/errors';
import { keyIdOf, workflowOf, type EncryptionCodec } from '../../runtime/codec/payload-codec';
import type { Config } from '../../runtime/config/schema';
import type { Logger } from '../../runtime/telemetry/logger';
import { isPlainText } from '../../domain/plain-text';
import { operatorOfToken } from '../authentication';
import { RefusalWindows } from '../refusal-windows';
import { FailedLogins } from './failed-logins';
import { CONTENT_SECURITY_POLICY, page, type Notice } from './pages';
import { payloadsInJson, PayloadsSchema } from './payloads';
import { Sessions, type Session } from './session';

/** What happens here that is audited. */
export type CodecEvent = { readonly address: string } & (
  | {
      readonly kind: 'payload-read';
      /** Name of the operator. */
      readonly operator: string;
      readonly via: 'http' | 'web-ui';
      readonly namespace: string;
      /** Workflows whose payloads were shown. Empty: the payloads name none. */
      readonly workflowIds: readonly string[];
    }
  | (Refused & { readonly kind: 'sign-in-failure' })
  | (Refused & { readonly kind: 'access-refused'; readonly operator: string })
);

interface Refused {
  /** Refusals of this caller that were only counted since the last event about it. */
  readonly notWrittenBefore: number;
}

export interface CodecServerDependencies {
  readonly config: Config;
  readonly codec: EncryptionCodec;
  readonly logger: Logger;
  /** Pages that may ask; asked anew each time, as the embedded Web UI gets its port late. */
  readonly origins: () => readonly string[];
  /** Writes to the audit. Nothing is shown when it fails. */
  readonly record: (event: CodecEvent) => Promise<void>;
  readonly now?: () => number;
}

/** A payload has at most 256 KiB (payload-codec.ts), and the Web UI asks for those of one event, or of a few. */
const BODY_LIMIT = 8 * 1024 * 1024;
const FORM_LIMIT = 4 * 1024;
/** How long a browser may remember the answer to a preflight, in seconds. */
const PREFLIGHT_SECONDS = 600;
const REQUEST_TIMEOUT_MS = 30_000;

const STATUS: Partial<Record<ErrorCode, number>> = { DUCTUS_CODEC_KEY_MISSING: 400, DUCTUS_PAYLOAD_TOO_LARGE: 413 };
const TokenFormSchema = z.object({ token: z.string().trim().min(1) });

/** Builds the server; `listen` is the caller's. */
export async function createCodecServer(deps: CodecServerDependencies): Promise<FastifyInstance> {
  const { codec: settings } = deps.config;
  if (settings === undefined) throw new DuctusError('DUCTUS_CONFIG_INVALID', 'codec is missing in the configuration.');
  const loggerInstance: FastifyBaseLogger = deps.logger;
  const options = {
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true as const,
  };
  const { tls } = settings;
  const app: FastifyInstance =
    tls === undefined
      ? fastify(options)
      : fastify({ ...options, https: { cert: tls.cert.reveal(), key: tls.key.reveal() } });
  new CodecRoutes(deps, settings).register(app);
  await app.ready();
  return app;
}

type Settings = NonNullable<Config['codec']>;
interface Reader {
  readonly operator: string;
  readonly via: 'http' | 'web-ui';
}

class CodecRoutes {
  readonly #sessions: Sessions;
  readonly #failed: FailedLogins;
  readonly #refusals: RefusalWindows;
  readonly #readers = new WeakMap<FastifyRequest, Reader>();
  /** Browsers send a `Secure` cookie over TLS only; `__Host-` keeps other hosts of the domain from setting it. */
  readonly #secure: boolean;
  readonly #cookie: string;

  constructor(
    private readonly deps: CodecServerDependencies,
    private readonly settings: Settings,
  ) {
    this.#sessions = new Sessions(deps.config, settings.sessionMinutes, deps.now);
    this.#failed = new FailedLogins(deps.now);
    this.#refusals = new RefusalWindows(deps.now);
    this.#secure = settings.tls !== undefined || settings.publicUrl?.startsWith('https:') === true;
    this.#cookie = this.#secure ? '__Host-ductus-codec' : 'ductus-codec';
  }

  register(app: FastifyInstance): void {
    app.addHook('onRequest', async (request, reply) => {
      reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', vary: 'origin, cookie' });
      const { origin } = request.headers;
      if (origin === undefined || origin === this.#ownOrigin(request)) return;
      if (!this.deps.origins().includes(origin)) throw new DuctusError('DUCTUS_FORBIDDEN', NOT_FOR_THIS_PAGE);
      reply.headers({ 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' });
      if (request.method !== 'OPTIONS') return;
      reply.headers({
        'access-control-allow-headers': 'authorization, authorization-extras, content-type, x-namespace',
        'access-control-allow-methods': 'POST',
        'access-control-max-age': String(PREFLIGHT_SECONDS),
      });
      return reply.code(204).send();
    });
    app.setErrorHandler(async (error: Error & { readonly statusCode?: number }, request, reply) => {
      const known = error instanceof DuctusError ? error : fromFramework(error);
      const row = ERRORS[known.code];
      const status = STATUS[known.code] ?? ('http' in row ? row.http : 500);
      this.deps.logger[status >= 500 ? 'error' : 'info'](
        { code: known.code, route: request.routeOptions.url ?? 'none', ...(status >= 500 ? { err: error } : {}) },
        'request to the codec server refused',
      );
      await reply.code(status).type('application/json').send({ code: known.code, message: known.message });
    });
    app.setNotFoundHandler(async (_request, reply) => reply.code(404).send({ code: 'DUCTUS_NOT_FOUND' }));
    app.removeContentTypeParser('text/plain');
    app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
      done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    );
    app.get('/health/live', () => ({ status: 'ok' }));
    // Before the body is read: megabytes of JSON are no work that anybody may make.
    const forReaders = {
      onRequest: async (request: FastifyRequest) => void this.#readers.set(request, await this.#reader(request)),
    };
    app.post('/decode', forReaders, async (request) => this.#decode(request));
    app.post('/encode', forReaders, async (request) => {
      return payloadsInJson(await this.deps.codec.encode(parsePayloads(request.body)));
    });
    this.#pages(app);
  }

  async #decode(request: FastifyRequest): Promise<object> {
    const reader = this.#readers.get(request);
    if (reader === undefined) throw new DuctusError('DUCTUS_UNAUTHENTICATED');
    const namespace = this.#namespace(request);
    const given = parsePayloads(request.body);
    const payloads = await this.deps.codec.decode(given);
    const workflowIds = [...new Set(payloads.flatMap((payload, index) => workflowIdOf(payload, given[index]) ?? []))];
    if (payloads.length > 0)
      await this.deps.record({ kind: 'payload-read', ...reader, namespace, workflowIds, address: request.ip });
    return payloadsInJson(payloads);
  }

  #pages(app: FastifyInstance): void {
    app.addHook('onSend', async (_request, reply) => {
      if (String(reply.getHeader('content-type')).startsWith('text/html'))
        // `no-referrer` would take the Origin from the form's POST.
        reply.headers({ 'content-security-policy': CONTENT_SECURITY_POLICY, 'referrer-policy': 'same-origin' });
    });
    const show = (session: Session | undefined, notice?: Notice): string => page(session, this.deps.origins(), notice);
    app.get('/', async (request, reply) =>
      reply.type('text/html; charset=utf-8').send(show(this.#sessions.find(this.#cookieOf(request)))),
    );
    app.post('/login', { bodyLimit: FORM_LIMIT }, async (request, reply) => {
      this.#fromOwnPage(request);
      const form = TokenFormSchema.safeParse(request.body);
      const wait = this.#failed.mustWait(request.ip);
      const operator = wait || !form.success ? undefined : operatorOfToken(this.deps.config, form.data.token);
      if (operator?.rights.includes('decode') !== true) {
        await this.#refused(request, operator?.name);
        const notice = wait ? 'wait' : operator === undefined ? 'refused' : 'no-right';
        this.deps.logger.warn({ notice, operator: operator?.name }, 'login to the codec server refused');
        const status = wait ? 429 : operator === undefined ? 401 : 403;
        return reply.code(status).type('text/html; charset=utf-8').send(show(undefined, notice));
      }
      const session = this.#sessions.open(operator);
      this.deps.logger.info({ operator: operator.name }, 'login to the codec server');
      return reply
        .header('set-cookie', this.#setCookie(session.value, this.settings.sessionMinutes))
        .redirect('/', 303);
    });
    app.post('/logout', { bodyLimit: FORM_LIMIT }, async (request, reply) => {
      this.#fromOwnPage(request);
      return reply.header('set-cookie', this.#setCookie('', 0)).redirect('/', 303);
    });
  }

  /**
   * Who asks: a Bearer token, or a session of the login page. A session counts only with the origin of a Web UI: the
   * browser adds the cookie by itself, whoever makes it ask.
   */
  async #reader(request: FastifyRequest): Promise<Reader> {
    const { authorization, origin } = request.headers;
    if (authorization !== undefined) {
      // A session is signed and cannot be guessed: who has one goes on, whoever else comes from the same address.
      if (this.#failed.mustWait(request.ip))
        throw new DuctusError('DUCTUS_FORBIDDEN', 'Too many tries. Wait a minute.');
      const operator = operatorOfToken(this.deps.config, /^Bearer (\S+)$/i.exec(authorization)?.[1]);
      if (operator?.rights.includes('decode') !== true) await this.#refused(request, operator?.name);
      if (operator === undefined)
        throw new DuctusError('DUCTUS_UNAUTHENTICATED', 'This is not a token of an operator.');
      if (!operator.rights.includes('decode'))
        throw new DuctusError('DUCTUS_FORBIDDEN', 'This needs the right "decode".');
      return { operator: operator.name, via: 'http' };
    }
    const session = origin === undefined ? undefined : this.#sessions.find(this.#cookieOf(request));
    if (session === undefined)
      throw new DuctusError('DUCTUS_UNAUTHENTICATED', 'Sign in at the codec server, or send an operator’s token.');
    return { operator: session.operator, via: 'web-ui' };
  }

  /** Counts and records a wrong token, or a right one without the right. That it can't be recorded changes nothing. */
  async #refused(request: FastifyRequest, operator: string | undefined): Promise<void> {
    const address = request.ip;
    if (operator === undefined) this.#failed.add(address);
    const notWrittenBefore = this.#refusals.count(`${operator ?? 'unknown'} ${address}`);
    if (notWrittenBefore === undefined) return;
    try {
      await this.deps.record(
        operator === undefined
          ? { kind: 'sign-in-failure', address, notWrittenBefore }
          : { kind: 'access-refused', operator, address, notWrittenBefore },
      );
    } catch (error) {
      this.deps.logger.error({ err: error }, 'a refusal could not be recorded');
    }
  }

  /** One key ring serves one namespace; the Web UI says which one it shows. */
  #namespace(request: FastifyRequest): string {
    const { namespace } = this.deps.config.temporal;
    const asked = request.headers['x-namespace'];
    if (asked === undefined || asked === namespace) return namespace;
    throw new DuctusError('DUCTUS_FORBIDDEN', `This codec server is for the namespace ${namespace}.`);
  }

  #ownOrigin(request: FastifyRequest): string {
    const { publicUrl, tls } = this.settings;
    if (publicUrl !== undefined) return new URL(publicUrl).origin;
    return `${tls === undefined ? 'http' : 'https'}://${request.headers.host ?? ''}`;
  }

  /** Another page must not sign anybody in or out. */
  #fromOwnPage(request: FastifyRequest): void {
    if (request.headers.origin !== this.#ownOrigin(request))
      throw new DuctusError('DUCTUS_FORBIDDEN', NOT_FOR_THIS_PAGE);
  }

  #cookieOf(request: FastifyRequest): string | undefined {
    for (const pair of (request.headers.cookie ?? '').split(';')) {
      const [name, value] = pair.trim().split('=', 2);
      if (name === this.#cookie) return value;
    }
    return undefined;
  }

  #setCookie(value: string, minutes: number): string {
    const secure = this.#secure ? '; Secure' : '';
    return `${this.#cookie}=${value}; Path=/; Max-Age=${String(minutes * 60)}; HttpOnly; SameSite=Strict${secure}`;
  }
}

const NOT_FOR_THIS_PAGE = 'This page is not one of codec.origins.';

/** Temporal's own limit for ids is 1,000 bytes. */
const LONGEST_ID = 1000;

/** What a payload says of itself counts where it was encrypted: in clear, anybody may write anything. */
function workflowIdOf(decoded: Payload, given: Payload | undefined): string | undefined {
  const id = given === undefined || keyIdOf(given) === undefined ? undefined : workflowOf(decoded);
  return id !== undefined && id.length <= LONGEST_ID && isPlainText(id) ? id : undefined;
}

function parsePayloads(body: unknown): z.infer<typeof PayloadsSchema>['payloads'] {
  const parsed = PayloadsSchema.safeParse(body);
  if (!parsed.success) throw new DuctusError('DUCTUS_REQUEST_INVALID', 'The body is not a list of payloads.');
  return parsed.data.payloads;
}

/** Fastify's own errors have a status; their messages may quote the request. */
function fromFramework(error: Error & { readonly statusCode?: number }): DuctusError {
  if (error.statusCode === 413)
    return new DuctusError('DUCTUS_BODY_TOO_LARGE', `The body is larger than ${String(BODY_LIMIT)} bytes.`);
  if (error.statusCode === 415) return new DuctusError('DUCTUS_MEDIA_TYPE_UNSUPPORTED');
  if (error.statusCode !== undefined && error.statusCode < 500) return new DuctusError('DUCTUS_REQUEST_INVALID');
  return new DuctusError('DUCTUS_INTERNAL', undefined, { cause: error });
}

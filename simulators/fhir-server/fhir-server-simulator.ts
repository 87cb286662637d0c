/**
 * Plays an EMR's FHIR R4 server: transactions at the base address, read, and search by identifier. It keeps a log of the
 * transactions that came, and breaks off, refuses or hangs where it is told to.
 */
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { z } from 'zod';
import { ChangeSignal } from '../condition';
import { listen, shut } from '../listening';
import { FaultScript, operationOutcome } from './faults';
import { ResourceStore } from './resources';
import { RefusedError, runTransaction } from './transaction';
import type { FhirFault, ParsedFault } from './faults';
import type { StoredResource } from './resources';

export const FhirServerOptionsSchema = z.strictObject({
  port: z.number().int().min(0).max(65535).default(0),
  /** Path of the base address. */
  base: z.string().default('/fhir'),
  /** What `Authorization` has to be; others get 401. */
  authorization: z.string().optional(),
  /** HTTPS, PEM. With `clientCa` a client certificate is asked for. */
  tls: z.strictObject({ cert: z.string(), key: z.string(), clientCa: z.string().optional() }).optional(),
});
export type FhirServerOptions = z.input<typeof FhirServerOptionsSchema>;

/** One transaction that came. */
export interface TransactionRecord {
  readonly seq: number;
  readonly atMs: number;
  /** Header `X-Request-Id`. */
  readonly requestId: string;
  /** Whether the server has it. */
  readonly stored: boolean;
  /** Status that was answered; undefined: none was. */
  readonly status: number | undefined;
  readonly bytes: Buffer;
}

const FHIR_JSON = 'application/fhir+json';

/** The simulator. Listens on 127.0.0.1 only; `await using` stops it. */
export class FhirServerSimulator implements AsyncDisposable {
  readonly #options: z.output<typeof FhirServerOptionsSchema>;
  readonly #store = new ResourceStore();
  readonly #faults = new FaultScript();
  readonly #changes = new ChangeSignal(10);
  readonly #server: Server;
  readonly #records: TransactionRecord[] = [];
  readonly #held: (() => void)[] = [];
  #port = 0;

  constructor(options: FhirServerOptions = {}) {
    this.#options = FhirServerOptionsSchema.parse(options);
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch(() => {
        response.destroy();
      });
    };
    const { tls } = this.#options;
    this.#server =
      tls === undefined
        ? createHttpServer(serve)
        : createHttpsServer(
            {
              cert: tls.cert,
              key: tls.key,
              ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true }),
            },
            serve,
          );
    this.#server.on('tlsClientError', () => undefined);
  }

  async start(): Promise<void> {
    this.#port = await listen(this.#server, this.#options.port);
  }

  async stop(): Promise<void> {
    await shut(this.#server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get port(): number {
    return this.#port;
  }

  /** The base address. */
  get url(): string {
    const { tls, base } = this.#options;
    return tls === undefined ? `http://127.0.0.1:${this.#port}${base}` : `https://localhost:${this.#port}${base}`;
  }

  /** Orders a fault for the next transactions. */
  script(fault: FhirFault): void {
    this.#faults.add(fault);
  }

  /** Answers the transactions that are held. */
  release(): void {
    for (const answer of this.#held.splice(0)) {
      answer();
    }
  }

  /** Every transaction that came, in order. */
  transactions(): readonly TransactionRecord[] {
    return [...this.#records];
  }

  /** What the server has. */
  resources(): StoredResource[] {
    return this.#store.all();
  }

  /** Waits until what came meets a condition. */
  async waitUntil(condition: (records: readonly TransactionRecord[]) => boolean, timeoutMs = 10_000): Promise<void> {
    await this.#changes.until(
      () => condition(this.#records),
      timeoutMs,
      () => `${this.#records.length} transactions`,
    );
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const { base, authorization } = this.#options;
    const pieces: Buffer[] = [];
    for await (const piece of request) {
      if (Buffer.isBuffer(piece)) {
        pieces.push(piece);
      }
    }
    if (url.pathname !== base && !url.pathname.startsWith(`${base}/`)) {
      send(response, 404, undefined);
    } else if (authorization !== undefined && request.headers.authorization !== authorization) {
      send(response, 401, operationOutcome('login', 'who are you?'));
    } else if (request.method === 'GET') {
      this.#read(response, url.pathname.slice(base.length + 1), url.searchParams);
    } else if (request.method !== 'POST' || (url.pathname !== base && url.pathname !== `${base}/`)) {
      send(response, 405, operationOutcome('not-supported', 'transactions only'));
    } else if ((request.headers['content-type'] ?? '').split(';', 1)[0] !== FHIR_JSON) {
      send(response, 415, operationOutcome('not-supported', 'JSON only'));
    } else {
      const id = request.headers['x-request-id'];
      await this.#transact(response, Buffer.concat(pieces), typeof id === 'string' ? id : '');
    }
  }

  #read(response: ServerResponse, path: string, query: URLSearchParams): void {
    const [type = '', id] = path.split('/');
    if (path === 'metadata') {
      // https://hl7.org/fhir/R4/http.html#capabilities, as far as a client looks at it.
      send(response, 200, {
        resourceType: 'CapabilityStatement',
        status: 'active',
        kind: 'instance',
        fhirVersion: '4.0.1',
      });
      return;
    }
    if (id !== undefined) {
      const found = this.#store.get(type, id);
      send(response, found === undefined ? 404 : 200, found?.resource ?? operationOutcome('not-found', 'not here'));
      return;
    }
    const token = query.get('identifier');
    const found =
      token === null
        ? this.#store.all().filter((stored) => stored.type === type)
        : this.#store.byIdentifier(type, token);
    const entry = found.map(({ resource }) => ({ resource, search: { mode: 'match' } }));
    send(response, 200, { resourceType: 'Bundle', type: 'searchset', total: entry.length, entry });
  }

  async #transact(response: ServerResponse, bytes: Buffer, requestId: string): Promise<void> {
    const fault = this.#faults.take();
    const record = (stored: boolean, status: number | undefined): void => {
      const seq = this.#records.length + 1;
      this.#records.push({ seq, atMs: Date.now(), requestId, stored, status, bytes });
      this.#changes.changed();
    };
    if (fault?.kind === 'status') {
      record(false, fault.status);
      fail(response, fault);
      return;
    }
    if (fault?.kind === 'drop-before-storing') {
      record(false, undefined);
      response.destroy();
      return;
    }
    let entry: object[];
    try {
      entry = runTransaction(this.#store, parse(bytes), Date.now());
    } catch (error) {
      if (!(error instanceof RefusedError)) {
        throw error;
      }
      record(false, error.status);
      send(response, error.status, error.outcome);
      return;
    }
    const answers = fault === undefined || fault.kind === 'hold' || fault.kind === 'short-answer';
    record(true, answers || fault?.kind === 'garbage' ? 200 : undefined);
    if (fault?.kind === 'hold') {
      await new Promise<void>((resolve) => this.#held.push(resolve));
    }
    const whole = { resourceType: 'Bundle', type: 'transaction-response', entry };
    switch (fault?.kind) {
      case undefined:
      case 'hold':
        send(response, 200, whole);
        return;
      case 'short-answer':
        send(response, 200, { ...whole, entry: entry.slice(0, -1) });
        return;
      case 'garbage':
        send(response, 200, { resourceType: 'Bundle', type: 'searchset' });
        return;
      case 'half-answer':
        response.socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"resourceType":');
        return;
      case 'drop-after-storing':
        response.destroy();
        return;
      case 'hang':
    }
  }
}

function send(response: ServerResponse, status: number, body: object | undefined): void {
  response.writeHead(status, { 'content-type': `${FHIR_JSON};charset=utf-8` });
  response.end(body === undefined ? '' : JSON.stringify(body));
}

function fail(response: ServerResponse, { status, retryAfter, location, outcome }: ParsedFault): void {
  if (retryAfter !== undefined) {
    response.setHeader('retry-after', retryAfter);
  }
  if (location !== undefined) {
    response.setHeader('location', location);
  }
  send(
    response,
    status,
    outcome === undefined
      ? undefined
      : operationOutcome(outcome.code, outcome.diagnostics ?? 'ordered', outcome.expression),
  );
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new RefusedError(400, 'structure', 'this is no JSON', 'Bundle');
  }
}

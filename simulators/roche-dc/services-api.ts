/**
 * Roche's services API as far as data sharing needs it: temporary token and notification ACK, behind mutual TLS
 * (SPECS §1.1, §1.4). Refusals come in the platform's two shapes: gateway JSON and FHIR OperationOutcome (§1.2).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { listen, shut } from '../listening';
import { header, operationOutcome, passGateway, send } from './gateway';
import type { RocheFault, RocheOrganization } from './options';
import type { AckVerdict } from './notifications';
import type { TemporaryCredentials } from './temporary-credentials';

/** Base path of the services API, as on the real platform. */
export const SERVICES_PATH = '/partners/services/api/';

/** An ACK and a token request have no body; more than this is not even read. */
const BODY_LIMIT = 4096;

export interface ServicesApiOptions {
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string };
  readonly port: number;
  readonly tokenTimeoutMs: number;
  readonly organizations: ReadonlyMap<string, RocheOrganization>;
  readonly issueToken: (organization: RocheOrganization) => {
    readonly credentials: TemporaryCredentials;
    readonly resources: readonly string[];
  };
  readonly acknowledge: (
    organization: RocheOrganization,
    receiptHandle: string,
    operationId: string | undefined,
    originRequestId: string,
  ) => AckVerdict;
  readonly tokenFault: (organization: RocheOrganization) => RocheFault | undefined;
  readonly ackFault: (receiptHandle: string) => RocheFault | undefined;
  /** Told when a token request was refused. */
  readonly onTokenRefused: () => void;
}

/** The server. It listens on 127.0.0.1 only. */
export class ServicesApi {
  readonly #options: ServicesApiOptions;
  readonly #server: Server;
  readonly #held = new Map<NodeJS.Timeout, ServerResponse>();
  #port = 0;

  constructor(options: ServicesApiOptions) {
    this.#options = options;
    const { cert, key, ca } = options.tls;
    // A missing certificate is refused by the gateway with a JSON answer, not by the handshake.
    const tls = { cert, key, ca, requestCert: true, rejectUnauthorized: false };
    this.#server = createServer(tls, (request, response) => {
      this.#handle(request, response).catch(() => {
        response.destroy();
      });
    });
  }

  async start(): Promise<void> {
    this.#port = await listen(this.#server, this.#options.port);
  }

  async stop(): Promise<void> {
    for (const [timer, response] of this.#held) {
      clearTimeout(timer);
      response.destroy();
    }
    await shut(this.#server);
  }

  /** Base of the API, for the configuration: `https://localhost:<port>/partners/services/api/`. */
  get url(): string {
    return `https://localhost:${this.#port}${SERVICES_PATH}`;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0];
    const isToken = path === `${SERVICES_PATH}v1/token`;
    if (!isToken && path !== `${SERVICES_PATH}v1/notification/ack`) {
      send(response, 404, operationOutcome('not-found', 'The resource was not found.'));
      return;
    }
    const bodyBytes = await countBody(request);
    const passed = this.#check(request, bodyBytes);
    if ('refusal' in passed) {
      if (isToken) {
        this.#options.onTokenRefused();
      }
      send(response, passed.refusal.status, passed.refusal.body);
      return;
    }
    if (isToken) {
      this.#token(passed.organization, response);
    } else {
      this.#acknowledge(passed.organization, request, response);
    }
  }

  /** What the gateway and the API check before anything else. */
  #check(request: IncomingMessage, bodyBytes: number): ReturnType<typeof passGateway> {
    const passed = passGateway(request, this.#options.organizations);
    if ('refusal' in passed) {
      return passed;
    }
    if (request.method !== 'POST') {
      return { refusal: { status: 405, body: operationOutcome('not-supported', 'The method is not allowed.') } };
    }
    if (bodyBytes > 0) {
      return { refusal: { status: 400, body: operationOutcome('structure', 'The body has to be empty.') } };
    }
    return passed;
  }

  #token(organization: RocheOrganization, response: ServerResponse): void {
    switch (this.#options.tokenFault(organization)) {
      case 'token-500':
        response.writeHead(500).end();
        return;
      case 'token-401':
        send(response, 401, { error: 'Invalid Client' });
        return;
      case 'token-timeout':
        this.#hold(response);
        return;
      default: {
        const { credentials, resources } = this.#options.issueToken(organization);
        send(response, 200, {
          awsCredentials: {
            AccessKeyId: credentials.accessKeyId,
            SecretAccessKey: credentials.secretAccessKey,
            SessionToken: credentials.sessionToken,
            Expiration: new Date(credentials.expiresAtMs).toISOString(),
          },
          awsResources: resources,
        });
      }
    }
  }

  #acknowledge(organization: RocheOrganization, request: IncomingMessage, response: ServerResponse): void {
    const receiptHandle = header(request, 'receipthandle') ?? '';
    const fault = this.#options.ackFault(receiptHandle);
    if (fault === 'ack-500') {
      response.writeHead(500).end();
      return;
    }
    const originRequestId = header(request, 'x-origin-request-id') ?? '';
    const operationId = header(request, 'x-operation-id');
    const verdict = this.#options.acknowledge(organization, receiptHandle, operationId, originRequestId);
    if (fault === 'ack-lost') {
      response.destroy();
      return;
    }
    switch (verdict) {
      case 'acknowledged':
        response.writeHead(200, { 'Content-Length': 0 }).end();
        return;
      case 'not-a-receipt-handle':
        send(
          response,
          400,
          operationOutcome('invalid', `The input receipt handle "${receiptHandle}" is not a valid receipt handle.`),
        );
        return;
      case 'foreign-operation-id':
        send(
          response,
          400,
          operationOutcome('invalid', 'The header x-operation-id does not belong to the receipt handle.'),
        );
    }
  }

  #hold(response: ServerResponse): void {
    const timer = setTimeout(() => {
      this.#held.delete(timer);
      response.destroy();
    }, this.#options.tokenTimeoutMs);
    this.#held.set(timer, response);
    response.on('close', () => {
      clearTimeout(timer);
      this.#held.delete(timer);
    });
  }
}

async function countBody(request: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of request) {
    bytes += Buffer.isBuffer(chunk) ? chunk.length : 0;
    if (bytes > BODY_LIMIT) {
      break;
    }
  }
  return bytes;
}

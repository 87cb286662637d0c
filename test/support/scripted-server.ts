/** A real HTTPS (or HTTP) server on a free port whose answers the test scripts. Gone after the test by `await using`. */
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ServerOptions } from 'node:https';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: http.IncomingHttpHeaders;
  /** As they came, name and value in turn. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export type Script = (request: SeenRequest, response: http.ServerResponse, count: number) => void | Promise<void>;

export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  readonly requests: SeenRequest[];
  /** What the server does from now on. */
  script: Script;
}

/**
 * @param script gets each request, and how many came before it
 * @param tls options of the HTTPS server; undefined: plain HTTP
 */
export async function startScriptedServer(script: Script, tls: ServerOptions | undefined): Promise<ScriptedServer> {
  const requests: SeenRequest[] = [];
  const scripted = { script };
  const listener = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const pieces: Buffer[] = [];
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const seen: SeenRequest = {
        method: request.method ?? '',
        path: request.url ?? '',
        host: request.headers.host ?? '',
        headers: request.headers,
        rawHeaders: request.rawHeaders,
        body: Buffer.concat(pieces),
      };
      requests.push(seen);
      void scripted.script(seen, response, requests.length - 1);
    });
  };
  const server = tls === undefined ? http.createServer(listener) : https.createServer(tls, listener);
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(scripted, {
    port: portOf(server.address()),
    requests,
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  });
}

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

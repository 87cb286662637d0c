/** A receiver of Roche's notifications whose answers are set by the test. */
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import { z } from 'zod';
import { ChangeSignal } from '../../simulators/condition';
import { listen, shut } from '../../simulators/listening';
import type { Certificates } from '../../simulators/certificates';

const BodySchema = z.strictObject({
  EmrOid: z.string(),
  MessageId: z.string(),
  MessageType: z.string(),
  MessageCreatedAt: z.string(),
  MessageReference: z.record(z.string(), z.string()),
  MessageReceiptHandle: z.string(),
});

export interface ReceivedNotification {
  readonly headers: IncomingMessage['headers'];
  readonly body: z.infer<typeof BodySchema>;
  /** Common name of the client certificate, if one was presented and trusted. */
  readonly clientName: string | undefined;
}

/** What to do with a notification: a status, or closing the connection. */
export type CallbackAnswer = number | 'hang-up';

type Answering = (notification: ReceivedNotification, index: number) => CallbackAnswer;

export class CallbackServer implements AsyncDisposable {
  readonly received: ReceivedNotification[] = [];
  readonly #server: Server;
  readonly #answer: Answering;
  readonly #changes = new ChangeSignal();
  readonly #scheme: string;
  #port = 0;

  private constructor(answer: Answering, certificates: Certificates | undefined) {
    this.#answer = answer;
    this.#scheme = certificates === undefined ? 'http' : 'https';
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      this.#handle(request, response).catch(() => {
        response.destroy();
      });
    };
    this.#server =
      certificates === undefined
        ? createHttpServer(handle)
        : createHttpsServer({ ...certificates.server, ca: certificates.ca.cert, requestCert: true }, handle);
  }

  /** Starts a receiver; with certificates over TLS and for callers with a client certificate only. */
  static async start(answer: Answering = () => 202, certificates?: Certificates, port = 0): Promise<CallbackServer> {
    const server = new CallbackServer(answer, certificates);
    server.#port = await listen(server.#server, port);
    return server;
  }

  get url(): string {
    return `${this.#scheme}://localhost:${this.#port}/roche/notifications`;
  }

  get port(): number {
    return this.#port;
  }

  /** Waits until this many notifications came. */
  async waitFor(count: number): Promise<void> {
    await this.#changes.until(
      () => this.received.length >= count,
      10_000,
      () => `${this.received.length} of ${count} notifications came`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await shut(this.#server);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) {
      text += String(chunk);
    }
    const { socket } = request;
    const notification = {
      headers: request.headers,
      body: BodySchema.parse(JSON.parse(text)),
      clientName:
        socket instanceof TLSSocket && socket.authorized ? String(socket.getPeerCertificate().subject.CN) : undefined,
    };
    this.received.push(notification);
    const answer = this.#answer(notification, this.received.length - 1);
    if (answer === 'hang-up') {
      response.destroy();
    } else {
      response.writeHead(answer).end();
    }
    this.#changes.changed();
  }
}

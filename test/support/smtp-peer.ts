/** A mail server that takes every message (RFC 5321), for tests of what is sent by e-mail. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

export class SmtpPeer implements AsyncDisposable {
  /** Headers and body as they came. */
  readonly messages: string[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<SmtpPeer> {
    const server = createServer();
    const peer = new SmtpPeer(server);
    server.on('connection', (socket) => peer.#serve(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return peer;
  }

  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the mail server does not listen');
    return `smtp://127.0.0.1:${String(address.port)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let buffered = '';
    let message: string[] | undefined;
    socket.setEncoding('utf8');
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.write('220 test\r\n');
    socket.on('data', (data: string) => {
      buffered += data;
      for (let end = buffered.indexOf('\r\n'); end >= 0; end = buffered.indexOf('\r\n')) {
        const line = buffered.slice(0, end);
        buffered = buffered.slice(end + 2);
        if (message !== undefined) {
          if (line !== '.') message.push(line);
          else {
            this.messages.push(message.join('\n'));
            message = undefined;
            socket.write('250 taken\r\n');
          }
        } else if (line === 'DATA') {
          message = [];
          socket.write('354 go on\r\n');
        } else if (line === 'QUIT') socket.end('221 bye\r\n');
        else socket.write('250 ok\r\n');
      }
    });
  }
}

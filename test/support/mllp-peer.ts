/**
 * A peer for MLLP tests on a real socket: the test says what it does with each connection and message. It frames
 * by itself, so that a mistake in the product's framing is not made twice.
 */
import net from 'node:net';
import tls from 'node:tls';
import { once } from 'node:events';

/** One connection as the peer sees it. */
export interface PeerConnection {
  readonly socket: net.Socket;
  /** Position among the connections, from 0. */
  readonly number: number;
}

export interface PeerScript {
  /** Called for each message; answers by writing to the socket. */
  readonly message?: (text: string, connection: PeerConnection) => void;
  /** Called when a connection is made. */
  readonly connect?: (connection: PeerConnection) => void;
  readonly tls?: tls.TlsOptions;
}

export class MllpPeer implements AsyncDisposable {
  readonly messages: string[] = [];
  readonly connections: PeerConnection[] = [];
  readonly #sockets = new Set<net.Socket>();
  readonly #server: net.Server;

  private constructor(script: PeerScript) {
    const accept = (socket: net.Socket): void => this.#accept(socket, script);
    this.#server = script.tls === undefined ? net.createServer(accept) : tls.createServer(script.tls, accept);
    this.#server.on('connection', (socket: net.Socket) => this.#track(socket));
  }

  static async start(script: PeerScript = {}): Promise<MllpPeer> {
    const peer = new MllpPeer(script);
    peer.#server.listen(0, '127.0.0.1');
    await once(peer.#server, 'listening');
    return peer;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the peer does not listen');
    return address.port;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #track(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #accept(socket: net.Socket, script: PeerScript): void {
    const connection = { socket, number: this.connections.length };
    this.connections.push(connection);
    socket.on('error', () => undefined);
    script.connect?.(connection);
    let pending = '';
    socket.on('data', (chunk: Buffer) => {
      pending += chunk.toString('latin1');
      for (let end = pending.indexOf('\x1c\r'); end >= 0; end = pending.indexOf('\x1c\r')) {
        const text = pending.slice(pending.indexOf('\x0b') + 1, end);
        pending = pending.slice(end + 2);
        this.messages.push(text);
        script.message?.(text, connection);
      }
    });
  }
}

/** MSH-10 of a message. */
export function controlIdOf(message: string): string {
  return message.split('\r')[0]?.split('|')[9] ?? '';
}

/** An acknowledgment, in its frame. */
export function answer(controlId: string, code = 'AA', more = ''): Buffer {
  const text = `MSH|^~\\&|EMR|HOSPITAL|DUCTUS|ROCHE|20240301090001+0000||ACK^R01^ACK|A1|P|2.5.1\rMSA|${code}|${controlId}\r${more}`;
  return Buffer.from(`\x0b${text}\x1c\r`, 'latin1');
}

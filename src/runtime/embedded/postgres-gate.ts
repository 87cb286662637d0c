/**
 * Many clients on one PGlite. PGlite has one session; `pglite-socket` 0.2.17 lets clients take turns message
 * by message, so that outside a transaction one client's Parse and another's Bind mix (seen here as
 * `portal "" does not exist` with a pool of ten). This gate lets a client in for a whole round, from its first
 * message until the server is ready and idle again: a query, an extended query up to Sync, or a transaction.
 *
 * What it cannot give, since there is one session: named prepared statements, `SET` without LOCAL, temporary
 * tables, LISTEN and session advisory locks are shared by all clients. Ductus uses none of them. A query cannot
 * be cancelled, and a transaction keeps all others waiting.
 */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { PGlite } from '@electric-sql/pglite';
import { FrontendFrames, ReadyWatch, SYNC, fatalError } from './postgres-frames';

export interface PostgresGateOptions {
  readonly database: PGlite;
  /** A client that holds a transaction open and sends nothing for this long is cut off: it would stop everybody. */
  readonly idleInTransactionMs: number;
  /** PGlite itself failed: the process has to be started again. */
  readonly onBroken: (error: unknown) => void;
}

/** Messages after which the server answers: a round is run when one of them has come. 'H' asks for the answer so far. */
const ROUND_ENDS = new Set(['Q', 'S', 'F', 'H', 'c', 'f']);

export function createPostgresGate(options: PostgresGateOptions): Server {
  const turns = new Turns();
  const server = createServer({ noDelay: true }, (socket) => {
    const client = new GateClient(socket, turns, options);
    client.run().catch(options.onBroken);
  });
  return server;
}

/** Lets one holder after the other in, in the order of asking. */
class Turns {
  #last: Promise<void> = Promise.resolve();

  async take(): Promise<() => void> {
    const before = this.#last;
    let leave = (): void => undefined;
    this.#last = new Promise((resolve) => {
      leave = resolve;
    });
    await before;
    return leave;
  }
}

class GateClient {
  readonly #socket: Socket;
  readonly #turns: Turns;
  readonly #options: PostgresGateOptions;
  readonly #frames = new FrontendFrames();
  readonly #watch = new ReadyWatch();
  #round: Buffer[] = [];
  #leave: (() => void) | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, turns: Turns, options: PostgresGateOptions) {
    this.#socket = socket;
    this.#turns = turns;
    this.#options = options;
  }

  /** Serves the client until it goes. Rejects only when PGlite is broken. */
  async run(): Promise<void> {
    try {
      for await (const chunk of this.#socket) {
        const bytes: unknown = chunk;
        clearTimeout(this.#idleTimer);
        if (!Buffer.isBuffer(bytes) || !(await this.#take(bytes))) {
          break;
        }
        this.#watchIdle();
      }
    } catch (error) {
      if (error instanceof BrokenDatabase) {
        this.#socket.end(fatalError('XX000', 'the embedded PostgreSQL failed'));
        throw error.cause;
      }
      // The client went away or speaks something else: its connection ends, nothing more.
    } finally {
      clearTimeout(this.#idleTimer);
      this.#socket.destroy();
      await this.#cleanUp();
    }
  }

  /** @returns false when the connection is over */
  async #take(chunk: Buffer): Promise<boolean> {
    for (const frame of this.#frames.push(chunk)) {
      switch (frame.kind) {
        case 'encryption-request':
          this.#socket.write('N');
          break;
        case 'cancel':
          return false;
        case 'startup':
          this.#round.push(frame.bytes);
          await this.#runRound();
          break;
        case 'message':
          if (frame.type === 'X') {
            return false;
          }
          this.#round.push(frame.bytes);
          if (ROUND_ENDS.has(frame.type)) {
            await this.#runRound();
          }
          break;
      }
    }
    return true;
  }

  async #runRound(): Promise<void> {
    const messages = this.#round;
    this.#round = [];
    this.#leave ??= await this.#turns.take();
    this.#watch.reset();
    for (const message of messages) {
      await this.#send(message, (data) => {
        if (this.#socket.writable) {
          this.#socket.write(Buffer.from(data));
        }
      });
    }
    if (this.#watch.status === 'I') {
      this.#leave();
      this.#leave = undefined;
    }
  }

  async #send(message: Uint8Array, onData: (data: Uint8Array) => void): Promise<void> {
    try {
      await this.#options.database.execProtocolRawStream(message, {
        onRawData: (data) => {
          this.#watch.push(data);
          onData(data);
        },
      });
    } catch (error) {
      throw new BrokenDatabase(error);
    }
  }

  #watchIdle(): void {
    if (this.#leave === undefined) {
      return;
    }
    this.#idleTimer = setTimeout(() => {
      this.#socket.end(fatalError('25P03', 'terminating connection due to idle-in-transaction timeout'), () =>
        this.#socket.destroy(),
      );
    }, this.#options.idleInTransactionMs);
  }

  /** The client is gone: whatever it left open is rolled back before the next one comes in. */
  async #cleanUp(): Promise<void> {
    if (this.#leave === undefined) {
      return;
    }
    const ignore = (): void => undefined;
    await this.#send(SYNC, ignore);
    await this.#options.database.exec('ROLLBACK');
    this.#leave();
    this.#leave = undefined;
  }
}

class BrokenDatabase extends Error {
  constructor(cause: unknown) {
    super('the embedded PostgreSQL failed', { cause });
  }
}

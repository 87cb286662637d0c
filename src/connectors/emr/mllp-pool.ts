/**
 * Connections to one EMR: up to a number of them, each with one message in flight; whoever comes when all are
 * busy waits in line. A connection that nobody used for a while is closed; one that the EMR closed is not used.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MessageControlId } from '../../domain/identifiers';
import type { Acknowledgment } from './acknowledgment';
import { MllpConnection, notSent } from './mllp-connection';
import type { MllpOptions } from './mllp-options';
import { WaitingLine } from './waiting-line';

export { mllpOptions, type MllpOptions } from './mllp-options';

export interface MllpPoolStats {
  /** Messages that are being sent or wait for their acknowledgment, or whose connection is being made. */
  readonly busy: number;
  /** Open connections without a message. */
  readonly idle: number;
  /** Messages that wait for a connection. */
  readonly waiting: number;
}

interface Idle {
  readonly connection: MllpConnection;
  readonly timer: NodeJS.Timeout;
}

export class MllpPool {
  readonly #options: MllpOptions;
  readonly #line: WaitingLine;
  readonly #idle: Idle[] = [];

  constructor(options: MllpOptions) {
    this.#options = options;
    this.#line = new WaitingLine(options.connections, (reason) => notSent(options, reason));
  }

  get stats(): MllpPoolStats {
    this.#dropDead();
    return { busy: this.#line.busy, idle: this.#idle.length, waiting: this.#line.waiting };
  }

  /**
   * Sends a message on a free connection, or on a new one.
   * @param message bytes in the EMR's character set, segments ended by CR, without frame
   * @param controlId MSH-10 of the message; MSA-2 of the answer must be the same
   * @param options.beforeSend runs when a connection is held and before the first byte leaves; when it throws, nothing is sent
   * @param options.signal ends the wait: before the message is sent nothing has happened, after that the outcome is ambiguous
   * @throws DuctusError DUCTUS_EMR_UNREACHABLE (not sent) or DUCTUS_EMR_AMBIGUOUS (no valid answer)
   */
  async send(
    message: Uint8Array,
    controlId: MessageControlId,
    { signal, beforeSend }: { readonly signal?: AbortSignal; readonly beforeSend?: () => Promise<void> } = {},
  ): Promise<Acknowledgment> {
    return this.#line.hold(signal, async () => {
      const connection = (await this.#takeIdle()) ?? (await MllpConnection.open(this.#options, signal));
      try {
        await beforeSend?.();
        return await connection.send(message, controlId, signal);
      } finally {
        this.#putBack(connection);
      }
    });
  }

  /** Takes no more messages, fails those in line (nothing of them was sent), and waits for those on their way. */
  async close(): Promise<void> {
    const drained = this.#line.close();
    for (const { connection, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      connection.close();
    }
    await drained;
  }

  /** The connection that was used last: the others can grow old and be closed. */
  async #takeIdle(): Promise<MllpConnection | undefined> {
    if (this.#idle.length === 0) return undefined;
    // Whether the EMR has closed a connection is known only after the events that have come are handled: the first
    // turn may be the rest of the present one, the second has looked at the sockets.
    await nextTurn();
    await nextTurn();
    this.#dropDead();
    const last = this.#idle.pop();
    if (last === undefined) return undefined;
    clearTimeout(last.timer);
    return last.connection;
  }

  #putBack(connection: MllpConnection): void {
    if (!connection.isUsable || this.#line.isClosed) return connection.close();
    const timer = setTimeout(() => {
      const place = this.#idle.findIndex((idle) => idle.connection === connection);
      if (place !== -1) this.#idle.splice(place, 1);
      connection.close();
    }, this.#options.idleTimeoutMs);
    this.#idle.push({ connection, timer });
  }

  #dropDead(): void {
    for (let place = this.#idle.length - 1; place >= 0; place -= 1) {
      const idle = this.#idle[place];
      if (idle === undefined || idle.connection.isUsable) continue;
      clearTimeout(idle.timer);
      this.#idle.splice(place, 1);
    }
  }
}

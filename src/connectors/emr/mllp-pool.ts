/**
 * Connections to one EMR: up to a number of them, each with one message in flight; whoever comes when all are
 * busy waits in line. A connection that nobody used for a while is closed; one that the EMR closed is not used.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DuctusError } from '../../domain/errors';
import type { MessageControlId } from '../../domain/identifiers';
import type { Acknowledgment } from './acknowledgment';
import { MllpConnection, notSent } from './mllp-connection';
import type { MllpOptions } from './mllp-options';

export { mllpOptions, type MllpOptions } from './mllp-options';

export interface MllpPoolStats {
  /** Messages that are being sent or wait for their acknowledgment, or whose connection is being made. */
  readonly busy: number;
  /** Open connections without a message. */
  readonly idle: number;
  /** Messages that wait for a connection. */
  readonly waiting: number;
}

interface Waiter {
  readonly go: () => void;
  readonly fail: (error: DuctusError) => void;
}

interface Idle {
  readonly connection: MllpConnection;
  readonly timer: NodeJS.Timeout;
}

export class MllpPool {
  readonly #options: MllpOptions;
  readonly #waiters: Waiter[] = [];
  readonly #idle: Idle[] = [];
  #busy = 0;
  #closed = false;
  /** Whoever waits in `close()` for the last message. */
  readonly #drained: (() => void)[] = [];

  constructor(options: MllpOptions) {
    this.#options = options;
  }

  get stats(): MllpPoolStats {
    this.#dropDead();
    return { busy: this.#busy, idle: this.#idle.length, waiting: this.#waiters.length };
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
    await this.#enter(signal);
    try {
      const connection = (await this.#takeIdle()) ?? (await MllpConnection.open(this.#options, signal));
      try {
        await beforeSend?.();
        return await connection.send(message, controlId, signal);
      } finally {
        this.#putBack(connection);
      }
    } finally {
      this.#leave();
    }
  }

  /** Takes no more messages, fails those in line (nothing of them was sent), and waits for those on their way. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiter of this.#waiters.splice(0)) waiter.fail(notSent(this.#options, 'closed'));
    for (const { connection, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      connection.close();
    }
    if (this.#busy === 0) return;
    await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  /** Waits for one of the places, first come first served. */
  async #enter(signal: AbortSignal | undefined): Promise<void> {
    if (this.#closed) throw notSent(this.#options, 'closed');
    if (signal?.aborted === true) throw notSent(this.#options, 'aborted');
    if (this.#busy < this.#options.connections) {
      this.#busy += 1;
      return;
    }
    let abort = (): void => undefined;
    const place = new Promise<void>((resolve, reject) => {
      const waiter: Waiter = { go: resolve, fail: reject };
      this.#waiters.push(waiter);
      abort = () => {
        const position = this.#waiters.indexOf(waiter);
        // Not in line any more: it has a place already, and the steps to come look at the signal themselves.
        if (position === -1) return;
        this.#waiters.splice(position, 1);
        reject(notSent(this.#options, 'aborted'));
      };
    });
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await place;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Gives the place to the first in line, or up. */
  #leave(): void {
    const next = this.#waiters.shift();
    if (next !== undefined) return next.go();
    this.#busy -= 1;
    if (this.#busy === 0) for (const resolve of this.#drained.splice(0)) resolve();
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
    if (!connection.isUsable || this.#closed) return connection.close();
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

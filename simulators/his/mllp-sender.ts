/** One MLLP connection of the HIS: sends a message and waits for its answer, opens again when it was closed. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { component, readHl7, segment } from '../emr/hl7-reading';
import { frame, MllpFramer } from '../emr/mllp-framer';
import { lookupLocalhost } from '../localhost-lookup';
import type { HisTarget } from './options';

/** An answer. */
export interface HisAnswer {
  /** MSA-1. */
  readonly code: string;
  /** MSA-2. */
  readonly controlId: string;
  /** ERR-3.1; before v2.5 in ERR-1.4. */
  readonly errorCode: string | undefined;
}

export interface SenderOptions {
  readonly target: HisTarget;
  readonly answerTimeoutMs: number;
  readonly retryMs: number;
  readonly signal: AbortSignal;
  readonly onConnect: () => void;
}

/** An answer is some hundred bytes. */
const ANSWER_LIMIT = 64 * 1024;

export class MllpSender {
  readonly #options: SenderOptions;
  #socket: Socket | undefined;
  #framer = new MllpFramer(ANSWER_LIMIT);
  #waiting: ((answer: HisAnswer | undefined) => void) | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /**
   * Sends a message.
   * @param cut closes the connection right after it
   * @returns undefined when no answer came: nobody knows whether it arrived
   * @throws the signal's reason when the run is over
   */
  async send(message: Buffer, cut = false): Promise<HisAnswer | undefined> {
    const socket = await this.#connected();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.close();
      }, this.#options.answerTimeoutMs);
      this.#waiting = (answer) => {
        this.#waiting = undefined;
        clearTimeout(timer);
        resolve(answer);
      };
      socket.write(frame(message), () => {
        if (cut) {
          this.close();
        }
      });
    });
  }

  /** Closes the connection; the next message opens a new one. */
  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#waiting?.(undefined);
  }

  async #connected(): Promise<Socket> {
    const { signal, retryMs } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      if (this.#socket !== undefined) {
        return this.#socket;
      }
      const socket = await this.#open();
      if (socket === undefined) {
        await sleep(retryMs, undefined, { signal });
        continue;
      }
      this.#options.onConnect();
      this.#socket = socket;
      this.#framer = new MllpFramer(ANSWER_LIMIT);
      socket.on('data', (chunk: Buffer) => {
        for (const bytes of this.#framer.push(chunk)) {
          this.#waiting?.(readAnswer(bytes));
        }
      });
      socket.on('close', () => {
        if (this.#socket === socket) {
          this.close();
        }
      });
    }
  }

  async #open(): Promise<Socket | undefined> {
    const { host, port, tls } = this.#options.target;
    const socket =
      tls === undefined
        ? connect({ host, port, lookup: lookupLocalhost, noDelay: true })
        : connectTls({
            host,
            port,
            lookup: lookupLocalhost,
            ca: tls.ca,
            ...(tls.cert === undefined ? {} : { cert: tls.cert }),
            ...(tls.key === undefined ? {} : { key: tls.key }),
          });
    const opened = await new Promise<boolean>((resolve) => {
      socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
        resolve(true);
      });
      socket.on('error', () => {
        resolve(false);
      });
      socket.once('close', () => {
        resolve(false);
      });
    });
    if (!opened || socket.destroyed) {
      socket.destroy();
      return undefined;
    }
    return socket;
  }
}

/** A frame that is no answer has no code and no control id. */
function readAnswer(bytes: Buffer): HisAnswer {
  const reading = readHl7(bytes);
  if (reading === undefined) {
    return { code: '', controlId: '', errorCode: undefined };
  }
  const msa = segment(reading, 'MSA');
  const err = segment(reading, 'ERR');
  const old = component(err, 1, 4).split('&', 1)[0] ?? '';
  const errorCode = component(err, 3) === '' ? old : component(err, 3);
  return {
    code: component(msa, 1),
    controlId: component(msa, 2),
    errorCode: errorCode === '' ? undefined : errorCode,
  };
}

/**
 * Plays an EMR that takes HL7 v2 over MLLP: many connections, TLS by option, every frame logged before it is answered,
 * and answers that are wrong, late or missing at seeded rates.
 */
import { randomInt } from 'node:crypto';
import { createServer as createTcpServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { z } from 'zod';
import { ChangeSignal } from '../condition';
import { listen } from '../listening';
import { AnswerChooser, AnswerRatesSchema, isAccepted } from './answers';
import { FileFrameLog, MemoryFrameLog } from './frame-log';
import { framesOf } from './frames';
import { findDefect } from './hl7-check';
import { component, readHl7, segment } from './hl7-reading';
import { KNOWN_MESSAGES } from './message-structures';
import { frame, MllpFramer } from './mllp-framer';
import { writeAcknowledgment } from './acknowledgment';
import { EmrStatsSchema, EmrTally } from './tally';
import type { AnswerPolicy, AnswerRates, EmrAnswer, ScriptedAnswer } from './answers';
import type { EmrFrame } from './frames';
import type { FrameLog, LogRecord } from './frame-log';
import type { Hl7Reading } from './hl7-reading';

export const EmrOptionsSchema = z.strictObject({
  port: z.number().int().min(0).max(65535).default(0),
  /** File of the log; an existing one is gone on with. Default: in memory. */
  log: z.string().optional(),
  /** Seed of the answers; default: a random one. */
  seed: z.number().int().optional(),
  /** Share of the messages that meet each answer; the rest gets AA. */
  rates: AnswerRatesSchema.default({}),
  /** ERR-3 of refusals drawn by the rates: 207 (internal error) is one that may pass. */
  refusalErrorCode: z.string().default('207'),
  /** How long `delay` takes. */
  delayMs: z.number().int().min(0).default(500),
  /** How long `late` takes: longer than the sender waits. */
  lateMs: z.number().int().min(0).default(45_000),
  messageTypes: z.array(z.string()).default([...KNOWN_MESSAGES]),
  maxFrameBytes: z
    .number()
    .int()
    .positive()
    .default(64 * 1024 * 1024),
  /** MLLP over TLS, PEM. With `clientCa` a client certificate is asked for. */
  tls: z.strictObject({ cert: z.string(), key: z.string(), clientCa: z.string().optional() }).optional(),
});
export type EmrOptions = z.input<typeof EmrOptionsSchema>;

export const EmrSimulatorStatsSchema = EmrStatsSchema.extend({
  seed: z.number(),
  /** Of this run only. */
  connections: z.object({
    open: z.number(),
    opened: z.number(),
    mostOpen: z.number(),
    /** Frames that came while an earlier one of the same connection had no answer yet. */
    pipelined: z.number(),
    /** Bytes outside frames. */
    strayBytes: z.number(),
  }),
});
export type EmrSimulatorStats = z.infer<typeof EmrSimulatorStatsSchema>;

interface Connection {
  readonly number: number;
  readonly socket: Socket;
  readonly framer: MllpFramer;
  /** Messages that wait for their turn. */
  readonly waiting: Buffer[];
  busy: boolean;
}

/** The simulator. Listens on 127.0.0.1 only; `await using` stops it. */
export class EmrSimulator implements AsyncDisposable {
  readonly seed: number;
  readonly #options: z.output<typeof EmrOptionsSchema>;
  readonly #chooser: AnswerChooser;
  readonly #log: FrameLog;
  readonly #tally = new EmrTally();
  readonly #changes = new ChangeSignal(10);
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #stopping = new AbortController();
  readonly #counts = { open: 0, opened: 0, mostOpen: 0, pipelined: 0, strayBytes: 0 };
  #port = 0;
  #answers = 0;

  /**
   * @param options see `EmrOptionsSchema`
   * @param policy decides for messages before the rates do
   */
  constructor(options: EmrOptions = {}, policy?: AnswerPolicy) {
    this.#options = EmrOptionsSchema.parse(options);
    this.seed = this.#options.seed ?? randomInt(2 ** 31);
    this.#chooser = new AnswerChooser(this.seed, this.#options.rates, this.#options.refusalErrorCode, policy);
    this.#log = this.#options.log === undefined ? new MemoryFrameLog() : new FileFrameLog(this.#options.log);
    const accept = (socket: Socket): void => {
      this.#accept(socket);
    };
    const { tls } = this.#options;
    this.#server =
      tls === undefined
        ? createTcpServer(accept)
        : createTlsServer(
            {
              cert: tls.cert,
              key: tls.key,
              ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true }),
            },
            accept,
          );
    // Under TLS a socket exists before its handshake is over.
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Reads an existing log and begins to listen. */
  async start(): Promise<void> {
    for (const record of await this.#log.records()) {
      this.#tally.add(record);
    }
    this.#write({ type: 'start', atMs: Date.now(), seed: this.seed });
    this.#port = await listen(this.#server, this.#options.port);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await new Promise<void>((resolve) => {
      if (!this.#server.listening) {
        resolve();
        return;
      }
      this.#server.close(() => {
        resolve();
      });
      for (const socket of this.#sockets) {
        socket.destroy();
      }
    });
    this.#log.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get port(): number {
    return this.#port;
  }

  /** Orders an answer for coming messages; comes before policy and rates, and before the check of the message. */
  script(scripted: ScriptedAnswer): void {
    this.#chooser.script(scripted);
  }

  setRates(rates: AnswerRates): void {
    this.#chooser.setRates(rates);
  }

  /** Every frame in the log, of earlier runs too. */
  async frames(): Promise<EmrFrame[]> {
    return framesOf(await this.#log.records());
  }

  stats(): EmrSimulatorStats {
    return { ...this.#tally.stats(), seed: this.seed, connections: { ...this.#counts } };
  }

  /**
   * Waits until a condition on the statistics holds.
   * @throws Error with the statistics when it does not hold in time
   */
  async waitUntil(condition: (stats: EmrSimulatorStats) => boolean, timeoutMs: number): Promise<EmrSimulatorStats> {
    await this.#changes.until(
      () => condition(this.stats()),
      timeoutMs,
      () => JSON.stringify(this.stats()),
    );
    return this.stats();
  }

  #write(record: LogRecord): void {
    this.#log.append(record);
    this.#tally.add(record);
    this.#changes.changed();
  }

  #accept(socket: Socket): void {
    this.#counts.opened += 1;
    this.#counts.open += 1;
    this.#counts.mostOpen = Math.max(this.#counts.mostOpen, this.#counts.open);
    const connection: Connection = {
      number: this.#counts.opened,
      socket,
      framer: new MllpFramer(this.#options.maxFrameBytes),
      waiting: [],
      busy: false,
    };
    socket.setNoDelay(true);
    socket.on('error', () => {
      socket.destroy();
    });
    socket.on('close', () => {
      this.#counts.open -= 1;
      this.#changes.changed();
    });
    socket.on('data', (chunk: Buffer) => {
      this.#read(connection, chunk);
    });
    this.#changes.changed();
  }

  #read(connection: Connection, chunk: Buffer): void {
    const { framer, waiting, socket } = connection;
    const before = framer.strayBytes;
    let messages: Buffer[] = [];
    try {
      messages = framer.push(chunk);
    } catch {
      socket.destroy();
    }
    this.#counts.strayBytes += framer.strayBytes - before;
    this.#counts.pipelined += connection.busy ? messages.length : Math.max(messages.length - 1, 0);
    waiting.push(...messages);
    if (!connection.busy) {
      this.#serve(connection).catch(() => {
        socket.destroy();
      });
    }
  }

  /** Takes the messages of a connection one after another. */
  async #serve(connection: Connection): Promise<void> {
    connection.busy = true;
    try {
      for (let next = connection.waiting.shift(); next !== undefined; next = connection.waiting.shift()) {
        if (connection.socket.destroyed) {
          return;
        }
        await this.#take(connection, next);
      }
    } finally {
      connection.busy = false;
    }
  }

  async #take(connection: Connection, bytes: Buffer): Promise<void> {
    const reading = readHl7(bytes);
    const header = reading === undefined ? undefined : segment(reading, 'MSH');
    const controlId = header?.[10] ?? '';
    const messageType = `${component(header, 9, 1)}^${component(header, 9, 2)}`;
    const { answer, invalid } = this.#decide(reading, {
      controlId,
      messageType,
      earlier: this.#tally.timesSeen(controlId),
    });
    const common = {
      seq: this.#tally.lastSeq + 1,
      atMs: Date.now(),
      connection: connection.number,
      controlId,
      answer,
    };
    if (answer.kind === 'drop-before-storing') {
      this.#write({ type: 'dropped', ...common });
      connection.socket.destroy();
      return;
    }
    const accepted = isAccepted(answer.kind);
    const repeat = accepted && this.#tally.hasAccepted(controlId);
    this.#write({ type: 'frame', ...common, accepted, repeat, invalid, bytes });
    const reply = await this.#reply(connection, reading, answer, controlId);
    if (reply !== undefined) {
      await this.#send(connection, reply, common.seq);
    }
  }

  #decide(
    reading: Hl7Reading | undefined,
    message: { controlId: string; messageType: string; earlier: number },
  ): { answer: EmrAnswer; invalid: boolean } {
    const scripted = this.#chooser.takeScripted(message);
    if (scripted !== undefined) {
      return { answer: scripted, invalid: false };
    }
    const defect =
      reading === undefined
        ? ({ answer: 'AR', location: 'MSH^1', code: '100', text: 'the message does not begin with MSH' } as const)
        : findDefect(reading, this.#options.messageTypes);
    if (defect === undefined) {
      return { answer: this.#chooser.choose(message), invalid: false };
    }
    const { answer: kind, code, location, text } = defect;
    return { answer: { kind, errorCode: code, errorLocation: location, errorText: text }, invalid: true };
  }

  /** The bytes to answer with, after the wait that goes with the answer; undefined: none. */
  async #reply(
    connection: Connection,
    reading: Hl7Reading | undefined,
    answer: EmrAnswer,
    controlId: string,
  ): Promise<Buffer | undefined> {
    this.#answers += 1;
    const ownId = `EMR${this.#tally.starts}N${this.#answers}`.slice(0, 20);
    const acknowledge = (code: 'AA' | 'AE' | 'AR' | 'CA' | 'CE', id = controlId): Buffer =>
      frame(writeAcknowledgment(reading, code, answer, id, ownId));
    switch (answer.kind) {
      case 'AA':
      case 'AE':
      case 'AR':
      case 'CA':
      case 'CE':
        return acknowledge(answer.kind);
      case 'delay':
        await this.#wait(this.#options.delayMs);
        return acknowledge('AA');
      case 'late':
        await this.#wait(this.#options.lateMs);
        return acknowledge('AA');
      case 'wrong-control-id':
        return acknowledge('AA', 'NOTYOURS');
      case 'garbage':
        return frame(Buffer.from('this is no HL7'));
      case 'drop-after-storing':
        connection.socket.destroy();
        return undefined;
      case 'silence':
      case 'drop-before-storing':
        return undefined;
    }
  }

  async #wait(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  async #send({ socket }: Connection, reply: Buffer, seq: number): Promise<void> {
    const sent = await new Promise<boolean>((resolve) => {
      if (socket.destroyed || this.#stopping.signal.aborted) {
        resolve(false);
        return;
      }
      socket.write(reply, (error) => {
        resolve(error === undefined || error === null);
      });
    });
    if (sent && !this.#stopping.signal.aborted) {
      this.#write({ type: 'answer', seq, atMs: Date.now() });
    }
  }
}

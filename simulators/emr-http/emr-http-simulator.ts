/**
 * Plays an EMR that takes messages by HTTP POST: HL7 v2 answered by an acknowledgment, or JSON answered by a status. It
 * checks, logs and counts as the EMR behind MLLP does, so that what was lost or came twice is found in the same way.
 */
import { randomInt, timingSafeEqual } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ChangeSignal } from '../condition';
import { writeAcknowledgment } from '../emr/acknowledgment';
import { AnswerChooser, isAccepted } from '../emr/answers';
import { EmrOptionsSchema } from '../emr/emr-simulator';
import { FileFrameLog, MemoryFrameLog } from '../emr/frame-log';
import { framesOf } from '../emr/frames';
import { EmrStatsSchema, EmrTally } from '../emr/tally';
import { listen, shut } from '../listening';
import { answerOfStatus, statusOfJson, StatusScript } from './answers';
import { defectOf, readMessage } from './reading';
import type { AnswerPolicy, AnswerRates, EmrAnswer, ScriptedAnswer } from '../emr/answers';
import type { EmrFrame } from '../emr/frames';
import type { FrameLog, LogRecord } from '../emr/frame-log';
import type { ScriptedStatus, StatusAnswer } from './answers';
import type { Message } from './reading';

export const EmrHttpOptionsSchema = EmrOptionsSchema.omit({ maxFrameBytes: true }).extend({
  format: z.enum(['hl7', 'json']).default('hl7'),
  /** Where messages are taken; anything else is 404. */
  path: z.string().default('/messages'),
  /** What `Authorization` has to be; others get 401. */
  authorization: z.string().optional(),
  /** Whether a message that the EMR has already is refused: ERR-3 205, or 409. */
  refuseRepeats: z.boolean().default(false),
  maxBodyBytes: z
    .number()
    .int()
    .positive()
    .default(64 * 1024 * 1024),
});
export type EmrHttpOptions = z.input<typeof EmrHttpOptionsSchema>;

export const EmrHttpStatsSchema = EmrStatsSchema.extend({
  seed: z.number(),
  /** Of this run only. */
  requests: z.object({ all: z.number(), open: z.number(), mostOpen: z.number(), unauthorized: z.number() }),
});
export type EmrHttpStats = z.infer<typeof EmrHttpStatsSchema>;

type AnswerCode = 'AA' | 'CA' | 'AE' | 'AR' | 'CE';

/** The simulator. Listens on 127.0.0.1 only; `await using` stops it. */
export class EmrHttpSimulator implements AsyncDisposable {
  readonly seed: number;
  readonly #options: z.output<typeof EmrHttpOptionsSchema>;
  readonly #chooser: AnswerChooser;
  readonly #statuses = new StatusScript();
  readonly #log: FrameLog;
  readonly #tally = new EmrTally();
  readonly #changes = new ChangeSignal(10);
  readonly #server: Server;
  readonly #stopping = new AbortController();
  readonly #requests = { all: 0, open: 0, mostOpen: 0, unauthorized: 0 };
  #port = 0;
  #answers = 0;

  /**
   * @param options see `EmrHttpOptionsSchema`
   * @param policy decides for messages before the rates do
   */
  constructor(options: EmrHttpOptions = {}, policy?: AnswerPolicy) {
    this.#options = EmrHttpOptionsSchema.parse(options);
    this.seed = this.#options.seed ?? randomInt(2 ** 31);
    this.#chooser = new AnswerChooser(this.seed, this.#options.rates, this.#options.refusalErrorCode, policy);
    this.#log = this.#options.log === undefined ? new MemoryFrameLog() : new FileFrameLog(this.#options.log);
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch(() => {
        response.destroy();
      });
    };
    const { tls } = this.#options;
    this.#server =
      tls === undefined
        ? createHttpServer(serve)
        : createHttpsServer(
            {
              cert: tls.cert,
              key: tls.key,
              ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true }),
            },
            serve,
          );
    this.#server.on('tlsClientError', () => undefined);
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
    await shut(this.#server);
    this.#log.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get port(): number {
    return this.#port;
  }

  /** Where messages go. */
  get url(): string {
    const { tls, path } = this.#options;
    return tls === undefined ? `http://127.0.0.1:${this.#port}${path}` : `https://localhost:${this.#port}${path}`;
  }

  /** Orders an answer for coming messages; comes before policy and rates, and before the check of the message. */
  script(scripted: ScriptedAnswer): void {
    this.#chooser.script(scripted);
  }

  /** Orders a status for coming messages; comes before all other answers. */
  scriptStatus(scripted: ScriptedStatus): void {
    this.#statuses.add(scripted);
  }

  /** Takes back the statuses that were ordered and not given yet. */
  clearStatuses(): void {
    this.#statuses.clear();
  }

  setRates(rates: AnswerRates): void {
    this.#chooser.setRates(rates);
  }

  /** Every message in the log, of earlier runs too. */
  async frames(): Promise<EmrFrame[]> {
    return framesOf(await this.#log.records());
  }

  stats(): EmrHttpStats {
    return { seed: this.seed, ...this.#tally.stats(), requests: { ...this.#requests } };
  }

  /** Waits until the numbers meet a condition. */
  async waitUntil(condition: (stats: EmrHttpStats) => boolean, timeoutMs = 10_000): Promise<void> {
    await this.#changes.until(
      () => condition(this.stats()),
      timeoutMs,
      () => JSON.stringify(this.stats()),
    );
  }

  #write(record: LogRecord): void {
    this.#log.append(record);
    this.#tally.add(record);
    this.#changes.changed();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#requests.all += 1;
    this.#requests.open += 1;
    this.#requests.mostOpen = Math.max(this.#requests.mostOpen, this.#requests.open);
    response.once('close', () => {
      this.#requests.open -= 1;
      this.#changes.changed();
    });
    this.#changes.changed();
    const refused = this.#door(request);
    if (refused !== undefined) {
      request.resume();
      end(response, refused, '');
      return;
    }
    const bytes = await bodyOf(request, this.#options.maxBodyBytes);
    if (bytes === undefined) {
      end(response, 413, '');
      return;
    }
    const key = request.headers['idempotency-key'];
    await this.#take(response, readMessage(bytes, this.#options.format, typeof key === 'string' ? key : ''));
  }

  /** What is looked at before the body. */
  #door(request: IncomingMessage): number | undefined {
    const { path, authorization, format } = this.#options;
    if (request.url !== path) {
      return 404;
    }
    if (request.method !== 'POST') {
      return 405;
    }
    if (authorization !== undefined && !equal(request.headers.authorization ?? '', authorization)) {
      this.#requests.unauthorized += 1;
      return 401;
    }
    const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim();
    const taken = format === 'json' ? ['application/json'] : ['x-application/hl7-v2+er7', 'application/hl7-v2'];
    return taken.includes(type ?? '') ? undefined : 415;
  }

  async #take(response: ServerResponse, message: Message): Promise<void> {
    const { controlId, bytes } = message;
    const status = this.#statuses.take(controlId);
    const decided = status === undefined ? this.#decide(message) : { answer: answerOfStatus(status), invalid: false };
    const { answer, invalid } = decided;
    const common = {
      seq: this.#tally.lastSeq + 1,
      atMs: Date.now(),
      connection: this.#requests.all,
      controlId,
      answer,
    };
    if (answer.kind === 'drop-before-storing') {
      this.#write({ type: 'dropped', ...common });
      response.destroy();
      return;
    }
    const accepted = isAccepted(answer.kind);
    const repeat = accepted && this.#tally.hasAccepted(controlId);
    this.#write({ type: 'frame', ...common, accepted, repeat, invalid, bytes });
    if (status === undefined) {
      await this.#reply(response, message, answer);
    } else {
      replyStatus(response, status);
    }
    if (response.writableEnded && !this.#stopping.signal.aborted) {
      this.#write({ type: 'answer', seq: common.seq, atMs: Date.now() });
    }
  }

  #decide(message: Message): { answer: EmrAnswer; invalid: boolean } {
    const { controlId, messageType } = message;
    const looked = { controlId, messageType, earlier: this.#tally.timesSeen(controlId) };
    const scripted = this.#chooser.takeScripted(looked);
    if (scripted !== undefined) {
      return { answer: scripted, invalid: false };
    }
    const defect = defectOf(message, this.#options.messageTypes);
    if (defect !== undefined) {
      const { answer: kind, code, location, text } = defect;
      return { answer: { kind, errorCode: code, errorLocation: location, errorText: text }, invalid: true };
    }
    if (this.#options.refuseRepeats && this.#tally.hasAccepted(controlId)) {
      return { answer: { kind: 'AE', errorCode: '205', errorText: 'this message is stored' }, invalid: false };
    }
    return { answer: this.#chooser.choose(looked), invalid: false };
  }

  async #reply(response: ServerResponse, message: Message, answer: EmrAnswer): Promise<void> {
    switch (answer.kind) {
      case 'AA':
      case 'AE':
      case 'AR':
      case 'CA':
      case 'CE':
        this.#acknowledge(response, message, answer.kind, answer);
        return;
      case 'delay':
        await this.#wait(this.#options.delayMs);
        this.#acknowledge(response, message, 'AA', answer);
        return;
      case 'late':
        await this.#wait(this.#options.lateMs);
        this.#acknowledge(response, message, 'AA', answer);
        return;
      case 'wrong-control-id':
        // An answer in JSON names no message: only a broken one says nothing.
        if (message.reading === undefined) {
          garble(response);
        } else {
          this.#acknowledge(response, { ...message, controlId: 'NOTYOURS' }, 'AA', answer);
        }
        return;
      case 'garbage':
        if (this.#options.format === 'json') {
          garble(response);
        } else {
          end(response, 200, 'this is no HL7');
        }
        return;
      case 'drop-after-storing':
        response.destroy();
        return;
      case 'silence':
      case 'drop-before-storing':
    }
  }

  #acknowledge(response: ServerResponse, message: Message, code: AnswerCode, answer: EmrAnswer): void {
    if (response.destroyed || this.#stopping.signal.aborted) {
      return;
    }
    const { controlId, reading } = message;
    if (this.#options.format === 'json') {
      const isRepeat = answer.errorCode === '205';
      response.setHeader('content-type', 'application/json');
      end(response, isRepeat ? 409 : statusOfJson(code), JSON.stringify({ id: controlId, error: answer.errorText }));
      return;
    }
    this.#answers += 1;
    const ownId = `EMR${this.#tally.starts}N${this.#answers}`.slice(0, 20);
    response.setHeader('content-type', 'application/hl7-v2; charset=UTF-8');
    // 200 with a refusal too, as HAPI's server does: the acknowledgment says it.
    end(response, 200, writeAcknowledgment(reading, code, answer, controlId, ownId));
  }

  async #wait(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

function end(response: ServerResponse, status: number, body: string | Buffer): void {
  response.statusCode = status;
  response.end(body);
}

function replyStatus(response: ServerResponse, { status, retryAfter, location, body }: StatusAnswer): void {
  if (retryAfter !== undefined) {
    response.setHeader('retry-after', retryAfter);
  }
  if (location !== undefined) {
    response.setHeader('location', location);
  }
  end(response, status, body);
}

/** Half an answer, then the end of the connection. */
function garble(response: ServerResponse): void {
  response.socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{');
}

async function bodyOf(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request) {
    if (!Buffer.isBuffer(piece)) {
      throw new TypeError('a request without encoding gives buffers');
    }
    length += piece.length;
    if (length > maxBytes) {
      return undefined;
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function equal(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * Plays a HIS: makes patients and their changes, sends them as ADT over MLLP on several connections, repeats what was not
 * answered under the same MSH-10, and keeps what was answered. Everything it does at random comes from its seed.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChangeSignal } from '../condition';
import { draw } from '../random';
import { encode } from './encodings';
import type { HisStats, LedgerEntry } from './ledger';
import { MllpSender } from './mllp-sender';
import type { HisAnswer } from './mllp-sender';
import { HisOptionsSchema } from './options';
import type { HisOptions, HisSettings, HisTarget } from './options';
import { planMessages } from './plan';
import type { PlannedMessage } from './plan';
import { encodingOf, styleOf, writeAdt } from './styles';
import { createLocalTime } from './times';

/** ERR-3 (table 0357) after which the same message may be taken later: locked, internal error. */
const PASSING_ERRORS: ReadonlySet<string | undefined> = new Set(['206', '207']);
const ACCEPTED: ReadonlySet<string> = new Set(['AA', 'CA']);

export class HisSimulator implements AsyncDisposable {
  readonly seed: number;
  readonly plan: readonly PlannedMessage[];
  readonly #settings: HisSettings;
  readonly #localTime: (atMs: number) => string;
  readonly #entries = new Map<number, LedgerEntry>();
  readonly #changes = new ChangeSignal(10);
  readonly #stopping = new AbortController();
  readonly #counts = { frames: 0, resent: 0, repeated: 0, repeatsAccepted: 0, wrongAnswers: 0, connects: 0 };
  #state: HisStats['state'] = 'idle';
  #error: string | undefined;
  #running: Promise<void> | undefined;
  #startedAtMs = 0;

  /** @param options see `HisOptionsSchema` */
  constructor(options: HisOptions) {
    this.#settings = HisOptionsSchema.parse(options);
    this.seed = this.#settings.seed ?? randomInt(2 ** 31);
    this.#localTime = createLocalTime(this.#settings.timeZone);
    const { patients, messages, connections, mergeShare, firstEvents, laterEvents } = this.#settings;
    const startAtMs = this.#settings.startAtMs ?? Date.now() - messages * 1000;
    this.plan = planMessages({
      ...{ seed: this.seed, patients, messages, connections, startAtMs },
      ...{ mergeShare, firstEvents, laterEvents },
    });
  }

  /**
   * Sends all messages.
   * @param target where to; default: as configured
   * @returns when each was answered for good
   * @throws Error without a target, or when it was stopped
   */
  async run(target: HisTarget | undefined = this.#settings.target): Promise<void> {
    if (target === undefined || this.#running !== undefined) {
      throw new Error(target === undefined ? 'no target' : 'it runs already');
    }
    this.#state = 'running';
    this.#startedAtMs = Date.now();
    this.#running = this.#sendAll(target).then(
      () => {
        this.#end('done');
      },
      (error: unknown) => {
        this.#error = error instanceof Error ? error.message : String(error);
        this.#end('failed');
        throw error;
      },
    );
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the HIS was stopped'));
    await this.#running?.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** What was sent, in the order of the events. */
  ledger(): LedgerEntry[] {
    return [...this.#entries.values()].sort((one, other) => one.number - other.number).map((entry) => ({ ...entry }));
  }

  stats(): HisStats {
    const entries = [...this.#entries.values()];
    return {
      seed: this.seed,
      state: this.#state,
      ...(this.#error === undefined ? {} : { error: this.#error }),
      planned: this.plan.length,
      accepted: entries.filter(({ accepted }) => accepted).length,
      refused: entries.filter(isRefused).length,
      ...this.#counts,
    };
  }

  /**
   * Waits until a condition on the statistics holds.
   * @throws Error with the statistics when it does not hold in time
   */
  async waitUntil(condition: (stats: HisStats) => boolean, timeoutMs: number): Promise<HisStats> {
    await this.#changes.until(
      () => condition(this.stats()),
      timeoutMs,
      () => JSON.stringify(this.stats()),
    );
    return this.stats();
  }

  /** Bytes of a message. */
  bytesOf(message: PlannedMessage, sentAtMs: number): Buffer {
    const style = this.#settings.style ?? styleOf(message.person.index);
    return encode(writeAdt(message, style, { localTime: this.#localTime, sentAtMs }), encodingOf(style));
  }

  #end(state: HisStats['state']): void {
    this.#state = state;
    this.#changes.changed();
  }

  async #sendAll(target: HisTarget): Promise<void> {
    const { connections, mode, answerTimeoutMs, retryMs } = this.#settings;
    const shared = [...this.plan];
    const queues = Array.from({ length: connections }, (_, connection) =>
      mode === 'spread' ? shared : this.plan.filter((message) => message.connection === connection),
    );
    await Promise.all(
      queues.map(async (queue, connection) => {
        const sender = new MllpSender({
          ...{ target, answerTimeoutMs, retryMs, signal: this.#stopping.signal },
          onConnect: () => {
            this.#counts.connects += 1;
          },
        });
        const stop = (): void => {
          sender.close();
        };
        this.#stopping.signal.addEventListener('abort', stop);
        try {
          for (let message = queue.shift(); message !== undefined; message = queue.shift()) {
            await this.#wait(message);
            await this.#deliver(sender, message, connection);
          }
        } finally {
          this.#stopping.signal.removeEventListener('abort', stop);
          sender.close();
        }
      }),
    );
  }

  /** Until it is its time, and what has to come before was answered. */
  async #wait({ number, after }: PlannedMessage): Promise<void> {
    const { signal } = this.#stopping;
    const { overMs } = this.#settings;
    const dueMs = this.#startedAtMs + (overMs * (number - 1)) / this.plan.length - Date.now();
    if (dueMs > 0) {
      await sleep(dueMs, undefined, { signal });
    }
    const isSettled = (): boolean =>
      signal.aborted || after.every((earlier) => this.#entries.get(earlier)?.answeredAtMs !== undefined);
    await this.#changes.until(isSettled, 2 ** 31 - 1, () => `message ${number} waits`);
    signal.throwIfAborted();
  }

  /** Sends a message until it is answered for good. */
  async #deliver(sender: MllpSender, message: PlannedMessage, connection: number): Promise<void> {
    const { cutShare, repeatShare, retryMs } = this.#settings;
    const firstSentAtMs = Date.now();
    const bytes = this.bytesOf(message, firstSentAtMs);
    const { number, controlId, event, person, priorNumber, eventAtMs } = message;
    const entry: LedgerEntry = {
      ...{ number, controlId, event, person, eventAtMs, connection, firstSentAtMs },
      ...(priorNumber === undefined ? {} : { priorNumber }),
      ...{ sentAtMs: firstSentAtMs, attempts: 0, accepted: false },
    };
    this.#entries.set(number, entry);
    for (;;) {
      entry.attempts += 1;
      entry.sentAtMs = Date.now();
      const cut = draw(this.seed, 'cut', number, entry.attempts) < cutShare;
      const answer = await this.#send(sender, bytes, controlId, cut);
      this.#stopping.signal.throwIfAborted();
      if (answer !== undefined) {
        entry.answer = answer.code;
        if (answer.errorCode !== undefined) {
          entry.errorCode = answer.errorCode;
        }
        if (ACCEPTED.has(answer.code) || !PASSING_ERRORS.has(answer.errorCode)) {
          entry.accepted = ACCEPTED.has(answer.code);
          entry.answeredAtMs = Date.now();
          break;
        }
        await sleep(retryMs, undefined, { signal: this.#stopping.signal });
      }
      this.#counts.resent += 1;
    }
    this.#changes.changed();
    if (entry.accepted && draw(this.seed, 'repeat', number) < repeatShare) {
      this.#counts.repeated += 1;
      const again = await this.#send(sender, bytes, controlId, false);
      this.#counts.repeatsAccepted += again !== undefined && ACCEPTED.has(again.code) ? 1 : 0;
      this.#changes.changed();
    }
  }

  /** @returns undefined also for an answer to something else, after which the connection cannot be trusted */
  async #send(sender: MllpSender, bytes: Buffer, controlId: string, cut: boolean): Promise<HisAnswer | undefined> {
    this.#counts.frames += 1;
    const answer = await sender.send(bytes, cut);
    if (answer === undefined || answer.controlId === controlId) {
      return answer;
    }
    this.#counts.wrongAnswers += 1;
    sender.close();
    return undefined;
  }
}

function isRefused({ accepted, answeredAtMs }: LedgerEntry): boolean {
  return !accepted && answeredAtMs !== undefined;
}

/**
 * The HIS of one hospital: patients, connection, messages and ledger are those of the HIS simulator; what it says, and when,
 * the day decides.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { encode } from '../simulators/his/encodings';
import type { LedgerEntry } from '../simulators/his/ledger';
import { MllpSender } from '../simulators/his/mllp-sender';
import { createPerson, type Person } from '../simulators/his/people';
import type { HisEvent } from '../simulators/his/plan';
import { encodingOf, writeAdt } from '../simulators/his/styles';
import { createLocalTime } from '../simulators/his/times';
import { draw } from '../simulators/random';
import { SAMPLE_AUTHORITY, type SamplePatient } from '../simulators/roche-dc/sample-data';
import { DemoError } from './demo-error';
import type { DemoOrganization } from './organizations';

/** What the HIS says of a patient. */
export interface HisMessage {
  readonly event: HisEvent;
  readonly person: Person;
  /** Of A40: the number that ends. */
  readonly priorNumber?: string;
  /** The connection breaks before the answer comes, so that the HIS has to send again. */
  readonly broken?: boolean;
}

const ANSWER_TIMEOUT_MS = 10_000;
/** Wait before another try, and before another connection. */
const RETRY_MS = 250;
/** The events of the day begin so long ago, and are a second apart: HL7 times here have no smaller part. */
const FIRST_EVENT_MS = 60 * 60 * 1000;
const EVENT_MS = 1000;
/** ERR-3 (table 0357): locked, internal error. The same message may be taken later. */
const PASSING_ERRORS: ReadonlySet<string | undefined> = new Set(['206', '207']);
/** Regions of the simulator's people: a person's is the remainder of the index. */
const REGIONS = 4;

export class DemoHis {
  readonly organization: DemoOrganization;
  readonly #seed: number;
  readonly #startAtMs = Date.now() - FIRST_EVENT_MS;
  readonly #localTime: (atMs: number) => string;
  readonly #entries: LedgerEntry[] = [];
  readonly #stopping = new AbortController();
  readonly #signal: AbortSignal;
  #port = 0;
  #sender: MllpSender | undefined;
  #connections = 0;

  /** @param signal the end of the day: nothing is tried again after it */
  constructor(organization: DemoOrganization, seed: number, signal: AbortSignal) {
    this.organization = organization;
    this.#signal = AbortSignal.any([signal, this.#stopping.signal]);
    this.#seed = seed;
    this.#localTime = createLocalTime(organization.timeZone);
  }

  /** Connects to this port from now on. */
  sendTo(port: number): void {
    if (port === this.#port) return;
    this.#port = port;
    this.#sender?.close();
    this.#sender = new MllpSender({
      target: { host: '127.0.0.1', port },
      answerTimeoutMs: ANSWER_TIMEOUT_MS,
      retryMs: RETRY_MS,
      signal: this.#signal,
      onConnect: () => (this.#connections += 1),
    });
  }

  /** A patient as the HIS first knows them, with a number that no other day has. */
  person(patient: number): Person {
    const { region } = this.organization.his;
    const { email: _, ...person } = createPerson(this.#seed, patient * REGIONS + region);
    return { ...person, number: `${this.#prefix}-${String(patient).padStart(3, '0')}` };
  }

  /** The patient as Roche names them in health data; undefined: the HIS has not sent them. */
  sampled(patient: number): SamplePatient | undefined {
    const { number } = this.person(patient);
    const person = this.#entries.findLast((entry) => entry.person.number === number)?.person;
    if (person === undefined) return undefined;
    const { family, given, gender, birthDate } = person;
    return {
      id: number,
      system: SAMPLE_AUTHORITY,
      family,
      given: given[0] ?? '',
      gender: gender === 'unknown' ? 'other' : gender,
      birthDate,
    };
  }

  /**
   * Sends a message until it is answered.
   * @returns its MSH-10
   * @throws DemoError when it is refused; the reason of the stop when the HIS is stopped
   */
  async say({ event, person, priorNumber, broken = false }: HisMessage): Promise<string> {
    const number = this.#entries.length + 1;
    const sentAtMs = Date.now();
    const message = {
      number,
      event,
      person,
      ...(priorNumber === undefined ? {} : { priorNumber }),
      eventAtMs: this.#startAtMs + number * EVENT_MS,
      controlId: `${this.#prefix}-M${String(number)}`,
      connection: this.#connections,
    };
    const { style } = this.organization.his;
    const text = writeAdt({ ...message, after: [] }, style, { localTime: this.#localTime, sentAtMs });
    const bytes = encode(text, encodingOf(style));
    const entry: LedgerEntry = { ...message, firstSentAtMs: sentAtMs, sentAtMs, attempts: 0, accepted: false };
    this.#entries.push(entry);
    while (entry.answeredAtMs === undefined) {
      entry.attempts += 1;
      entry.sentAtMs = Date.now();
      const answer = await this.#sender?.send(bytes, broken && entry.attempts === 1);
      this.#signal.throwIfAborted();
      if (answer?.controlId !== entry.controlId) continue;
      entry.answer = answer.code;
      if (answer.code !== 'AA' && PASSING_ERRORS.has(answer.errorCode)) {
        await sleep(RETRY_MS, undefined, { signal: this.#signal });
        continue;
      }
      entry.accepted = answer.code === 'AA';
      entry.answeredAtMs = Date.now();
    }
    if (entry.accepted) return entry.controlId;
    throw new DemoError(`Ductus answered ${entry.answer ?? ''} to message ${entry.controlId} of the HIS.`);
  }

  /** What was sent and how it was answered. */
  ledger(): readonly LedgerEntry[] {
    return this.#entries;
  }

  /** Frames beyond the first of each message. */
  get repeats(): number {
    return this.#entries.reduce((sum, { attempts }) => sum + Math.max(0, attempts - 1), 0);
  }

  stop(): void {
    this.#stopping.abort(new Error('the HIS was stopped'));
    this.#sender?.close();
  }

  /** Of numbers and control ids. Another day on the same data has another seed. */
  get #prefix(): string {
    const digits = Math.floor(draw(this.#seed, 'HIS', this.organization.id) * 36 ** 6).toString(36);
    return `SYN-${digits.toUpperCase().padStart(6, '0')}`;
  }
}

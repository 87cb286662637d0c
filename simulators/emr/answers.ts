/** What the EMR can do with a message: the answers, the faults, and how one is chosen. */
import { z } from 'zod';
import { draw } from '../random';

/** Each with what becomes of the message, and whether the sender can know. */
export const EmrAnswerKind = {
  /** Accepted. */
  AA: 'AA',
  /** Commit accept: stored safely. */
  CA: 'CA',
  /** Refused, error in the content (or a passing one, by ERR-3). Not stored. */
  AE: 'AE',
  /** Refused for other reasons. Not stored. */
  AR: 'AR',
  /** Cannot accept. Not stored. */
  CE: 'CE',
  /** Accepted, answered after `delayMs`. */
  delay: 'delay',
  /** The connection is closed and nothing is stored. Ambiguous for the sender. */
  dropBeforeStoring: 'drop-before-storing',
  /** Stored, then the connection is closed without an answer. Ambiguous. */
  dropAfterStoring: 'drop-after-storing',
  /** Stored, the connection stays open, no answer ever. Ambiguous. */
  silence: 'silence',
  /** Stored, answered with a frame that is no HL7. Ambiguous. */
  garbage: 'garbage',
  /** Stored, answered AA with another message's id in MSA-2. Ambiguous. */
  wrongControlId: 'wrong-control-id',
  /** Stored, answered AA after `lateMs`, when the sender has given up. Ambiguous. */
  late: 'late',
} as const;
export type EmrAnswerKind = (typeof EmrAnswerKind)[keyof typeof EmrAnswerKind];

const KINDS = Object.values(EmrAnswerKind);

const AMBIGUOUS: ReadonlySet<EmrAnswerKind> = new Set([
  'drop-before-storing',
  'drop-after-storing',
  'silence',
  'garbage',
  'wrong-control-id',
  'late',
]);
const REFUSALS: ReadonlySet<EmrAnswerKind> = new Set(['AE', 'AR', 'CE']);

/** Whether the sender cannot know what became of the message. */
export function isAmbiguous(kind: EmrAnswerKind): boolean {
  return AMBIGUOUS.has(kind);
}

/** Whether the EMR has the message afterwards. */
export function isAccepted(kind: EmrAnswerKind): boolean {
  return !REFUSALS.has(kind) && kind !== 'drop-before-storing';
}

export const EmrAnswerSchema = z.strictObject({
  kind: z.enum(KINDS),
  /** ERR-3 of AE, AR, CE. */
  errorCode: z.string().optional(),
  /** ERR-2. */
  errorLocation: z.string().optional(),
  /** ERR-8. */
  errorText: z.string().optional(),
});
export type EmrAnswer = z.infer<typeof EmrAnswerSchema>;

/** Share of the messages that meet each answer; the rest gets AA. */
export const AnswerRatesSchema = z.partialRecord(z.enum(KINDS), z.number().min(0).max(1));
export type AnswerRates = z.infer<typeof AnswerRatesSchema>;

/** An answer ordered for the next messages. */
export const ScriptedAnswerSchema = z.strictObject({
  answer: EmrAnswerSchema,
  /** For how many messages. */
  times: z.number().int().positive().default(1),
  /** Only for messages with this MSH-10. */
  controlId: z.string().optional(),
});
export type ScriptedAnswer = z.input<typeof ScriptedAnswerSchema>;

/** What a policy may look at. */
export interface EmrMessage {
  readonly controlId: string;
  readonly messageType: string;
  /** How often this MSH-10 came before, dropped ones included. */
  readonly earlier: number;
}

/** Decides for one message in process; undefined: the rates decide. */
export type AnswerPolicy = (message: EmrMessage) => EmrAnswer | undefined;

/** Chooses answers: scripted ones first, then the policy, then the seeded rates, then AA. */
export class AnswerChooser {
  readonly #seed: number;
  readonly #policy: AnswerPolicy | undefined;
  readonly #errorCode: string;
  #rates: AnswerRates;
  #scripted: { answer: EmrAnswer; times: number; controlId?: string | undefined }[] = [];

  /** @param errorCode ERR-3 of refusals drawn by the rates */
  constructor(seed: number, rates: AnswerRates, errorCode: string, policy: AnswerPolicy | undefined) {
    this.#seed = seed;
    this.#rates = rates;
    this.#errorCode = errorCode;
    this.#policy = policy;
  }

  setRates(rates: AnswerRates): void {
    this.#rates = rates;
  }

  script(scripted: ScriptedAnswer): void {
    this.#scripted.push(ScriptedAnswerSchema.parse(scripted));
  }

  /** The answer ordered for this message, if any; it is used up. */
  takeScripted(message: EmrMessage): EmrAnswer | undefined {
    const found = this.#scripted.find(({ controlId }) => controlId === undefined || controlId === message.controlId);
    if (found !== undefined) {
      found.times -= 1;
      this.#scripted = this.#scripted.filter(({ times }) => times > 0);
    }
    return found?.answer;
  }

  /** The answer by policy and rates. The draw depends on the seed, the MSH-10 and how often it came, not on the order. */
  choose(message: EmrMessage): EmrAnswer {
    const decided = this.#policy?.(message);
    if (decided !== undefined) {
      return decided;
    }
    let drawn = draw(this.#seed, 'answer', message.controlId, message.earlier);
    for (const kind of KINDS) {
      drawn -= this.#rates[kind] ?? 0;
      if (drawn < 0) {
        return REFUSALS.has(kind) ? { kind, errorCode: this.#errorCode } : { kind };
      }
    }
    return { kind: 'AA' };
  }
}

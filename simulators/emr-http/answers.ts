/** What the EMR can do on the level of HTTP, beside the answers that it shares with the one behind MLLP. */
import { z } from 'zod';
import type { EmrAnswer } from '../emr/answers';

/** A status ordered for the next messages, given in place of any other answer. */
export const ScriptedStatusSchema = z.strictObject({
  status: z.number().int().min(300).max(599),
  /** Header `Retry-After` as it stands. */
  retryAfter: z.string().optional(),
  /** Header `Location` of a redirect. */
  location: z.string().optional(),
  /** Text of the answer. */
  body: z.string().default(''),
  /** Whether the EMR has the message all the same. */
  stored: z.boolean().default(false),
  /** For how many messages. */
  times: z.number().int().positive().default(1),
  /** Only for messages with this id. */
  controlId: z.string().optional(),
});
export type ScriptedStatus = z.input<typeof ScriptedStatusSchema>;
export type StatusAnswer = z.output<typeof ScriptedStatusSchema>;

/** Gives out ordered statuses. */
export class StatusScript {
  #scripted: StatusAnswer[] = [];

  add(scripted: ScriptedStatus): void {
    this.#scripted.push(ScriptedStatusSchema.parse(scripted));
  }

  clear(): void {
    this.#scripted = [];
  }

  /** The status ordered for this message, if any; it is used up. */
  take(controlId: string): StatusAnswer | undefined {
    const found = this.#scripted.find((one) => one.controlId === undefined || one.controlId === controlId);
    if (found !== undefined) {
      found.times -= 1;
      this.#scripted = this.#scripted.filter(({ times }) => times > 0);
    }
    return found;
  }
}

/** How a status stands in the log, which knows the answers of MLLP only: stored without a valid answer, or refused. */
export function answerOfStatus({ status, stored }: StatusAnswer): EmrAnswer {
  return { kind: stored ? 'garbage' : 'CE', errorText: `HTTP ${status}` };
}

/** The status that stands for an acknowledgment where the answer has none. */
export function statusOfJson(kind: 'AA' | 'CA' | 'AE' | 'AR' | 'CE'): number {
  return { AA: 200, CA: 202, AE: 422, AR: 503, CE: 503 }[kind];
}

/** Counts what the EMR saw, from its log records: the same numbers live, after a restart, and from the file alone. */
import { z } from 'zod';
import { EmrAnswerKind, isAmbiguous } from './answers';
import type { LogRecord } from './frame-log';

const count = z.number().int();

export const EmrStatsSchema = z.object({
  /** Frames in the log: accepted and refused ones. */
  frames: count,
  accepted: count,
  /** Refused by chance, script or check. */
  refused: count,
  /** Refused since the message had a defect. */
  invalid: count,
  /** Messages whose connection was broken before they were stored. */
  dropped: count,
  /** Injected outcomes that the sender cannot tell: all it may repeat a message for. */
  ambiguous: count,
  /** Those of them after which the EMR had the message. */
  ambiguousAccepted: count,
  /** Accepted messages under an MSH-10 that was accepted before. */
  repeats: count,
  /** Different MSH-10s among the accepted. */
  controlIds: count,
  /** Frames with a clear answer chosen that never went out: the EMR or the connection ended in between. */
  unanswered: count,
  byAnswer: z.partialRecord(z.enum(EmrAnswerKind), count),
  /** How often the EMR was started on this log. */
  starts: count,
});
export type EmrStats = z.infer<typeof EmrStatsSchema>;

/** Adds records up. */
export class EmrTally {
  readonly #counts = { frames: 0, accepted: 0, refused: 0, invalid: 0, dropped: 0, ambiguous: 0, ambiguousAccepted: 0 };
  readonly #byAnswer: Partial<Record<EmrAnswerKind, number>> = {};
  readonly #seen = new Map<string, { times: number; accepted: number }>();
  readonly #unanswered = new Set<number>();
  #repeats = 0;
  #controlIds = 0;
  #starts = 0;
  #lastSeq = 0;

  add(record: LogRecord): void {
    switch (record.type) {
      case 'start':
        this.#starts += 1;
        return;
      case 'answer':
        this.#unanswered.delete(record.seq);
        return;
      case 'dropped':
        this.#counts.dropped += 1;
        this.#counts.ambiguous += 1;
        this.#note(record, false);
        return;
      case 'frame':
        this.#counts.frames += 1;
        this.#counts[record.accepted ? 'accepted' : 'refused'] += 1;
        this.#counts.invalid += record.invalid ? 1 : 0;
        this.#repeats += record.repeat ? 1 : 0;
        if (isAmbiguous(record.answer.kind)) {
          this.#counts.ambiguous += 1;
          this.#counts.ambiguousAccepted += 1;
        } else {
          this.#unanswered.add(record.seq);
        }
        this.#note(record, record.accepted);
    }
  }

  /** How often a message with this MSH-10 came, dropped ones included. */
  timesSeen(controlId: string): number {
    return this.#seen.get(controlId)?.times ?? 0;
  }

  /** Whether a message with this MSH-10 was accepted. */
  hasAccepted(controlId: string): boolean {
    return (this.#seen.get(controlId)?.accepted ?? 0) > 0;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get starts(): number {
    return this.#starts;
  }

  stats(): EmrStats {
    return {
      ...this.#counts,
      repeats: this.#repeats,
      controlIds: this.#controlIds,
      unanswered: this.#unanswered.size,
      byAnswer: { ...this.#byAnswer },
      starts: this.#starts,
    };
  }

  #note(record: { seq: number; controlId: string; answer: { kind: EmrAnswerKind } }, accepted: boolean): void {
    this.#lastSeq = Math.max(this.#lastSeq, record.seq);
    this.#byAnswer[record.answer.kind] = (this.#byAnswer[record.answer.kind] ?? 0) + 1;
    const seen = this.#seen.get(record.controlId) ?? { times: 0, accepted: 0 };
    seen.times += 1;
    if (accepted) {
      this.#controlIds += seen.accepted === 0 ? 1 : 0;
      seen.accepted += 1;
    }
    this.#seen.set(record.controlId, seen);
  }
}

/** The frames of an EMR log, read: what a test compares with what Roche shared. */
import { readEntries } from './entries';
import { readLogRecords } from './frame-log';
import { component, readHl7, readObservations, repetitions, segment } from './hl7-reading';
import { EmrTally } from './tally';
import type { EmrAnswer } from './answers';
import type { EmrEntry, EntryKind } from './entries';
import type { FrameRecord, LogRecord } from './frame-log';
import type { ObservationReading } from './hl7-reading';
import type { EmrStats } from './tally';

/** One frame in the log. */
export interface EmrFrame {
  readonly seq: number;
  readonly receivedAtMs: number;
  /** When the answer went out; undefined: it did not. */
  readonly answeredAtMs: number | undefined;
  readonly controlId: string;
  /** As `ORU^R01`. */
  readonly messageType: string;
  /** PID-3.1, each repetition. */
  readonly patientIds: readonly string[];
  /** Each OBX of an ORU^R01. */
  readonly observations: readonly ObservationReading[];
  /** Each item of any message. */
  readonly entries: readonly EmrEntry[];
  readonly answer: EmrAnswer;
  /** Whether the EMR has it. */
  readonly accepted: boolean;
  readonly repeat: boolean;
  readonly bytes: Buffer;
}

/** Reads the frames among the records. */
export function framesOf(records: readonly LogRecord[]): EmrFrame[] {
  const answeredAt = new Map(records.flatMap((one) => (one.type === 'answer' ? [[one.seq, one.atMs] as const] : [])));
  return records
    .filter((one): one is FrameRecord => one.type === 'frame')
    .map((record) => {
      const reading = readHl7(record.bytes);
      const header = reading === undefined ? undefined : segment(reading, 'MSH');
      const patient = reading === undefined ? undefined : segment(reading, 'PID');
      return {
        seq: record.seq,
        receivedAtMs: record.atMs,
        answeredAtMs: answeredAt.get(record.seq),
        controlId: record.controlId,
        messageType: `${component(header, 9, 1)}^${component(header, 9, 2)}`,
        patientIds: repetitions(patient, 3),
        observations: reading === undefined ? [] : readObservations(reading),
        entries: reading === undefined ? [] : readEntries(reading),
        answer: record.answer,
        accepted: record.accepted,
        repeat: record.repeat,
        bytes: record.bytes,
      };
    });
}

/** What is in the EMR's charts. */
export interface EmrContents {
  /** Versions of items by kind: an item, its correction and its deletion are three. */
  readonly byKind: Readonly<Partial<Record<EntryKind, number>>>;
  readonly corrections: number;
  readonly deletions: number;
}

/** Counts the entries that the EMR took; a repeat of a message counts once. */
export function contentsOf(frames: readonly EmrFrame[]): EmrContents {
  const entries = frames.filter(({ accepted, repeat }) => accepted && !repeat).flatMap((frame) => frame.entries);
  const byKind: Partial<Record<EntryKind, number>> = {};
  for (const { kind } of entries) byKind[kind] = (byKind[kind] ?? 0) + 1;
  return {
    byKind,
    corrections: entries.filter(({ action }) => action === 'corrected').length,
    deletions: entries.filter(({ action }) => action === 'deleted').length,
  };
}

/** Reads a log file without an EMR running on it. */
export async function readEmrLog(path: string): Promise<{ frames: EmrFrame[]; stats: EmrStats }> {
  const records = await readLogRecords(path);
  const tally = new EmrTally();
  records.forEach((record) => {
    tally.add(record);
  });
  return { frames: framesOf(records), stats: tally.stats() };
}

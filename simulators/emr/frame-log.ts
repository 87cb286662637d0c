/**
 * The EMR's log: every frame with what was decided about it, written before the answer goes out. A process that is killed
 * loses nothing that it acknowledged: the line is with the operating system by then (a power cut is not in the game).
 */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { z } from 'zod';
import { EmrAnswerSchema } from './answers';

export const LogRecordSchema = z.discriminatedUnion('type', [
  /** The EMR began to serve. */
  z.strictObject({ type: z.literal('start'), atMs: z.number(), seed: z.number() }),
  /** A frame, and the answer chosen for it. */
  z.strictObject({
    type: z.literal('frame'),
    seq: z.number(),
    atMs: z.number(),
    /** Number of the connection since the start. */
    connection: z.number(),
    controlId: z.string(),
    answer: EmrAnswerSchema,
    /** Whether the EMR has it: not after a refusal. */
    accepted: z.boolean(),
    /** An accepted message with the MSH-10 of an earlier accepted one. */
    repeat: z.boolean(),
    /** Refused by the check of the message, not by chance or script. */
    invalid: z.boolean(),
    /** The whole message without framing bytes. */
    bytes: z.base64().transform((text): Buffer => Buffer.from(text, 'base64')),
  }),
  /** A message that came and was not stored, since its connection was to break before. */
  z.strictObject({
    type: z.literal('dropped'),
    seq: z.number(),
    atMs: z.number(),
    connection: z.number(),
    controlId: z.string(),
    answer: EmrAnswerSchema,
  }),
  /** The answer to a frame was handed to the network. */
  z.strictObject({ type: z.literal('answer'), seq: z.number(), atMs: z.number() }),
]);

export type LogRecord = z.output<typeof LogRecordSchema>;
export type FrameRecord = Extract<LogRecord, { type: 'frame' }>;

/** Where records go. */
export interface FrameLog {
  /** Returns when the record is safe from the end of the process. */
  append(record: LogRecord): void;
  /** All records, from earlier runs too. */
  records(): Promise<LogRecord[]>;
  close(): void;
}

/** Keeps the records in memory, for tests in one process. */
export class MemoryFrameLog implements FrameLog {
  readonly #records: LogRecord[] = [];

  append(record: LogRecord): void {
    this.#records.push(record);
  }

  records(): Promise<LogRecord[]> {
    return Promise.resolve([...this.#records]);
  }

  close(): void {
    // Nothing is open.
  }
}

/** Keeps the records in a file, one JSON object a line; goes on with a file of an earlier run. */
export class FileFrameLog implements FrameLog {
  readonly #path: string;
  readonly #descriptor: number;

  /** Opens the file; what a kill left of an unfinished last line is cut off (it was not acknowledged). */
  constructor(path: string) {
    this.#path = path;
    const complete = existsSync(path) ? completeLength(path) : 0;
    this.#descriptor = openSync(path, 'a', 0o600);
    if (statSync(path).size > complete) {
      ftruncateSync(this.#descriptor, complete);
    }
  }

  append(record: LogRecord): void {
    const line = record.type === 'frame' ? { ...record, bytes: record.bytes.toString('base64') } : record;
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    for (let written = 0; written < bytes.length;) {
      written += writeSync(this.#descriptor, bytes, written);
    }
  }

  records(): Promise<LogRecord[]> {
    return readLogRecords(this.#path);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** Reads the records of a log file; one that is being written to as well. */
export async function readLogRecords(path: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  const file = await open(path);
  let line = 0;
  for await (const text of file.readLines({ encoding: 'utf8' })) {
    line += 1;
    if (text.endsWith('}')) {
      try {
        records.push(LogRecordSchema.parse(JSON.parse(text)));
      } catch (cause) {
        throw new Error(`line ${line} of the EMR log ${path} is not a record`, { cause });
      }
    }
  }
  return records;
}

/** Length up to and with the last line feed. */
function completeLength(path: string): number {
  return readFileSync(path).lastIndexOf(0x0a) + 1;
}

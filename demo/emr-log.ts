/** Follows the EMR simulator's log while it is written: each look gives what is new. */
import { existsSync, renameSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { LogRecordSchema, type LogRecord } from '../simulators/emr/frame-log';

/** A log from earlier starts is put aside at this size, so that the EMR starts quickly. */
const LONGEST_LOG_BYTES = 64 * 1024 * 1024;

export class EmrLog {
  readonly #path: string;
  #offset: number;

  /** Begins at the end of what is there already. */
  constructor(path: string) {
    this.#path = path;
    this.#offset = existsSync(path) ? statSync(path).size : 0;
  }

  /** Puts a long log of earlier starts aside. Call it before the EMR opens the file. */
  static rotate(path: string): void {
    if (existsSync(path) && statSync(path).size > LONGEST_LOG_BYTES) renameSync(path, `${path}.old`);
  }

  /** Records written since the last look. A line that is being written is left for the next one. */
  async news(): Promise<LogRecord[]> {
    const file = await open(this.#path);
    try {
      const { size } = await file.stat();
      const bytes = Buffer.alloc(Math.max(0, size - this.#offset));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, this.#offset);
      const end = bytes.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
      this.#offset += end;
      return bytes
        .toString('utf8', 0, end)
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => LogRecordSchema.parse(JSON.parse(line)));
    } finally {
      await file.close();
    }
  }
}

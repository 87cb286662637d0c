/** Files shared by the Roche simulator in one rhythm or another, and what the simulators' records say of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { z } from 'zod';
import { readLogRecords } from '../simulators/emr/frame-log';
import { samplePatient } from '../simulators/roche-dc/sample-data';
import { ORGANIZATIONS, type Stage } from '../test/faults/harness/stage';
import { latencies, type Latencies } from './statistics';

/** One file; each has a patient of its own, by whom the EMR's frames are told apart. */
export interface LoadFile {
  readonly patient: number;
  readonly readings: number;
  readonly bytes: number;
  messageId: string;
}

export interface Measured {
  /** From the begin of Roche's POST to the EMR's accept of the last message, milliseconds. */
  readonly latency: Latencies;
  /** Files per second, from the first POST to the last accept. */
  readonly perSecond: number;
  readonly readingsPerSecond: number;
  /** From the last POST to the last accept: what had piled up. */
  readonly behindMs: number;
}

const WAIT_MS = 300_000;
const PreparedSchema = z.object({ bytes: z.number() });
const SharedSchema = z.object({ messageId: z.string() });

export class Load {
  readonly #stage: Stage;
  readonly #seed: number;
  #patients = 0;

  constructor(stage: Stage, seed: number) {
    this.#stage = stage;
    this.#seed = seed;
  }

  /** Has files made, before the clock runs. @param sizes readings of each */
  async prepare(sizes: readonly number[]): Promise<LoadFile[]> {
    const files: LoadFile[] = [];
    for (const readings of sizes) {
      this.#patients += 1;
      const patient = this.#patients;
      const answer = await this.#call('/prepare', { patient, count: readings, seed: this.#seed });
      files.push({ patient, readings, bytes: PreparedSchema.parse(answer).bytes, messageId: '' });
    }
    return files;
  }

  /** The next file when the one before is acknowledged. */
  async oneAfterAnother(files: readonly LoadFile[]): Promise<Measured> {
    for (const file of files) {
      const before = await this.#acknowledged();
      await this.#share(file);
      await this.#acknowledgedAll(before + 1);
    }
    return this.#measured(files);
  }

  /** As fast as the entry point takes them. @param concurrency POSTs at a time */
  async atOnce(files: readonly LoadFile[], concurrency: number): Promise<Measured> {
    const before = await this.#acknowledged();
    const left = [...files];
    const sender = async (): Promise<void> => {
      for (let file = left.shift(); file !== undefined; file = left.shift()) await this.#share(file);
    };
    await Promise.all(Array.from({ length: concurrency }, sender));
    await this.#acknowledgedAll(before + files.length);
    return this.#measured(files);
  }

  /** At a steady rate, whatever has become of the others. */
  async atRate(files: readonly LoadFile[], perSecond: number): Promise<Measured> {
    const before = await this.#acknowledged();
    const begin = Date.now();
    await Promise.all(
      files.map(async (file, index) => {
        await sleep(Math.max(0, begin + (index * 1000) / perSecond - Date.now()));
        await this.#share(file);
      }),
    );
    await this.#acknowledgedAll(before + files.length);
    return this.#measured(files);
  }

  async #share(file: LoadFile): Promise<void> {
    const [{ emrOid: organization }] = ORGANIZATIONS;
    const answer = await this.#call('/share-prepared', { patient: file.patient, organization, option: 'access-point' });
    file.messageId = SharedSchema.parse(answer).messageId;
  }

  async #acknowledged(): Promise<number> {
    return (await this.#stage.roche.totals()).acknowledged;
  }

  async #acknowledgedAll(total: number): Promise<void> {
    const end = Date.now() + WAIT_MS;
    while ((await this.#acknowledged()) < total) {
      if (Date.now() > end) throw new Error('not everything was acknowledged in time');
      await sleep(20);
    }
  }

  async #measured(files: readonly LoadFile[]): Promise<Measured> {
    const { notifications } = await this.#stage.roche.stats();
    const posted = new Map(notifications.map((one) => [one.messageId, one.firstNotifiedAtMs]));
    const accepted = new Map<string, number>();
    for (const record of await readLogRecords(this.#stage.emr.logFile)) {
      if (record.type === 'frame' && record.accepted) accepted.set(patientOf(record.bytes), record.atMs);
    }
    const times = files.map(({ patient, messageId }) => ({
      postedAt: posted.get(messageId) ?? Number.NaN,
      acceptedAt: accepted.get(samplePatient(patient).id) ?? Number.NaN,
    }));
    const first = Math.min(...times.map(({ postedAt }) => postedAt));
    const last = Math.max(...times.map(({ acceptedAt }) => acceptedAt));
    const seconds = (last - first) / 1000;
    return {
      latency: latencies(times.map(({ postedAt, acceptedAt }) => acceptedAt - postedAt)),
      perSecond: files.length / seconds,
      readingsPerSecond: files.reduce((sum, { readings }) => sum + readings, 0) / seconds,
      behindMs: last - Math.max(...times.map(({ postedAt }) => postedAt)),
    };
  }

  async #call(path: string, body: object): Promise<unknown> {
    const answer = await request(`${this.#stage.rocheControlUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      headersTimeout: 120_000,
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${path}: ${String(answer.statusCode)} ${text}`);
    return JSON.parse(text);
  }
}

/** PID-3.1. The whole message is not read: a file of 12,000 readings has megabytes of it. */
function patientOf(message: Buffer): string {
  return /\rPID\|[^|]*\|[^|]*\|([^|^~\r]*)/.exec(message.subarray(0, 4096).toString('latin1'))?.[1] ?? '';
}

/** ADT messages over MLLP as fast as they are answered, and the same changes straight to Temporal: each call timed. */
import { HisSimulator } from '../simulators/his/his-simulator';
import { MllpSender } from '../simulators/his/mllp-sender';
import { OrganizationIdSchema } from '../src/domain/identifiers';
import { percentile } from './statistics';

/** Messages about patients of their own: a HIS in a good mood, half of it new patients. */
export interface AdtBatch {
  readonly messages: readonly { readonly controlId: string; readonly bytes: Buffer }[];
}

export interface Timed {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

export const BENCH_ORGANIZATION = OrganizationIdSchema.parse('st-marien');
const ANSWER_TIMEOUT_MS = 60_000;

/** Makes messages before the clock runs. Other seed, other patients and control ids. */
export function createBatch(seed: number, messages: number): AdtBatch {
  const his = new HisSimulator({
    seed,
    messages,
    patients: Math.ceil(messages / 2),
    mergeShare: 0,
    timeZone: 'Europe/Berlin',
  });
  const now = Date.now();
  return { messages: his.plan.map((message) => ({ controlId: message.controlId, bytes: his.bytesOf(message, now) })) };
}

/** Sends a batch to an MLLP server; each connection has one message under way. @throws Error for any answer but AA */
export async function sendBatch(batch: AdtBatch, port: number, connections: number): Promise<Timed> {
  const stopping = new AbortController();
  const senders = Array.from(
    { length: connections },
    () =>
      new MllpSender({
        target: { host: '127.0.0.1', port },
        answerTimeoutMs: ANSWER_TIMEOUT_MS,
        retryMs: 50,
        signal: stopping.signal,
        onConnect: () => undefined,
      }),
  );
  try {
    return await timeAll(batch.messages, senders, async ({ controlId, bytes }, sender) => {
      const answer = await sender.send(bytes);
      if (answer?.code !== 'AA' || answer.controlId !== controlId) {
        throw new Error(`message ${controlId}: ${answer?.code ?? 'no answer'} ${answer?.errorCode ?? ''}`);
      }
    });
  } finally {
    for (const sender of senders) sender.close();
  }
}

/** Takes the items in turn, one for each of the lanes at a time. */
export async function timeAll<Item, Lane>(
  items: readonly Item[],
  lanes: readonly Lane[],
  call: (item: Item, lane: Lane) => Promise<void>,
): Promise<Timed> {
  const left = [...items];
  const times: number[] = [];
  const begin = performance.now();
  await Promise.all(
    lanes.map(async (lane) => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) {
        const at = performance.now();
        await call(item, lane);
        times.push(performance.now() - at);
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  return { perSecond: items.length / seconds, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

/** The median run by throughput. */
export function median(runs: readonly Timed[]): Timed {
  const sorted = [...runs].sort((one, other) => one.perSecond - other.perSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return middle;
}

/**
 * `npm run fuzz`: as many rounds as fit into DUCTUS_FUZZ_SECONDS (5), from DUCTUS_FUZZ_SEED (the time) on. In a thread of
 * its own, so that an input that hangs is named and not waited for; and with a look at the memory before and after.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { runRound } from './run';
import { createTargets } from './targets';

const HANG_MS = 20_000;
const WARM_UP_ROUNDS = 500;
/** Of the heap over a whole run, after collection. */
const MOST_GROWTH_BYTES = 48 * 1024 * 1024;

const Work = z.object({ seed: z.number(), seconds: z.number(), progress: z.instanceof(SharedArrayBuffer) });
const Report = z.object({ rounds: z.number(), grownBytes: z.number() });

function collected(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  return process.memoryUsage().heapUsed;
}

async function work(): Promise<void> {
  const { seed, seconds, progress } = Work.parse(workerData);
  const current = new Int32Array(progress);
  const targets = createTargets();
  const end = performance.now() + seconds * 1000;
  let rounds = 0;
  let before = 0;
  for (; performance.now() < end || rounds <= WARM_UP_ROUNDS; rounds += 1) {
    if (rounds === WARM_UP_ROUNDS) before = collected();
    Atomics.store(current, 0, seed + rounds);
    await runRound(targets, seed + rounds);
  }
  parentPort?.postMessage({ rounds, grownBytes: collected() - before });
}

async function watch(): Promise<void> {
  const seconds = Number(process.env['DUCTUS_FUZZ_SECONDS'] ?? '5');
  const seed = Number(process.env['DUCTUS_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
  const progress = new SharedArrayBuffer(4);
  const current = new Int32Array(progress);
  const worker = new Worker(require.main?.filename ?? __filename, {
    argv: process.argv.slice(1),
    workerData: { seed, seconds, progress },
  });
  let last = -1;
  const timer = setInterval(() => {
    const now = Atomics.load(current, 0);
    if (now === last && now !== 0) {
      console.error(`fuzz: hangs at seed ${String(now)}`);
      process.exit(1);
    }
    last = now;
  }, HANG_MS);
  try {
    const report = Report.parse(
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject)),
    );
    const grown = (report.grownBytes / 1024 / 1024).toFixed(1);
    console.log(`fuzz: ${String(report.rounds)} rounds from seed ${String(seed)}, heap grew by ${grown} MiB`);
    if (report.grownBytes > MOST_GROWTH_BYTES) throw new Error('fuzz: something grows');
  } finally {
    clearInterval(timer);
  }
}

void (isMainThread ? watch() : work()).catch((error: unknown) => {
  if (!isMainThread) throw error;
  console.error(error);
  process.exitCode = 1;
});

/** Rounds of fuzzing: in each, every target gets one input. */
import { Random } from './random';
import type { Target } from './targets';

/** Longest time for one input; the largest has 400 kB. */
const MOST_MS = 2_000;

/**
 * Runs one round.
 * @param seed of the round: the same gives the same inputs
 * @throws Error that names the target and the seed
 */
export async function runRound(targets: readonly Target[], seed: number): Promise<void> {
  for (const { name, run } of targets) {
    const startedAt = performance.now();
    try {
      await run(new Random(seed));
    } catch (error) {
      throw new Error(`${name}: failed at seed ${String(seed)}`, { cause: error });
    }
    const took = performance.now() - startedAt;
    if (took > MOST_MS) throw new Error(`${name}: took ${took.toFixed(0)} ms at seed ${String(seed)}`);
  }
}

/** How long Roche's patient services take: mean and worst case are documented, the shape between is not. */
import { draw } from '../random';
import { DOCUMENTED_TIMES } from './patients-options';

/** Shortest time as a share of the mean: assumed, nobody answers at once. */
const SHORTEST_SHARE = 0.4;

/**
 * Draws a time: most are short, few are long. With u even between 0 and 1, `shortest + (worst − shortest)·u^k` has the
 * documented mean for k = (worst − shortest)/(mean − shortest) − 1, and never passes the worst case.
 * @param keys what the request is: same seed and keys, same time
 * @returns milliseconds, unscaled
 */
export function drawLatencyMs(
  operation: 'create' | 'update',
  seed: number,
  ...keys: readonly (string | number)[]
): number {
  const { meanMs, worstMs } = DOCUMENTED_TIMES[operation];
  const shortestMs = SHORTEST_SHARE * meanMs;
  const power = (worstMs - shortestMs) / (meanMs - shortestMs) - 1;
  return shortestMs + (worstMs - shortestMs) * draw(seed, 'latency', operation, ...keys) ** power;
}

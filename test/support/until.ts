/** Waiting for a condition, in place of a fixed sleep. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again and again until the answer is neither false nor nothing.
 * @param ask may throw to give up at once
 * @param limitMs after this it fails
 */
export async function until<T>(
  ask: () => T | Promise<T>,
  limitMs = 15_000,
  what = 'the condition',
): Promise<Exclude<T, false | undefined | null>> {
  const end = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (isAnswer(answer)) {
      return answer;
    }
    if (Date.now() > end) {
      throw new Error(`${what} did not come true within ${limitMs} ms`);
    }
    await sleep(20);
  }
}

function isAnswer<T>(answer: T): answer is Exclude<T, false | undefined | null> {
  return answer !== false && answer !== undefined && answer !== null;
}

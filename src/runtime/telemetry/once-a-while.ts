/**
 * One call at a time, and its result for a moment: what anybody may ask for (readiness, metrics) must not become a way
 * to make work for Temporal and PostgreSQL.
 */

/**
 * Wraps a call: those who come while it runs, or within `keepMs` after its end, get its result. A failure is not kept.
 * @param keepMs milliseconds
 */
export function onceAWhile<Result>(keepMs: number, call: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | undefined;
  let kept: { readonly result: Result; readonly at: number } | undefined;
  return () => {
    if (running !== undefined) return running;
    if (kept !== undefined && performance.now() - kept.at < keepMs) return Promise.resolve(kept.result);
    running = call()
      .then((result) => {
        kept = { result, at: performance.now() };
        return result;
      })
      .finally(() => {
        running = undefined;
      });
    return running;
  };
}

/** @throws Error when the call takes longer; it goes on, and nobody looks at its end */
export async function within<Result>(limitMs: number, call: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${String(limitMs)} ms`)), limitMs);
  });
  call.catch(() => undefined);
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A time limit over a whole exchange (connect, send, wait, read), because the limits of an HTTP client
 * start anew with every phase and a slow drip of bytes passes them all.
 */

/** The limit passed. Told apart from the abort of a caller, which is not an error of the other side. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';

  constructor(readonly limitMs: number) {
    super(`not finished after ${limitMs} ms`);
  }
}

/**
 * Runs something that obeys an abort signal, for at most a time.
 * @param limitMs milliseconds for all of it
 * @param signal the caller's own signal; its reason is passed on
 * @param run gets the signal to obey
 * @throws TimeLimitError as the abort reason when the limit passed; the caller's reason when the caller gave up
 */
export async function withTimeLimit<T>(
  limitMs: number,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  // Not AbortSignal.any/timeout: the listener and the timer have to go as soon as the work is over.
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new TimeLimitError(limitMs)), limitMs);
  const onAbort = (): void => controller.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await run(controller.signal);
  } catch (error) {
    // Clients wrap the reason in errors of their own; the reason itself says who gave up.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

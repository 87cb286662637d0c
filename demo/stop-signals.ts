/** What Ctrl-C does to the demo. */
import { DemoError } from './demo-error';

/** What a start or a day that is broken off ends with. */
export const STOPPED = new DemoError('Stopped.');

export interface StopSignals {
  /** Aborted at the first Ctrl-C: an orderly end. */
  readonly stopping: AbortSignal;
  /** Aborted at the second: files under way are not waited for. */
  readonly hurry: AbortSignal;
}

/** Listens to SIGINT, SIGTERM and SIGHUP (the terminal was closed); the third one ends the process at once. */
export function stopSignals(): StopSignals {
  const stopping = new AbortController();
  const hurry = new AbortController();
  const stop = (): void => {
    if (hurry.signal.aborted) process.exit(130);
    if (stopping.signal.aborted) hurry.abort();
    stopping.abort(STOPPED);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('SIGHUP', stop);
  // A terminal that is gone, or a pipe whose reader has ended: nobody reads any more, and the end must be orderly all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', stop);
  return { stopping: stopping.signal, hurry: hurry.signal };
}

/** The error of a promise that has to fail. */
import { DuctusError } from '../../src/domain/errors';

/** @throws when the promise does not fail, or fails with something else than a DuctusError */
export async function ductusErrorOf(promise: Promise<unknown>): Promise<DuctusError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DuctusError) return error;
  throw error instanceof Error ? error : new Error('it did not fail');
}

/** All that an error could show to anybody: message, stack, details, cause. */
export function everythingOf(error: Error): string {
  return JSON.stringify([error.message, error.stack, { ...error }, String(error.cause)]);
}

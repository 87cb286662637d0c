/** Whether a control id is in the ledger, asked so that an answer to the HIS never waits for PostgreSQL. */
import { LIMITS } from '../../domain/limits';
import type { PatientSyncDoor } from './door';

/**
 * A look-up that never holds up a message: without an answer in time there is none, and after that nobody is asked for a
 * while, so that a store that is away does not make every message slow.
 */
export function controlIdLookup(
  find: PatientSyncDoor['earlier'],
  onFailure: (error: unknown) => void,
): PatientSyncDoor['earlier'] {
  let pausedUntil = 0;
  return async (...key) => {
    if (performance.now() < pausedUntil) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('the store took too long')), LIMITS.controlIdLookupMs);
    });
    const found = find(...key);
    found.catch(() => undefined);
    try {
      return await Promise.race([found, late]);
    } catch (error) {
      pausedUntil = performance.now() + LIMITS.controlIdLookupPauseMs;
      onFailure(error);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  };
}

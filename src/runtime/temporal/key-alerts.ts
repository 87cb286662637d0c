/**
 * A key that is missing stops what it encrypts without a failed step: Temporal hands the work out again and again, and each
 * time it can't be read. So people are told, once when it begins and once when a worker has the key again.
 */
import type { ActivityDependencies } from '../../activities/dependencies';
import { clear, raise } from '../../activities/alerts';
import { ERRORS } from '../../domain/errors';

const CODE = 'DUCTUS_CODEC_KEY_MISSING';
const alertKey = (keyId: string): string => `codec-key/${keyId}`;

/** @returns what a codec tells of payloads that no key opens */
export function tellOfMissingKeys(deps: ActivityDependencies): (keyId: string) => void {
  const told = new Set<string>();
  return (keyId) => {
    if (told.has(keyId)) return;
    told.add(keyId);
    const text = `The encryption key "${keyId}" is missing or another one: work under it stands still. ${ERRORS[CODE].nextStep}`;
    raise(deps, { key: alertKey(keyId), code: CODE, text }).catch((error: unknown) => {
      told.delete(keyId);
      deps.logger.error(
        { err: error, code: CODE, keyId },
        'an encryption key is missing, and the alert could not be raised',
      );
    });
  };
}

/** Ends the alerts of keys that are in the ring. */
export async function clearKeyAlerts(deps: ActivityDependencies): Promise<void> {
  for (const keyId of Object.keys(deps.config.encryption.keys)) {
    await clear(deps, alertKey(keyId), CODE, `The encryption key "${keyId}" is in the key ring again.`);
  }
}

/** Secrets of the demo: random, made once a folder, in files that only their owner can read. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** AES-256 wants 32 bytes in base64. */
const MAKERS = {
  'payload-key': () => randomBytes(32).toString('base64'),
  'hash-key': () => randomBytes(32).toString('base64url'),
  'operator-token': () => randomBytes(24).toString('base64url'),
  'st-marien-callback-password': () => randomBytes(18).toString('base64url'),
  'st-marien-client-secret': () => randomBytes(18).toString('base64url'),
  'st-anna-callback-password': () => randomBytes(18).toString('base64url'),
  'st-anna-client-secret': () => randomBytes(18).toString('base64url'),
} as const satisfies Record<string, () => string>;

export type SecretName = keyof typeof MAKERS;
export type Secrets = Readonly<Record<SecretName, string>>;

/**
 * Reads the secrets of a folder, and makes those that are missing.
 * @param folder made when it is not there
 */
export function writeSecrets(folder: string): Secrets {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const secret = (name: SecretName): string => {
    const file = join(folder, name);
    if (!existsSync(file)) writeFileSync(file, `${MAKERS[name]()}\n`, { mode: 0o600 });
    chmodSync(file, 0o600);
    return readFileSync(file, 'utf8').trim();
  };
  return {
    'payload-key': secret('payload-key'),
    'hash-key': secret('hash-key'),
    'operator-token': secret('operator-token'),
    'st-marien-callback-password': secret('st-marien-callback-password'),
    'st-marien-client-secret': secret('st-marien-client-secret'),
    'st-anna-callback-password': secret('st-anna-callback-password'),
    'st-anna-client-secret': secret('st-anna-client-secret'),
  };
}

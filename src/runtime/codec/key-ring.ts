/**
 * The keys that encrypt what Ductus stores: one that encrypts from now on, and older ones that still decrypt.
 * A key is changed by adding a new one and naming it `currentKey`; an old key stays until nothing uses it.
 */
import { createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { DuctusError } from '../../domain/errors';
import type { Config } from '../config/schema';

export interface EncryptionKey {
  /** Stands beside everything encrypted with the key, in clear. */
  readonly id: string;
  readonly key: KeyObject;
}

/** AES-256. */
const KEY_BYTES = 32;

/** Goes into headers and metadata, so it stays short and plain. */
const KEY_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export class KeyRing {
  readonly #keys: ReadonlyMap<string, EncryptionKey>;
  /** The key that encrypts. */
  readonly current: EncryptionKey;

  /** @param current one of the keys */
  constructor(keys: readonly EncryptionKey[], current: EncryptionKey) {
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    this.current = current;
  }

  /** @returns undefined for a key that is not in the ring */
  find(id: string): EncryptionKey | undefined {
    return this.#keys.get(id);
  }
}

/**
 * @throws DuctusError DUCTUS_CONFIG_INVALID, which names the id of the key that is wrong and never its value
 */
export function createKeyRing(encryption: Pick<Config['encryption'], 'currentKey' | 'keys'>): KeyRing {
  const keys = Object.entries(encryption.keys).map(([id, secret]) => parseKey(id, secret.reveal()));
  const current = keys.find((key) => key.id === encryption.currentKey);
  if (current === undefined) {
    throw new DuctusError('DUCTUS_CONFIG_INVALID', 'encryption.currentKey is not one of encryption.keys.', {
      details: { key: 'encryption.currentKey' },
    });
  }
  return new KeyRing(keys, current);
}

function parseKey(id: string, text: string): EncryptionKey {
  if (!KEY_ID.test(id))
    throw invalid(
      id,
      'has an id with other characters than letters, digits, dot, hyphen and underscore, or more than 64',
    );
  const trimmed = text.trim();
  // Buffer.from skips what is not base64, so a mistyped key would silently become another one.
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(trimmed)) throw invalid(id, 'is not base64');
  const bytes = Buffer.from(trimmed, 'base64');
  if (bytes.length !== KEY_BYTES)
    throw invalid(id, `has ${bytes.length} bytes instead of ${KEY_BYTES} (openssl rand -base64 32)`);
  return { id, key: createSecretKey(bytes) };
}

function invalid(id: string, what: string): DuctusError {
  return new DuctusError('DUCTUS_CONFIG_INVALID', `encryption.keys.${id} ${what}.`, {
    details: { key: `encryption.keys.${id}` },
  });
}

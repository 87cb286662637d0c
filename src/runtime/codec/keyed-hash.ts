/**
 * Hashes that stand for identifiers of persons in workflow ids, search attributes and the ledger. Keyed, because the
 * space of patient numbers is small enough to try them all.
 */
import { createHmac } from 'node:crypto';
import { DuctusError } from '../../domain/errors';
import { KeyedHashSchema } from '../../domain/identifiers';
import type { KeyedHash } from '../../domain/identifiers';
import type { Secret } from '../config/secret';

/** 128 bits: no two of 10^15 identifiers collide by chance (birthday bound 2^-28). */
const HASH_BYTES = 16;
const SHORTEST_KEY = 16;

/**
 * @param secret `encryption.hashKey`; it never changes, or yesterday's ids no longer match
 * @returns HMAC-SHA-256 of the UTF-8 text, cut to 128 bits, base64url (22 characters)
 * @throws DuctusError DUCTUS_CONFIG_INVALID for a key shorter than 16 characters
 */
export function createKeyedHash(secret: Secret): (value: string) => KeyedHash {
  if (secret.reveal().length < SHORTEST_KEY) {
    throw new DuctusError('DUCTUS_CONFIG_INVALID', `encryption.hashKey has fewer than ${SHORTEST_KEY} characters.`, {
      details: { key: 'encryption.hashKey' },
    });
  }
  return (value) => {
    const digest = createHmac('sha256', secret.reveal()).update(value, 'utf8').digest();
    return KeyedHashSchema.parse(digest.subarray(0, HASH_BYTES).toString('base64url'));
  };
}

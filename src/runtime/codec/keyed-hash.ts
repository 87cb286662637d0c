/**
 * Hashes that stand for identifiers of persons in workflow ids, search attributes and the ledger. Keyed, because the
 * space of patient numbers is small enough to try them all.
 *
 * Every resource of every file gets one. HMAC is two hashes (RFC 2104), and taken so, with the one-shot hash of
 * node:crypto, it takes a third of the time of `createHmac`, which makes an object for each call (0.8 against 2.3
 * microseconds on Node 24).
 */
import { hash } from 'node:crypto';
import { DuctusError } from '../../domain/errors';
import { KeyedHashSchema } from '../../domain/identifiers';
import type { KeyedHash } from '../../domain/identifiers';
import type { Secret } from '../config/secret';

const SHORTEST_KEY = 16;

/** SHA-256: bytes of a block and of a hash (FIPS 180-4). */
const BLOCK = 64;
const DIGEST = 32;
/** RFC 2104 §2. */
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** RFC 4648 §5. */
const BASE64_URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** 128 bits: no two of 10^15 identifiers collide by chance (birthday bound 2^-28). The last of 22 characters has two of them. */
const WHOLE_CHARACTERS = 21;
const LAST_BITS = 0b110000;
const FORM = /^[A-Za-z0-9_-]{22}$/;

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
  const given = Buffer.from(secret.reveal(), 'utf8');
  const key = given.length > BLOCK ? hash('sha256', given, 'buffer') : given;
  const outer = Buffer.alloc(BLOCK + DIGEST);
  let inner = Buffer.alloc(4 * BLOCK);
  for (let at = 0; at < BLOCK; at += 1) {
    inner[at] = (key[at] ?? 0) ^ INNER_PAD;
    outer[at] = (key[at] ?? 0) ^ OUTER_PAD;
  }
  return (value) => {
    const most = BLOCK + Buffer.byteLength(value, 'utf8');
    if (most > inner.length) inner = Buffer.concat([inner.subarray(0, BLOCK)], most);
    const end = BLOCK + inner.write(value, BLOCK, 'utf8');
    outer.write(hash('sha256', inner.subarray(0, end), 'binary'), BLOCK, 'binary');
    const text = hash('sha256', outer, 'base64url');
    const last = BASE64_URL.indexOf(text.charAt(WHOLE_CHARACTERS)) & LAST_BITS;
    return keyedHash(text.slice(0, WHOLE_CHARACTERS) + BASE64_URL.charAt(last));
  };
}

function keyedHash(text: string): KeyedHash {
  return isKeyedHash(text) ? text : KeyedHashSchema.parse(text);
}

/** As the schema says, without its cost. */
function isKeyedHash(text: string): text is KeyedHash {
  return FORM.test(text);
}

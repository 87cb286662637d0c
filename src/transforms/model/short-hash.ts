/** Short deterministic ids: MSH-10 has room for 20 characters, OBR-3 for 22 with its namespace. */
import { hash } from 'node:crypto';

const BASE_32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * The first bits of SHA-256 in base 32 (alphabet of RFC 4648): 5 bits a character.
 * @param length characters, at most 50
 */
export function shortHash(text: string, length: number): string {
  let bits = BigInt(`0x${hash('sha256', text, 'hex')}`);
  let characters = '';
  while (characters.length < length) {
    characters += BASE_32.charAt(Number(bits & 31n));
    bits >>= 5n;
  }
  return characters;
}

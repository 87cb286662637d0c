import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { createKeyedHash } from '../../../src/runtime/codec/keyed-hash';
import { Secret } from '../../../src/runtime/config/secret';

const SECRET = 'a-hash-key-of-the-hospital';

describe('createKeyedHash', () => {
  it('should be stable: HMAC-SHA-256, cut to 128 bits, base64url', () => {
    const hash = createKeyedHash(new Secret(SECRET));
    // Written down (`printf 1234567 | openssl dgst -sha256 -hmac … -binary | head -c16 | base64`), because an id that
    // changes between releases would start work anew.
    expect(hash('1234567')).toBe('8bu8fS7jJBeEEbXPfu-AFA');
    expect(hash('1234567')).toBe(hash('1234567'));
  });

  it('should depend on the key, and be a keyed hash for any text', () => {
    const [one, other] = [createKeyedHash(new Secret(SECRET)), createKeyedHash(new Secret('another-key-of-16'))];
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(one(text)).toMatch(/^[A-Za-z0-9_-]{22}$/);
        expect(one(text)).not.toBe(other(text));
      }),
    );
  });

  it('should be what HMAC makes, for any key and any text', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary', minLength: 200, maxLength: 400 }));
    const key = fc.oneof(fc.string({ minLength: 16 }), fc.string({ unit: 'binary', minLength: 60, maxLength: 140 }));
    fc.assert(
      fc.property(key, fc.array(text), (secret, texts) => {
        const hash = createKeyedHash(new Secret(secret));
        const whole = texts.map((each) => createHmac('sha256', secret).update(each, 'utf8').digest());
        expect(texts.map(hash)).toEqual(whole.map((bytes) => bytes.toString('base64url', 0, 16)));
      }),
    );
  });

  it('should refuse a short key without showing it', () => {
    expect(() => createKeyedHash(new Secret('fifteen-letters'))).toThrow(
      'encryption.hashKey has fewer than 16 characters.',
    );
  });
});

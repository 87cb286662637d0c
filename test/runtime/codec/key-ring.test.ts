import { createKeyRing } from '../../../src/runtime/codec/key-ring';
import { Secret } from '../../../src/runtime/config/secret';
import { DuctusError } from '../../../src/domain/errors';
import { everythingOf } from '../../support/error-of';

const KEY = Buffer.alloc(32, 1).toString('base64');

function failure(keys: Readonly<Record<string, string>>, currentKey: string): DuctusError {
  const secrets = Object.fromEntries(Object.entries(keys).map(([id, key]) => [id, new Secret(key)]));
  try {
    createKeyRing({ currentKey, keys: secrets });
  } catch (error) {
    if (error instanceof DuctusError) return error;
    throw error;
  }
  throw new Error('the key ring was accepted');
}

describe('createKeyRing', () => {
  it('should hold the current key and the old ones', () => {
    const ring = createKeyRing({ currentKey: 'k2', keys: { k1: new Secret(KEY), k2: new Secret(`${KEY}\n`) } });
    expect(ring.current.id).toBe('k2');
    expect(ring.find('k1')?.id).toBe('k1');
    expect(ring.find('k3')).toBeUndefined();
    expect(ring.find('toString')).toBeUndefined();
  });

  it.each([
    ['too short', Buffer.alloc(16, 2).toString('base64'), '16 bytes'],
    ['too long', Buffer.alloc(33, 2).toString('base64'), '33 bytes'],
    ['no base64', 'correct horse battery staple correct horse!!', 'not base64'],
    ['empty', '', 'not base64'],
  ])('should name a key that is %s, and never show it', (_, value, what) => {
    const error = failure({ k1: KEY, 'k2-bad': value }, 'k1');
    expect(error.code).toBe('DUCTUS_CONFIG_INVALID');
    expect(error.message).toContain('encryption.keys.k2-bad');
    expect(error.message).toContain(what);
    if (value !== '') expect(everythingOf(error)).not.toContain(value);
  });

  it('should name an id that metadata cannot hold, and a current key that is not there', () => {
    expect(failure({ 'k 1': KEY }, 'k 1').message).toContain('encryption.keys.k 1');
    expect(failure({ k1: KEY }, 'k2').message).toContain('encryption.currentKey');
  });
});

/** A configuration for tests: the real schema over an object, with secrets from a map instead of the environment. */
import { createConfigSchema, type Config } from '../../src/runtime/config/schema';
import { Secret } from '../../src/runtime/config/secret';

/** Planted secrets: the privacy test looks for them everywhere. */
export const SECRETS: Readonly<Record<string, string>> = {
  PASSWORD: 'planted-callback-password',
  CLIENT_SECRET: 'planted-client-secret',
  KEY: Buffer.alloc(32, 7).toString('base64'),
  HASH_KEY: 'planted-hash-key-0123456789',
  OPERATOR: 'planted-operator-token',
  READER: 'planted-reader-token',
};

/** What every configuration of the tests has. */
export const testConfigDefaults = {
  encryption: { currentKey: 'k1', keys: { k1: { env: 'KEY' } }, hashKey: { env: 'HASH_KEY' } },
  metrics: { public: true },
  operators: [
    { name: 'night-shift', token: { env: 'OPERATOR' } },
    { name: 'reader', token: { env: 'READER' }, rights: ['read'] },
  ],
};

/**
 * Parses a configuration.
 * @param extra PEMs and other secrets by name
 */
export function testConfig(input: object, extra: Readonly<Record<string, string>> = {}): Config {
  const schema = createConfigSchema((ref) => {
    const name = 'env' in ref ? ref.env : ref.file;
    const value = extra[name] ?? SECRETS[name];
    if (value === undefined) throw new Error(`no secret ${name} in this test`);
    return new Secret(value);
  });
  return schema.parse({ ...testConfigDefaults, ...input });
}

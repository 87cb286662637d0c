/** What every Temporal client and worker of Ductus is given, so that nothing enters a history in clear. */
import type { DataConverter } from '@temporalio/common';
import type { Config } from '../config/schema';
import { createKeyRing } from './key-ring';
import { EncryptionCodec } from './payload-codec';

/**
 * @param onUnreadable told of each payload that no key opens, with the id of its key
 * @throws DuctusError DUCTUS_CONFIG_INVALID for a key that is not one
 */
export function createDataConverter(
  config: Pick<Config, 'encryption'>,
  onUnreadable?: (keyId: string) => void,
): DataConverter {
  const options = onUnreadable === undefined ? {} : { onUnreadable };
  return {
    payloadCodecs: [new EncryptionCodec(createKeyRing(config.encryption), options)],
    // By path, because it is also bundled into the workflow sandbox; resolves to .ts under test and .js in dist.
    failureConverterPath: require.resolve('./failure-converter'),
  };
}

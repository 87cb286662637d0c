/** Door of the blob store: the interface, and the one function that builds a store from the configuration. */
import path from 'node:path';
import type { Config } from '../config/schema';
import { createKeyRing } from '../codec/key-ring';
import { EncryptedBlobStore } from './encrypted-blob-store';
import { FolderBackend } from './folder-backend';
import { S3Backend } from './s3-backend';

export type { BlobStore } from './blob-store';

/**
 * @throws DuctusError DUCTUS_CONFIG_INVALID for a key that is not one
 */
export function createBlobStore(config: Pick<Config, 'blobs' | 'dataDir' | 'encryption'>): EncryptedBlobStore {
  const { store } = config.blobs;
  const backend =
    store.kind === 's3' ? new S3Backend(store) : new FolderBackend(store.path ?? path.join(config.dataDir, 'blobs'));
  return new EncryptedBlobStore(backend, createKeyRing(config.encryption));
}

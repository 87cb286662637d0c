/** The contract of S3 on versitygw, which checks signatures and pre-signed URLs and has no session tokens. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describeS3Door } from '../s3-door.contract';
import { startPeer } from './peer-process';

describeS3Door('versitygw', ['presigned-urls', 'clock-skew'], async () => {
  const folder = await mkdtemp(join(tmpdir(), 'versitygw-'));
  const credentials = { accessKeyId: 'contract', secretAccessKey: 'contract-secret' };
  await mkdir(join(folder, 'objects/delivery-bucket'), { recursive: true });
  await mkdir(join(folder, 'metadata'));
  await mkdir(join(folder, 'iam'));
  const peer = await startPeer('versitygw/versitygw', (port) => [
    ...['--port', `127.0.0.1:${port}`, '--region', 'eu-central-1', '--quiet'],
    ...['--access', credentials.accessKeyId, '--secret', credentials.secretAccessKey],
    ...['--iam-dir', join(folder, 'iam'), 'posix', '--sidecar', join(folder, 'metadata'), join(folder, 'objects')],
  ]);
  const s3 = new S3Client({ endpoint: peer.endpoint, region: 'eu-central-1', credentials, forcePathStyle: true });
  return {
    endpoint: peer.endpoint,
    region: 'eu-central-1',
    bucket: 'delivery-bucket',
    credentials,
    put: async (key, bytes) => {
      await s3.send(new PutObjectCommand({ Bucket: 'delivery-bucket', Key: key, Body: bytes }));
    },
    stop: async () => {
      s3.destroy();
      await peer.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
});

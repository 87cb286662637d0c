/** Blobs in an S3 bucket of the hospital, with the credentials that the AWS SDK finds for this process. */
import http from 'node:http';
import https from 'node:https';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { lookupWithLocalhost } from '../../connectors/http/localhost-lookup';
import { readServiceError } from '../../connectors/s3/service-error';
import { LIMITS } from '../../domain/limits';
import type { Config } from '../config/schema';
import type { BlobBackend } from './blob-store';
import { blobUnavailable } from './blob-store';

export type S3BlobConfig = Extract<Config['blobs']['store'], { kind: 's3' }>;

/** A list of keys is a request a blob; the deliveries that go on meanwhile need connections as well. */
const HEADS_AT_ONCE = 16;

export class S3Backend implements BlobBackend {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor(config: S3BlobConfig) {
    this.#bucket = config.bucket;
    this.#prefix = config.prefix;
    const agent = { keepAlive: true, maxSockets: 50, lookup: lookupWithLocalhost };
    this.#client = new S3Client({
      region: config.region,
      // Encryption at rest, life cycle and versions are the bucket's own settings.
      requestHandler: {
        httpAgent: new http.Agent(agent),
        httpsAgent: new https.Agent(agent),
        connectionTimeout: LIMITS.httpConnectMs,
        socketTimeout: LIMITS.httpIdleMs,
      },
      ...(config.endpoint === undefined ? {} : { endpoint: config.endpoint, forcePathStyle: true }),
    });
  }

  async write(key: string, bytes: Buffer): Promise<void> {
    await this.#guard('write', () =>
      this.#client.send(
        new PutObjectCommand({ ...this.#place(key), Body: bytes, ContentType: 'application/octet-stream' }),
      ),
    );
  }

  async read(key: string): Promise<Buffer | undefined> {
    return this.#guard('read', async () => {
      try {
        const answer = await this.#client.send(new GetObjectCommand(this.#place(key)));
        return answer.Body === undefined ? undefined : Buffer.from(await answer.Body.transformToByteArray());
      } catch (error) {
        const { name, status } = readServiceError(error, 0);
        if (status === 404 && name !== 'NoSuchBucket') return undefined;
        throw error;
      }
    });
  }

  async remove(key: string): Promise<void> {
    await this.#guard('delete', () => this.#client.send(new DeleteObjectCommand(this.#place(key))));
  }

  async *heads(bytes: number): AsyncGenerator<Buffer> {
    const pages = paginateListObjectsV2({ client: this.#client }, { Bucket: this.#bucket, Prefix: this.#prefix });
    for (;;) {
      const { value, done } = await this.#guard('list', () => pages.next());
      if (done === true) return;
      const keys = (value.Contents ?? []).flatMap(({ Key }) => Key ?? []);
      for (let at = 0; at < keys.length; at += HEADS_AT_ONCE) {
        const heads = await Promise.all(keys.slice(at, at + HEADS_AT_ONCE).map((key) => this.#head(key, bytes)));
        yield* heads.filter((head) => head !== undefined);
      }
    }
  }

  /** @param key with the prefix; @returns undefined for what is gone meanwhile */
  async #head(key: string, bytes: number): Promise<Buffer | undefined> {
    return this.#guard('read', async () => {
      try {
        const range = `bytes=0-${String(bytes - 1)}`;
        const answer = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key, Range: range }));
        return answer.Body === undefined ? undefined : Buffer.from(await answer.Body.transformToByteArray());
      } catch (error) {
        const { status } = readServiceError(error, 0);
        // 416: an empty object has no first byte.
        if (status === 404 || status === 416) return undefined;
        throw error;
      }
    });
  }

  close(): void {
    this.#client.destroy();
  }

  #place(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }

  async #guard<T>(what: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      const failure = readServiceError(error, Date.now());
      throw blobUnavailable(
        `The blob store could not ${what} in the bucket ${this.#bucket}`,
        failure.reason ?? failure.name,
      );
    }
  }
}

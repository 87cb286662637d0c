/**
 * Reads a file by GetObject from an access point or bucket, with session credentials (SPECS §1.4). Expired or
 * refused credentials are replaced once, at once; all other retries belong to the caller.
 */
import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { FileSource } from '../../domain/data-sharing';
import { LIMITS } from '../../domain/limits';
import type { ByteBudget } from '../../runtime/byte-budget';
import type { OrganizationConfig } from '../../runtime/config/schema';
import { lookupWithLocalhost } from '../http/localhost-lookup';
import { withTimeLimit } from '../http/time-limit';
import type { CredentialCache, S3Credentials } from './credentials';
import { credentialsMayBeStale, objectError } from './errors';
import { md5OfEtag, plainEtag, readFile } from './file';
import type { OpenedFile, RetrievedFile } from './file';
import { parseSourceAddress } from './source-address';
import type { SourceAddress } from './source-address';

export interface S3ObjectReaderOptions {
  readonly retrieval: OrganizationConfig['retrieval'];
  readonly credentials: CredentialCache;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Bytes of all files that the worker holds at once. */
  readonly budget: ByteBudget;
}

/** Where S3 looks first for a bucket that nobody gave a region; it then names the right one. */
const FIRST_REGION = 'us-east-1';

export class S3ObjectReader {
  readonly #retrieval: OrganizationConfig['retrieval'];
  readonly #credentials: CredentialCache;
  readonly #httpAgent: http.Agent;
  readonly #httpsAgent: https.Agent;

  constructor(options: S3ObjectReaderOptions) {
    this.#retrieval = options.retrieval;
    this.#credentials = options.credentials;
    const agent = { keepAlive: true, maxSockets: 50, lookup: lookupWithLocalhost };
    this.#httpAgent = new http.Agent(agent);
    this.#httpsAgent = new https.Agent({
      ...agent,
      minVersion: 'TLSv1.2',
      ...(options.retrieval.ca === undefined ? {} : { ca: options.retrieval.ca.reveal() }),
    });
  }

  /**
   * @throws DuctusError of the S3 and file rows of the error table, and what the credentials' source throws; the
   *   signal's reason when the caller gave up
   */
  async read(
    source: Omit<Extract<FileSource, { kind: 'access-point' }>, 'kind'>,
    options: ReadOptions,
  ): Promise<RetrievedFile> {
    const address = parseSourceAddress(source.accessPoint, this.#retrieval.allowedBuckets);
    try {
      return await withTimeLimit(LIMITS.retrieveTryMs, options.signal, async (signal) =>
        readFile(() => this.#open(address, source.objectKey, signal), {
          maxBytes: this.#retrieval.maxFileBytes,
          budget: options.budget,
          signal,
        }),
      );
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason;
      throw objectError(error, source.accessPoint);
    }
  }

  /** Closes idle connections. */
  close(): void {
    this.#httpAgent.destroy();
    this.#httpsAgent.destroy();
  }

  async #open(address: SourceAddress, objectKey: string, signal: AbortSignal): Promise<OpenedFile> {
    const credentials = await this.#credentials.get(signal);
    try {
      return await this.#getObject(address, objectKey, credentials, signal);
    } catch (error) {
      if (signal.aborted || !credentialsMayBeStale(error)) throw error;
      this.#credentials.invalidate(credentials);
      return this.#getObject(address, objectKey, await this.#credentials.get(signal), signal);
    }
  }

  async #getObject(
    address: SourceAddress,
    objectKey: string,
    credentials: S3Credentials,
    signal: AbortSignal,
  ): Promise<OpenedFile> {
    const answer = await this.#client(address, credentials).send(
      new GetObjectCommand({ Bucket: address.bucket, Key: objectKey }),
      { abortSignal: signal },
    );
    if (!(answer.Body instanceof Readable)) throw new TypeError('the AWS SDK answered without a Node stream');
    const etag = plainEtag(answer.ETag);
    const md5 = md5OfEtag(etag, {
      encryption: answer.ServerSideEncryption,
      customerAlgorithm: answer.SSECustomerAlgorithm,
      storageClass: answer.StorageClass,
    });
    return { body: answer.Body, length: answer.ContentLength, etag, md5 };
  }

  /**
   * A client for each request: it costs 0.1 ms, keeps nothing but the shared agents, and so can never send
   * credentials that the cache has dropped.
   */
  #client(address: SourceAddress, credentials: S3Credentials): S3Client {
    const { endpoint } = this.#retrieval;
    return new S3Client({
      region: address.region ?? this.#region(credentials),
      useArnRegion: true,
      followRegionRedirects: endpoint === undefined,
      maxAttempts: 1,
      credentials: {
        accessKeyId: credentials.accessKeyId,
        secretAccessKey: credentials.secretAccessKey.reveal(),
        ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken.reveal() }),
      },
      requestHandler: {
        httpAgent: this.#httpAgent,
        httpsAgent: this.#httpsAgent,
        connectionTimeout: LIMITS.httpConnectMs,
        socketTimeout: LIMITS.httpIdleMs,
      },
      // Other servers than S3 have no host for each bucket; an ARN always becomes a host.
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: !address.isArn }),
    });
  }

  /** Region of a bucket that comes by name: the one of the role, of the token's resources, or the one S3 tells. */
  #region(credentials: S3Credentials): string {
    const source = this.#retrieval.credentials;
    if (source.source !== 'roche-token') return source.region;
    return credentials.resources?.map((arn) => arn.split(':')[3]).find((region) => region) ?? FIRST_REGION;
  }
}

/**
 * A door with S3's manners for reading: GetObject and HeadObject on one bucket, by path, by virtual host or through an
 * access point, with checked signatures. It stands in for S3 where nothing can be installed; a contract test runs on it
 * and on other S3 servers.
 */
import { randomBytes } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { listen, shut } from '../listening';
import { S3Error } from './s3-error';
import { checkSignature } from './s3-signature';
import type { ObjectStore, StoredObject } from './s3-objects';
import type { CredentialStore, StoredCredentials } from './temporary-credentials';

/** What can go wrong on demand. */
export type S3Fault = 's3-503' | 's3-reset' | 's3-truncated' | 's3-expired-token' | 's3-expired-url';

/** What the door tells of a request whose signature was right, before it answers it. */
export interface S3Read {
  readonly key: string;
  readonly presigned: boolean;
  readonly credentials: StoredCredentials;
}

export interface S3DoorOptions {
  readonly region: string;
  readonly bucket: string;
  /** ARNs of access points of the bucket. */
  readonly accessPoints: readonly string[];
  readonly credentials: CredentialStore;
  readonly objects: ObjectStore;
  /** Server certificate; left out: plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly port?: number;
  /** Host of the endpoint. Access points are hosts below it. */
  readonly endpointHost?: string;
  /** Asked for every GET. */
  readonly fault?: (read: S3Read) => S3Fault | undefined;
  /** Told of every answer: the HTTP status and S3's code, if it was an error. */
  readonly onAnswer?: (status: number, code: string | undefined) => void;
}

/** The door. It listens on 127.0.0.1 only. */
export class S3Door implements AsyncDisposable {
  readonly #options: S3DoorOptions;
  readonly #server: Server;
  readonly #endpointHost: string;
  /** Signatures of pre-signed URLs that a fault has ended. */
  readonly #endedUrls = new Set<string>();
  #port = 0;

  constructor(options: S3DoorOptions) {
    this.#options = options;
    this.#endpointHost = options.endpointHost ?? 'localhost';
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#handle(request, response);
    };
    this.#server =
      options.tls === undefined
        ? createHttpServer(handle)
        : createHttpsServer({ cert: options.tls.cert, key: options.tls.key }, handle);
  }

  async start(): Promise<void> {
    this.#port = await listen(this.#server, this.#options.port ?? 0);
  }

  async stop(): Promise<void> {
    await shut(this.#server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** The endpoint, for example `https://localhost:41234`. */
  get endpoint(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://${this.#endpointHost}:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Path-style address of an object. */
  objectUrl(key: string): URL {
    const path = key.split('/').map(encodeURIComponent).join('/');
    return new URL(`${this.endpoint}/${this.#options.bucket}/${path}`);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomBytes(8).toString('hex').toUpperCase();
    response.setHeader('x-amz-request-id', requestId);
    response.setHeader('x-amz-id-2', 'simulated');
    response.setHeader('Server', 'AmazonS3');
    request.resume();
    try {
      await this.#answer(request, response);
      this.#options.onAnswer?.(response.statusCode, undefined);
    } catch (error) {
      const refusal =
        error instanceof S3Error
          ? error
          : new S3Error('InternalError', 'We encountered an internal error. Please try again.');
      const body = Buffer.from(request.method === 'HEAD' ? '' : refusal.toXml(requestId));
      response.writeHead(refusal.status, { 'Content-Type': 'application/xml', 'Content-Length': body.length });
      response.end(body);
      this.#options.onAnswer?.(refusal.status, refusal.code);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? 'GET';
    const signed = { method, url: request.url ?? '/', headers: flatHeaders(request) };
    const signer = await checkSignature(signed, {
      region: this.#options.region,
      credentials: this.#options.credentials,
    });
    const { resource, key } = this.#locate(signed.url, signed.headers['host'] ?? '');
    if (method !== 'GET' && method !== 'HEAD') {
      throw new S3Error('MethodNotAllowed', 'The specified method is not allowed against this resource.');
    }
    if (signer.credentials.resources?.includes(resource) === false || this.#endedUrls.has(signer.signature)) {
      throw new S3Error('AccessDenied', 'Access Denied');
    }
    const read = { key, presigned: signer.presigned, credentials: signer.credentials };
    const fault = method === 'GET' ? this.#options.fault?.(read) : undefined;
    this.#refuseOnDemand(fault, read, signer.signature);
    const object = this.#options.objects.get(key);
    if (object === undefined) {
      throw new S3Error('NoSuchKey', 'The specified key does not exist.', { Key: key });
    }
    await send(response, object, method === 'HEAD', fault);
  }

  #refuseOnDemand(fault: S3Fault | undefined, read: S3Read, signature: string): void {
    switch (fault) {
      case 's3-503':
        throw new S3Error('SlowDown', 'Please reduce your request rate.');
      case 's3-expired-token':
        // As if the token's time were over: it stays so, and only a new token helps.
        this.#options.credentials.expire(read.credentials.accessKeyId);
        throw new S3Error('ExpiredToken', 'The provided token has expired.');
      case 's3-expired-url':
        this.#endedUrls.add(signature);
        throw new S3Error('AccessDenied', 'Request has expired');
      case 's3-reset':
      case 's3-truncated':
      case undefined:
    }
  }

  /** Which access point or bucket a request means, and which key. */
  #locate(url: string, host: string): { resource: string; key: string } {
    const path = decodeURIComponent(url.split('?', 1)[0] ?? '/').slice(1);
    const hostname = host.replace(/:\d+$/, '').toLowerCase();
    const below = hostname.endsWith(`.${this.#endpointHost}`)
      ? hostname.slice(0, -this.#endpointHost.length - 1)
      : undefined;
    if (below === undefined) {
      const slash = path.indexOf('/');
      const bucket = slash < 0 ? path : path.slice(0, slash);
      return { resource: this.#bucket(bucket), key: slash < 0 ? '' : path.slice(slash + 1) };
    }
    const accessPoint = this.#options.accessPoints.find((arn) => accessPointHost(arn) === below);
    return { resource: accessPoint ?? this.#bucket(below), key: path };
  }

  #bucket(name: string): string {
    if (name !== this.#options.bucket) {
      throw new S3Error('NoSuchBucket', 'The specified bucket does not exist', { BucketName: name });
    }
    return name;
  }
}

/** `arn:aws:s3:<region>:<account>:accesspoint/<name>` → `<name>-<account>`. */
function accessPointHost(arn: string): string {
  const [, , , , account = '', resource = ''] = arn.split(':');
  return `${resource.replace('accesspoint/', '')}-${account}`.toLowerCase();
}

async function send(
  response: ServerResponse,
  object: StoredObject,
  headOnly: boolean,
  fault: S3Fault | undefined,
): Promise<void> {
  const half = object.bytes.subarray(0, Math.floor(object.bytes.length / 2));
  const body = fault === 's3-truncated' ? half : object.bytes;
  response.writeHead(200, {
    'Content-Type': object.contentType,
    'Content-Length': body.length,
    ETag: object.etag,
    'Last-Modified': object.modifiedAt.toUTCString(),
    'Accept-Ranges': 'bytes',
    'x-amz-server-side-encryption': 'AES256',
  });
  if (headOnly) {
    response.end();
  } else if (fault === 's3-reset') {
    response.flushHeaders();
    await new Promise<void>((resolve) => {
      response.write(half, () => {
        resolve();
      });
    });
    response.destroy();
  } else {
    response.end(body);
  }
}

/** Node joins repeated headers; what is left as a list (Set-Cookie) no client sends. */
function flatHeaders(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : (value ?? ''),
    ]),
  );
}

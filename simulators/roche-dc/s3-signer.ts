/** The AWS SDK's Signature Version 4 signer, set up for S3. */
import { createHash, createHmac } from 'node:crypto';
import { ALGORITHM_IDENTIFIER, getCanonicalHeaders, SignatureV4 } from '@smithy/signature-v4';
import type { StoredCredentials } from './temporary-credentials';

/** Decoded query parameters. */
export type Query = Record<string, string>;

/**
 * Makes a pre-signed GET URL.
 * @param url address without a query, its path percent-encoded
 * @param lifetimeSeconds X-Amz-Expires
 * @param signedAt start of the life time; default: now
 */
export async function presignGet(
  url: URL,
  credentials: StoredCredentials,
  region: string,
  lifetimeSeconds: number,
  signedAt: Date = new Date(),
): Promise<string> {
  const request = {
    method: 'GET',
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: {},
    // S3 asks for this payload hash in pre-signed URLs; the signer moves it into the query.
    headers: { host: url.host, 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' },
  };
  const { query = {} } = await new S3Signer(credentials, region).presign(request, {
    expiresIn: lifetimeSeconds,
    signingDate: signedAt,
  });
  const text = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return `${url.origin}${url.pathname}?${text.join('&')}`;
}

/** The SDK's signer for S3: also tells the signature that a request which came should have. */
export class S3Signer extends SignatureV4 {
  constructor(credentials: StoredCredentials, region: string) {
    super({ credentials, region, service: 's3', sha256: NodeSha256, uriEscapePath: false, applyChecksum: false });
  }

  /**
   * The signature of a request.
   * @param path percent-encoded once; @param query decoded; @param headers the signed ones, lower-case
   */
  async expected(
    method: string,
    path: string,
    query: Query,
    headers: Record<string, string>,
    payloadHash: string,
    signedAt: Date,
  ): Promise<string> {
    const request = { method, path, query, headers, protocol: 'https:', hostname: headers['host'] ?? '' };
    const canonicalHeaders = getCanonicalHeaders(request, undefined, new Set(Object.keys(headers)));
    const canonicalRequest = this.createCanonicalRequest(request, canonicalHeaders, payloadHash);
    const { longDate, shortDate } = this.formatDate(signedAt);
    const scope = `${shortDate}/${await this.regionProvider()}/${this.service}/aws4_request`;
    const stringToSign = await this.createStringToSign(longDate, scope, canonicalRequest, ALGORITHM_IDENTIFIER);
    return this.sign(stringToSign, { signingDate: signedAt });
  }
}

/** Node's SHA-256 in the shape that the SDK's signer asks for (a secret makes it an HMAC). */
class NodeSha256 {
  readonly #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', toBytes(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(toBytes(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') {
    return Buffer.from(data, 'utf8');
  }
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

/**
 * Checks AWS Signature Version 4 on requests to S3, in the headers and in the query (pre-signed URLs).
 *
 * Canonical request, string to sign and signing key come from the AWS SDK's own signer, so that the check is no second
 * reading of the specification. What a signature has to fulfil besides (time, scope, token) is from "Authenticating
 * requests (AWS Signature Version 4)" of the Amazon S3 API reference.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { ALGORITHM_IDENTIFIER, MAX_PRESIGNED_TTL } from '@smithy/signature-v4';
import { S3Error } from './s3-error';
import { S3Signer } from './s3-signer';
import type { Query } from './s3-signer';
import type { CredentialStore, StoredCredentials } from './temporary-credentials';

/** A request as it came in. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  /** Lower-case names; repeated headers joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface SignatureCheck {
  readonly region: string;
  readonly credentials: CredentialStore;
}

export interface Signer {
  readonly credentials: StoredCredentials;
  readonly presigned: boolean;
  readonly signature: string;
}

/** AWS: a request's time may differ by 15 minutes. */
const ALLOWED_SKEW_MS = 15 * 60 * 1000;
const EMPTY_SHA256 = createHash('sha256').digest('hex');
const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

interface Claim {
  readonly accessKeyId: string;
  readonly scopeDate: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/**
 * Checks who signed a request.
 * @throws S3Error as AWS answers
 */
export async function checkSignature(request: SignedRequest, check: SignatureCheck): Promise<Signer> {
  const { path, query } = splitUrl(request.url);
  if (query['X-Amz-Algorithm'] !== undefined) {
    return checkQuery(request, path, query, check);
  }
  if (request.headers['authorization'] !== undefined) {
    return checkHeader(request, request.headers['authorization'], path, query, check);
  }
  throw new S3Error('AccessDenied', 'Access Denied');
}

async function checkHeader(
  request: SignedRequest,
  authorization: string,
  path: string,
  query: Query,
  check: SignatureCheck,
): Promise<Signer> {
  const malformed = (what: string): S3Error => new S3Error('AuthorizationHeaderMalformed', what);
  const fields = new Map(
    authorization
      .slice(authorization.indexOf(' ') + 1)
      .split(',')
      .map((part): [string, string] => {
        const [name = '', ...value] = part.trim().split('=');
        return [name, value.join('=')];
      }),
  );
  if (!authorization.startsWith(`${ALGORITHM_IDENTIFIER} `)) {
    throw new S3Error(
      'InvalidRequest',
      'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
    );
  }
  const claim = readClaim(fields.get('Credential'), fields.get('SignedHeaders'), fields.get('Signature'), malformed);
  const credentials = findCredentials(claim, request.headers['x-amz-security-token'], check.credentials);
  const signedAt = readDate(
    request.headers['x-amz-date'],
    () => new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header'),
  );
  if (Math.abs(Date.now() - signedAt.getTime()) > ALLOWED_SKEW_MS) {
    throw new S3Error(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      {
        RequestTime: request.headers['x-amz-date'] ?? '',
        ServerTime: new Date().toISOString(),
        MaxAllowedSkewMilliseconds: String(ALLOWED_SKEW_MS),
      },
    );
  }
  checkScope(claim, signedAt, check.region, malformed);

  const payloadHash = request.headers['x-amz-content-sha256'];
  if (payloadHash === undefined) {
    throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  if (payloadHash !== EMPTY_SHA256 && payloadHash !== UNSIGNED_PAYLOAD) {
    throw new S3Error(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
      {
        ClientComputedContentSHA256: payloadHash,
        S3ComputedContentSHA256: EMPTY_SHA256,
      },
    );
  }
  checkAllSigned(request, claim);
  await compare(claim, credentials, request, path, query, payloadHash, signedAt);
  return { credentials, presigned: false, signature: claim.signature };
}

async function checkQuery(request: SignedRequest, path: string, query: Query, check: SignatureCheck): Promise<Signer> {
  const wrong = (what: string): S3Error => new S3Error('AuthorizationQueryParametersError', what);
  if (query['X-Amz-Algorithm'] !== ALGORITHM_IDENTIFIER) {
    throw wrong('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"');
  }
  const claim = readClaim(query['X-Amz-Credential'], query['X-Amz-SignedHeaders'], query['X-Amz-Signature'], wrong);
  const signedAt = readDate(query['X-Amz-Date'], () =>
    wrong("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""),
  );
  const expires = Number(query['X-Amz-Expires']);
  if (!Number.isInteger(expires) || expires < 0) {
    throw wrong('X-Amz-Expires should be a number');
  }
  if (expires > MAX_PRESIGNED_TTL) {
    throw wrong('X-Amz-Expires must be less than a week (in seconds) that is 604800');
  }
  const credentials = findCredentials(claim, query['X-Amz-Security-Token'], check.credentials);
  checkScope(claim, signedAt, check.region, wrong);
  const endsAt = new Date(signedAt.getTime() + expires * 1000);
  if (Date.now() > endsAt.getTime()) {
    throw new S3Error('AccessDenied', 'Request has expired', {
      'X-Amz-Expires': String(expires),
      Expires: endsAt.toISOString(),
      ServerTime: new Date().toISOString(),
    });
  }
  if (signedAt.getTime() - Date.now() > ALLOWED_SKEW_MS) {
    throw new S3Error('AccessDenied', 'Request is not valid yet');
  }
  checkAllSigned(request, claim);
  const payloadHash = query['X-Amz-Content-Sha256'] ?? request.headers['x-amz-content-sha256'] ?? UNSIGNED_PAYLOAD;
  await compare(claim, credentials, request, path, query, payloadHash, signedAt);
  return { credentials, presigned: true, signature: claim.signature };
}

function readClaim(
  credential: string | undefined,
  signedHeaders: string | undefined,
  signature: string | undefined,
  wrong: (what: string) => S3Error,
): Claim {
  const [accessKeyId, scopeDate, region, service, terminator, ...rest] = (credential ?? '').split('/');
  if (!accessKeyId || !scopeDate || !region || !service || terminator !== 'aws4_request' || rest.length > 0) {
    throw wrong('the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".');
  }
  if (!signedHeaders || signature === undefined || !/^[0-9a-f]{64}$/.test(signature)) {
    throw wrong('Signature and SignedHeaders are required.');
  }
  return { accessKeyId, scopeDate, region, service, signedHeaders: signedHeaders.split(';'), signature };
}

function findCredentials(claim: Claim, token: string | undefined, store: CredentialStore): StoredCredentials {
  const found = store.find(claim.accessKeyId);
  // AWS calls a temporary key without its token unknown as well.
  if (found === undefined || (found.sessionToken !== undefined && token === undefined)) {
    throw new S3Error('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', {
      AWSAccessKeyId: claim.accessKeyId,
    });
  }
  if (found.sessionToken !== token) {
    throw new S3Error('InvalidToken', 'The provided token is malformed or otherwise invalid.');
  }
  if (found.expiresAtMs !== undefined && found.expiresAtMs <= Date.now()) {
    throw new S3Error('ExpiredToken', 'The provided token has expired.');
  }
  return found;
}

function checkScope(claim: Claim, signedAt: Date, region: string, wrong: (what: string) => S3Error): void {
  const day = signedAt.toISOString().slice(0, 10).replaceAll('-', '');
  if (claim.scopeDate !== day) {
    throw wrong(`Invalid credential date "${claim.scopeDate}". This date is not the same as X-Amz-Date: "${day}".`);
  }
  if (claim.region !== region) {
    throw wrong(`the region '${claim.region}' is wrong; expecting '${region}'`);
  }
  if (claim.service !== 's3') {
    throw wrong(`incorrect service "${claim.service}". This endpoint belongs to "s3".`);
  }
}

/** AWS: `host` and every `x-amz-` header have to be signed. */
function checkAllSigned(request: SignedRequest, claim: Claim): void {
  const signed = new Set(claim.signedHeaders);
  const missing = Object.keys(request.headers).filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signed.has(name),
  );
  if (missing.length > 0) {
    throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
      HeadersNotSigned: missing.join(', '),
    });
  }
}

async function compare(
  claim: Claim,
  credentials: StoredCredentials,
  request: SignedRequest,
  path: string,
  query: Query,
  payloadHash: string,
  signedAt: Date,
): Promise<void> {
  const headers: Record<string, string> = {};
  for (const name of claim.signedHeaders) {
    headers[name] = request.headers[name] ?? '';
  }
  const signer = new S3Signer(credentials, claim.region);
  const expected = await signer.expected(request.method, path, query, headers, payloadHash, signedAt);
  if (!timingSafeEqual(Buffer.from(expected), Buffer.from(claim.signature))) {
    throw new S3Error(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      { AWSAccessKeyId: claim.accessKeyId, SignatureProvided: claim.signature },
    );
  }
}

/** The path in canonical form (each segment encoded once, as AWS does) and the decoded query. */
function splitUrl(url: string): { path: string; query: Query } {
  const question = url.indexOf('?');
  const rawPath = question < 0 ? url : url.slice(0, question);
  const query: Query = {};
  try {
    for (const pair of question < 0 ? [] : url.slice(question + 1).split('&')) {
      const equals = pair.indexOf('=');
      const name = decodeURIComponent(equals < 0 ? pair : pair.slice(0, equals));
      if (name !== '') {
        query[name] = equals < 0 ? '' : decodeURIComponent(pair.slice(equals + 1));
      }
    }
    return {
      path: rawPath
        .split('/')
        .map((segment) => encodeSegment(decodeURIComponent(segment)))
        .join('/'),
      query,
    };
  } catch {
    throw new S3Error('InvalidURI', "Couldn't parse the specified URI.");
  }
}

function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function readDate(text: string | undefined, wrong: () => S3Error): Date {
  const parts = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text ?? '');
  const date = new Date(parts === null ? Number.NaN : `${parts.slice(1, 4).join('-')}T${parts.slice(4).join(':')}Z`);
  if (Number.isNaN(date.getTime())) {
    throw wrong();
  }
  return date;
}

/**
 * Reads a file by a pre-signed URL (SPECS §1.3 option 2, §1.4): a plain GET without further headers, to allowed
 * hosts only. The URL is a credential and appears in no error.
 */
import type { Agent } from 'undici';
import { request } from 'undici';
import type { Dispatcher } from 'undici';
import { DuctusError } from '../../domain/errors';
import type { ErrorCode } from '../../domain/errors';
import { LIMITS } from '../../domain/limits';
import type { OrganizationConfig } from '../../runtime/config/schema';
import { createAgent } from '../http/agent';
import { networkReason } from '../http/network-reason';
import { discardBody, readBody } from '../http/read-body';
import { parseRetryAfter } from '../http/retry-after';
import { withTimeLimit } from '../http/time-limit';
import { md5OfEtag, plainEtag, readFile } from './file';
import type { OpenedFile, RetrievedFile } from './file';
import type { ReadOptions } from './object-reader';
import { parseAllowedUrl, traceOf } from './url-policy';

export interface PresignedReaderOptions {
  readonly retrieval: Pick<OrganizationConfig['retrieval'], 'allowedHosts' | 'ca' | 'maxFileBytes'>;
}

/** S3's error documents have about 500 bytes. */
const MAX_ERROR_BYTES = 16 * 1024;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export class PresignedReader {
  readonly #retrieval: PresignedReaderOptions['retrieval'];
  readonly #agent: Agent;

  constructor(options: PresignedReaderOptions) {
    this.#retrieval = options.retrieval;
    this.#agent = createAgent(options.retrieval.ca === undefined ? undefined : { ca: options.retrieval.ca }, {
      connections: 50,
      connectTimeoutMs: LIMITS.httpConnectMs,
      idleTimeoutMs: LIMITS.httpIdleMs,
    });
  }

  /**
   * @throws DuctusError DUCTUS_URL_REFUSED, DUCTUS_URL_EXPIRED, and of the S3 and file rows; the signal's reason when
   *   the caller gave up
   */
  async read(url: string, options: ReadOptions): Promise<RetrievedFile> {
    const target = parseAllowedUrl(url, this.#retrieval.allowedHosts);
    try {
      return await withTimeLimit(LIMITS.retrieveTryMs, options.signal, async (signal) =>
        readFile(() => this.#open(target, signal), {
          maxBytes: this.#retrieval.maxFileBytes,
          budget: options.budget,
          signal,
        }),
      );
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason;
      if (error instanceof DuctusError) throw error;
      const reason = networkReason(error);
      if (reason === undefined) throw error;
      throw new DuctusError('DUCTUS_S3_UNREACHABLE', `The host ${target.host} did not give the file (${reason}).`, {
        details: { ...traceOf(target), reason },
      });
    }
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  /** Follows one redirect at most, and only to where the first URL could have pointed. */
  async #open(target: URL, signal: AbortSignal): Promise<OpenedFile> {
    let url = target;
    let answer = await this.#get(url, signal);
    if (REDIRECTS.has(answer.statusCode)) {
      discardBody(answer.body);
      const location = single(answer.headers['location']);
      if (location === undefined) throw redirectRefused(url, 'it redirects to no place');
      url = parseAllowedUrl(location, this.#retrieval.allowedHosts, url);
      answer = await this.#get(url, signal);
      if (REDIRECTS.has(answer.statusCode)) {
        discardBody(answer.body);
        throw redirectRefused(url, 'it redirects more than once');
      }
    }
    if (answer.statusCode !== 200) throw await answerError(answer, url, signal);
    const etag = plainEtag(single(answer.headers['etag']));
    const md5 = md5OfEtag(etag, {
      encryption: single(answer.headers['x-amz-server-side-encryption']),
      customerAlgorithm: single(answer.headers['x-amz-server-side-encryption-customer-algorithm']),
      storageClass: single(answer.headers['x-amz-storage-class']),
    });
    return { body: answer.body, length: contentLength(single(answer.headers['content-length'])), etag, md5 };
  }

  async #get(url: URL, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    return request(url, { dispatcher: this.#agent, method: 'GET', signal });
  }
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function contentLength(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

function redirectRefused(url: URL, why: string): DuctusError {
  return new DuctusError('DUCTUS_URL_REFUSED', `Ductus does not call this pre-signed URL: ${why}.`, {
    details: traceOf(url),
  });
}

async function answerError(answer: Dispatcher.ResponseData, url: URL, signal: AbortSignal): Promise<DuctusError> {
  const status = answer.statusCode;
  // An error document that cannot be read says no less than none.
  const body = await readBody(answer.body, { maxBytes: MAX_ERROR_BYTES, signal }).catch(() => Buffer.alloc(0));
  signal.throwIfAborted();
  const reason = /<Code>([A-Za-z][A-Za-z0-9.]{1,63})<\/Code>/.exec(body.toString('utf8'))?.[1] ?? 'unknown';
  const code = codeOf(status, reason);
  const retryAfterMs =
    code === 'DUCTUS_S3_UNREACHABLE' ? parseRetryAfter(answer.headers['retry-after'], Date.now()) : undefined;
  return new DuctusError(code, `The host ${url.host} answered ${status} (${reason}) to a pre-signed URL.`, {
    details: { ...traceOf(url), status, reason },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** S3 answers an expired URL with 403 AccessDenied ("Request has expired"), one with an expired token with 400 ExpiredToken. */
function codeOf(status: number, reason: string): ErrorCode {
  if (status >= 500 || status === 429 || status === 408) return 'DUCTUS_S3_UNREACHABLE';
  if (reason === 'SlowDown' || reason === 'RequestTimeout') return 'DUCTUS_S3_UNREACHABLE';
  if (status === 404 || status === 410) return 'DUCTUS_S3_NOT_FOUND';
  if (status === 400 || status === 401 || status === 403) return 'DUCTUS_URL_EXPIRED';
  return 'DUCTUS_S3_ACCESS_DENIED';
}

/** One small HTTP exchange: a total time limit, a limit for the answer, no redirects. */
import { request } from 'undici';
import type { Dispatcher } from 'undici';
import { readBody } from './read-body';
import { withTimeLimit } from './time-limit';

export interface SmallRequest {
  readonly dispatcher: Dispatcher;
  readonly url: URL;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds for all of it, from connecting to the last byte of the answer. */
  readonly timeLimitMs: number;
  readonly maxAnswerBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface SmallAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/**
 * @throws TimeLimitError, BodyTooLargeError, the caller's abort reason, and the errors of undici (see `networkReason`)
 */
export async function sendSmallRequest(input: SmallRequest): Promise<SmallAnswer> {
  return withTimeLimit(input.timeLimitMs, input.signal, async (signal) => {
    const answer = await request(input.url, {
      dispatcher: input.dispatcher,
      method: input.method,
      headers: input.headers,
      signal,
      ...(input.body === undefined ? {} : { body: input.body }),
    });
    const body = await readBody(answer.body, { maxBytes: input.maxAnswerBytes, signal });
    return { status: answer.statusCode, headers: answer.headers, body };
  });
}

/** One request without a body to see whether a server answers: its status, its clock, and a small body. */
import { request } from 'undici';
import type { ClientTlsConfig } from '../../runtime/config/schema';
import { createAgent } from './agent';
import { readBody } from './read-body';

export interface Asked {
  readonly status: number;
  /** Header `Date` (RFC 9110 §6.6.1). */
  readonly date: Date | undefined;
  readonly body: string;
}

export interface AskOptions {
  readonly url: string;
  readonly method: 'GET' | 'HEAD' | 'OPTIONS';
  readonly tls: ClientTlsConfig | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeLimitMs: number;
}

/** A capability statement of a large server has some hundred kB. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** @throws errors of undici, Node and OpenSSL: see `networkReason` */
export async function ask({ url, method, tls, headers, timeLimitMs }: AskOptions): Promise<Asked> {
  const agent = createAgent(tls, { connections: 1, connectTimeoutMs: timeLimitMs, idleTimeoutMs: timeLimitMs });
  try {
    const signal = AbortSignal.timeout(timeLimitMs);
    const answer = await request(url, {
      dispatcher: agent,
      method,
      headers: { 'user-agent': 'ductus', ...headers },
      signal,
    });
    const body = await readBody(answer.body, { maxBytes: MAX_BODY_BYTES, signal });
    const { date } = answer.headers;
    const parsed = typeof date === 'string' ? new Date(date) : undefined;
    return {
      status: answer.statusCode,
      date: parsed === undefined || Number.isNaN(parsed.getTime()) ? undefined : parsed,
      body: Buffer.from(body).toString('utf8'),
    };
  } finally {
    await agent.destroy();
  }
}

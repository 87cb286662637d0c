/**
 * Operators who were not let in stand in the audit: a wrong token, or a request without the right to it. Somebody who tries
 * tokens by the million must not fill the audit with it, so that what comes within a minute is one event.
 */
import type { FastifyRequest } from 'fastify';
import type { AuditEntry } from '../domain/audit';
import type { ErrorCode } from '../domain/errors';
import type { Config } from '../runtime/config/schema';
import { authenticatedOperator } from './authentication';

const WINDOW_MS = 60_000;
/** Events of a minute, whoever they are about; beyond it, they are counted as one caller. */
const MOST_CALLERS = 100;
const OTHERS = 'others';

interface Window {
  readonly untilMs: number;
  /** Refused since the last event about this caller. */
  more: number;
}

export class Refusals {
  readonly #windows = new Map<string, Window>();

  constructor(
    private readonly config: Config,
    private readonly record: (entry: AuditEntry) => Promise<void>,
    private readonly now: () => number = Date.now,
  ) {}

  /** Writes a refusal of the operators' API down, if it is one. */
  async note(request: FastifyRequest, code: ErrorCode): Promise<void> {
    if (request.url.startsWith('/roche/')) return;
    const kind =
      code === 'DUCTUS_UNAUTHENTICATED'
        ? 'sign-in-failure'
        : code === 'DUCTUS_FORBIDDEN'
          ? 'access-refused'
          : undefined;
    // A request without a token is a browser or a probe that does not know better.
    if (kind === undefined || request.headers.authorization === undefined) return;
    const by = authenticatedOperator(this.config, request)?.name ?? 'unknown';
    const before = this.#count(`${by} ${request.ip}`);
    if (before === undefined) return;
    await this.record({
      kind,
      action: 'E',
      outcome: 4,
      by,
      origin: { via: 'http', address: request.ip },
      details: {
        code,
        route: `${request.method} ${request.routeOptions.url ?? 'none'}`,
        ...(before === 0 ? {} : { 'not-written-before': before }),
      },
    });
  }

  /** @returns how many were only counted since the last event; undefined: this one is only counted as well */
  #count(caller: string): number | undefined {
    const now = this.now();
    for (const [key, { untilMs, more }] of this.#windows) if (untilMs <= now && more === 0) this.#windows.delete(key);
    const known = this.#windows.has(caller) || this.#windows.size < MOST_CALLERS ? caller : OTHERS;
    const window = this.#windows.get(known);
    if (window !== undefined && window.untilMs > now) {
      window.more += 1;
      return undefined;
    }
    this.#windows.set(known, { untilMs: now + WINDOW_MS, more: 0 });
    return window?.more ?? 0;
  }
}

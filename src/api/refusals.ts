/**
 * Operators who were not let in stand in the audit: a wrong token, or a request without the right to it. Somebody who tries
 * tokens by the million must not fill the audit with it, so that what comes within a minute is one event.
 */
import type { FastifyRequest } from 'fastify';
import type { AuditEntry } from '../domain/audit';
import type { ErrorCode } from '../domain/errors';
import type { Config } from '../runtime/config/schema';
import { authenticatedOperator } from './authentication';
import { RefusalWindows } from './refusal-windows';

export class Refusals {
  readonly #windows: RefusalWindows;

  constructor(
    private readonly config: Config,
    private readonly record: (entry: AuditEntry) => Promise<void>,
    now: () => number = Date.now,
  ) {
    this.#windows = new RefusalWindows(now);
  }

  /** Writes a refusal of the operators' API down, if it is one. */
  async note(request: FastifyRequest, code: ErrorCode): Promise<void> {
    if (/^\/(?:roche|his)\//.test(request.url)) return;
    const kind =
      code === 'DUCTUS_UNAUTHENTICATED'
        ? 'sign-in-failure'
        : code === 'DUCTUS_FORBIDDEN'
          ? 'access-refused'
          : undefined;
    // A request without a token is a browser or a probe that does not know better.
    if (kind === undefined || request.headers.authorization === undefined) return;
    const by = authenticatedOperator(this.config, request)?.name ?? 'unknown';
    const before = this.#windows.count(`${by} ${request.ip}`);
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
}

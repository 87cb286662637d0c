/** The undici agent of one outside system: its certificates, connection limit and connect time. */
import { Agent } from 'undici';
import type { ClientTlsConfig } from '../../runtime/config/schema';
import { lookupWithLocalhost } from './localhost-lookup';

export interface AgentOptions {
  /** Connections to each host; further requests wait. */
  readonly connections: number;
  /** Milliseconds for TCP and TLS together. */
  readonly connectTimeoutMs: number;
  /** Milliseconds without a byte of the body before the connection counts as broken. */
  readonly idleTimeoutMs: number;
}

/**
 * @param tls client certificate and authority; undefined trusts the public authorities and shows no certificate
 */
export function createAgent(tls: ClientTlsConfig | undefined, options: AgentOptions): Agent {
  return new Agent({
    connections: options.connections,
    pipelining: 1,
    // None of the partners documents HTTP/2; one connection limit for all is easier to reason about.
    allowH2: false,
    headersTimeout: 0, // the total limit of the request covers it
    bodyTimeout: options.idleTimeoutMs,
    connect: {
      timeout: options.connectTimeoutMs,
      minVersion: 'TLSv1.2',
      lookup: lookupWithLocalhost,
      ...(tls?.cert === undefined ? {} : { cert: tls.cert.reveal() }),
      ...(tls?.key === undefined ? {} : { key: tls.key.reveal() }),
      ...(tls?.ca === undefined ? {} : { ca: tls.ca.reveal() }),
      ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
    },
  });
}

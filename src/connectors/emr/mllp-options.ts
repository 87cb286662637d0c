/** What an MLLP connection needs to know, taken from the configuration of a destination. */
import type { ClientTlsConfig, DestinationConfigOf } from '../../runtime/config/schema';

export interface MllpOptions {
  readonly host: string;
  readonly port: number;
  /** MLLP over TLS; with `cert` and `key` also mutual. PEM. */
  readonly tls?: {
    readonly cert?: string;
    readonly key?: string;
    readonly ca?: string;
    readonly serverName?: string;
  };
  /** Most connections at a time, each with one message in flight. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly acknowledgmentTimeoutMs: number;
  /** An idle connection is closed after this. */
  readonly idleTimeoutMs: number;
  /** Longest answer that is read. */
  readonly maxAnswerBytes: number;
}

/** The options of a destination; secrets are revealed here and go no further than the sockets. */
export function mllpOptions(config: DestinationConfigOf<'mllp'>): MllpOptions {
  return {
    host: config.host,
    port: config.port,
    ...(config.tls === undefined ? {} : { tls: tlsOptions(config.tls) }),
    connections: config.connections,
    connectTimeoutMs: config.connectTimeoutMs,
    acknowledgmentTimeoutMs: config.acknowledgmentTimeoutMs,
    idleTimeoutMs: config.idleTimeoutMs,
    maxAnswerBytes: config.maxAnswerBytes,
  };
}

function tlsOptions({ cert, key, ca, serverName }: ClientTlsConfig): NonNullable<MllpOptions['tls']> {
  return {
    ...(cert === undefined ? {} : { cert: cert.reveal() }),
    ...(key === undefined ? {} : { key: key.reveal() }),
    ...(ca === undefined ? {} : { ca: ca.reveal() }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

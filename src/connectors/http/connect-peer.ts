/** Opens a TCP or TLS connection as a connector would, looks at the peer, and closes it: nothing is sent. */
import net from 'node:net';
import tls from 'node:tls';
import type { ClientTlsConfig } from '../../runtime/config/schema';
import { lookupWithLocalhost } from './localhost-lookup';
import { TimeLimitError } from './time-limit';

export interface PeerOptions {
  readonly host: string;
  readonly port: number;
  /** Undefined: without TLS. */
  readonly tls: ClientTlsConfig | undefined;
  readonly timeLimitMs: number;
}

export interface Peer {
  /** End of the certificate that the peer shows; undefined without TLS. */
  readonly certificateEnds: Date | undefined;
}

/**
 * Under TLS 1.3 a refusal of our certificate comes after the handshake (RFC 8446 §4.4.2). A server that closes at once has
 * refused as well; one that says nothing for so long has taken us.
 */
const REFUSAL_MS = 500;

/** @throws errors of Node and OpenSSL with their codes: see `networkReason` */
export async function connectPeer({ host, port, tls: settings, timeLimitMs }: PeerOptions): Promise<Peer> {
  const name = settings?.serverName ?? host;
  const socket =
    settings === undefined
      ? net.connect({ host, port, lookup: lookupWithLocalhost })
      : tls.connect({
          host,
          port,
          lookup: lookupWithLocalhost,
          minVersion: 'TLSv1.2',
          ...(settings.cert === undefined ? {} : { cert: settings.cert.reveal() }),
          ...(settings.key === undefined ? {} : { key: settings.key.reveal() }),
          ...(settings.ca === undefined ? {} : { ca: settings.ca.reveal() }),
          // TLS has server names, not addresses (RFC 6066 §3).
          ...(net.isIP(name) === 0 ? { servername: name } : {}),
        });
  try {
    return await new Promise<Peer>((resolve, reject) => {
      const limit = setTimeout(() => reject(new TimeLimitError(timeLimitMs)), timeLimitMs);
      let refusal: NodeJS.Timeout | undefined;
      const end = (settle: () => void): void => {
        clearTimeout(limit);
        clearTimeout(refusal);
        settle();
      };
      socket.once('error', (error: Error) => end(() => reject(error)));
      socket.once('close', () => end(() => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' }))));
      if (socket instanceof tls.TLSSocket) {
        socket.once('secureConnect', () => {
          const ends = new Date(socket.getPeerCertificate().valid_to);
          refusal = setTimeout(() => end(() => resolve({ certificateEnds: ends })), REFUSAL_MS);
        });
        // What it sends is not for us; it is read so that an alert or an end behind it is seen.
        socket.resume();
      } else socket.once('connect', () => end(() => resolve({ certificateEnds: undefined })));
    });
  } finally {
    socket.on('error', () => undefined);
    socket.destroy();
  }
}

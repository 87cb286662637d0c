/**
 * An MLLP listener of the entry point: plain TCP or TLS, who may connect, and how many. What a connection says is served
 * by `mllp-session.ts`; whatever a peer does ends at most its own connection.
 */
import { once } from 'node:events';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import tls from 'node:tls';
import { LIMITS } from '../../domain/limits';
import type { PatientSyncConfig } from '../../runtime/config/schema';
import type { HisConnectionEvent, HisDoorLabels } from '../../runtime/telemetry/his-metrics';
import { allowedAddresses } from './allowed-addresses';
import type { HisOrganization, PatientSyncDoor } from './door';
import { MllpSession, SESSION_LIMITS, type SessionLimits } from './mllp-session';

export type ListenerConfig = PatientSyncConfig['mllp'][number];

export interface MllpListener {
  readonly name: string;
  readonly address: AddressInfo;
  /** Takes no more connections, lets running messages have their answers, and closes. */
  close(): Promise<void>;
}

/** Lines of the log about connections, of a listener in a minute: somebody who connects in a loop must not fill it. */
const LOG_LINES = 20;
const LOG_WINDOW_MS = 60_000;

/**
 * Starts a listener.
 * @throws DuctusError DUCTUS_CONFIG_INVALID for an address range that is none; Error when it cannot listen
 */
export async function startMllpListener(
  config: ListenerConfig,
  his: HisOrganization,
  door: PatientSyncDoor,
  limits: SessionLimits = SESSION_LIMITS,
): Promise<MllpListener> {
  const { name, host, port, maxConnections, maxMessageBytes, characterSet } = config;
  const options = { source: name, maxMessageBytes, characterSet };
  const isAllowed = allowedAddresses(config.allowedAddresses, name);
  const labels: HisDoorLabels = { organization: his.organization, source: name };
  const sockets = new Set<Socket>();
  /** Connections whose TLS handshake is not done, by address and port of the peer. */
  const handshakes = new Map<string, Socket>();
  const sessions = new Map<MllpSession, Promise<void>>();
  const log = limitedLog(door, labels);

  const note = (event: HisConnectionEvent, details: object = {}): void => {
    door.metrics.connection(labels, event);
    if (event === 'opened' || event === 'closed')
      door.logger.debug({ ...labels, event, ...details }, 'MLLP connection');
    else log({ event, ...details });
  };
  const serve = (socket: Socket): void => {
    handshakes.delete(peerOf(socket));
    const session = new MllpSession(socket, door, his, options, limits);
    note('opened', { connection: session.id });
    const end = session.run().then((event) => {
      sessions.delete(session);
      note(event, { connection: session.id });
    });
    sessions.set(session, end);
  };
  const secure = config.tls === undefined ? undefined : createTls(config.tls);
  secure?.on('secureConnection', serve);
  secure?.on('tlsClientError', (error) => note('tls-failed', { reason: codeOf(error) }));

  // A sender may close its side after its last message and still wait for the answer.
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    // What breaks in the handshake, or before anybody reads, has nobody else to hear it.
    socket.on('error', () => undefined);
    if (!isAllowed(socket.remoteAddress)) {
      note('address-refused', { address: socket.remoteAddress });
      socket.destroy();
      return;
    }
    sockets.add(socket);
    door.metrics.open(labels, sockets.size);
    const peer = peerOf(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      handshakes.delete(peer);
      door.metrics.open(labels, sockets.size);
    });
    if (secure === undefined) return serve(socket);
    handshakes.set(peer, socket);
    // As a TLS server does with its own connections (https://nodejs.org/api/tls.html#event-connection).
    secure.emit('connection', socket);
  });
  server.maxConnections = maxConnections;
  server.on('drop', () => note('too-many'));
  server.listen({ host, port });
  await once(server, 'listening');
  // From here on: what cannot be accepted (no more file descriptors) is no reason to end.
  server.on('error', (error) => door.logger.error({ ...labels, err: error }, 'an MLLP listener has trouble'));
  const address = addressOf(server);
  door.logger.info(
    { ...labels, address: address.address, port: address.port, tls: config.tls !== undefined },
    'MLLP listens',
  );

  let closing: Promise<void> | undefined;
  return { name, address, close: () => (closing ??= close()) };

  async function close(): Promise<void> {
    const closed = once(server, 'close');
    server.close();
    for (const socket of handshakes.values()) socket.destroy();
    const ends = [...sessions.values()];
    for (const session of sessions.keys()) session.stop();
    // Whoever does not let go.
    const timer = setTimeout(() => sockets.forEach((socket) => socket.destroy()), CLOSE_MS);
    await Promise.all([closed, ...ends]);
    clearTimeout(timer);
  }
}

/** A message that is being stored has the whole wait for Temporal, and its answer a moment. */
const CLOSE_MS = LIMITS.signalWithStartMs + LIMITS.mllpLingerMs + 1_000;

function createTls({ cert, key, clientCa }: NonNullable<ListenerConfig['tls']>): tls.Server {
  return tls.createServer({
    allowHalfOpen: true,
    cert: cert.reveal(),
    key: key.reveal(),
    minVersion: 'TLSv1.2',
    handshakeTimeout: LIMITS.mllpHandshakeMs,
    ...(clientCa === undefined ? {} : { ca: clientCa.reveal(), requestCert: true, rejectUnauthorized: true }),
  });
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${String(socket.remotePort)}`;
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'error';
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the listener has no address');
  return address;
}

function limitedLog({ logger }: PatientSyncDoor, labels: HisDoorLabels): (details: object) => void {
  let lines = 0;
  let until = 0;
  return (details) => {
    const now = performance.now();
    if (now > until) {
      until = now + LOG_WINDOW_MS;
      lines = 0;
    }
    lines += 1;
    if (lines <= LOG_LINES) logger.warn({ ...labels, ...details }, 'MLLP connection');
    if (lines === LOG_LINES) logger.warn({ ...labels }, 'further connections of this minute are only counted');
  };
}

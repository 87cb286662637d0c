/**
 * One MLLP connection with at most one message in flight (SPECS §6.4).
 *
 * Whatever goes wrong, the question is whether the EMR can have the message. Before its first byte is handed to
 * the socket it cannot: DUCTUS_EMR_UNREACHABLE. From then on only an acknowledgment with the right MSA-2 tells;
 * anything else closes the connection, so that a late answer can never be taken for that of another message,
 * and is DUCTUS_EMR_AMBIGUOUS.
 */
import net from 'node:net';
import tls from 'node:tls';
import { DuctusError } from '../../domain/errors';
import type { MessageControlId } from '../../domain/identifiers';
import { AcknowledgmentError, parseAcknowledgment, type Acknowledgment } from './acknowledgment';
import { MllpDecoder } from '../../protocols/mllp/decoder';
import { encodeFrame, MllpFramingError } from '../../protocols/mllp/framing';
import type { MllpOptions } from './mllp-options';

/** Why an outcome is not known, for the details of the error. */
export type AmbiguousReason =
  'timeout' | 'connection-lost' | 'wrong-control-id' | 'not-an-acknowledgment' | 'answer-too-large' | 'aborted';

interface InFlight {
  readonly controlId: MessageControlId;
  readonly resolve: (acknowledgment: Acknowledgment) => void;
  readonly reject: (error: DuctusError) => void;
}

export class MllpConnection {
  readonly #socket: net.Socket;
  readonly #options: MllpOptions;
  readonly #decoder: MllpDecoder;
  #inFlight: InFlight | undefined;
  #answered = 0;
  #usable = true;

  private constructor(socket: net.Socket, options: MllpOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#decoder = new MllpDecoder(options.maxAnswerBytes);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.#lost('connection-lost'));
    socket.on('error', (error) => this.#lost('connection-lost', error));
    socket.on('close', () => this.#lost('connection-lost'));
  }

  /**
   * Connects, with TLS if so configured, within the time limit for both.
   * @throws DuctusError DUCTUS_EMR_UNREACHABLE; the reason in its details is the system's code (ECONNREFUSED) or ours
   */
  static async open(options: MllpOptions, signal?: AbortSignal): Promise<MllpConnection> {
    const socket = dial(options);
    // A message is one write and waits for its answer: nothing is gained by collecting bytes.
    socket.setNoDelay(true);
    socket.setKeepAlive(true, options.idleTimeoutMs);
    try {
      await connected(socket, options, signal);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return new MllpConnection(socket, options);
  }

  /** False once the peer or we have closed it, or it has said something that nobody asked for. */
  get isUsable(): boolean {
    return this.#usable;
  }

  /**
   * Sends a message and waits for its acknowledgment.
   * @throws DuctusError DUCTUS_EMR_UNREACHABLE (not sent) or DUCTUS_EMR_AMBIGUOUS (no valid answer)
   */
  async send(message: Uint8Array, controlId: MessageControlId, signal?: AbortSignal): Promise<Acknowledgment> {
    if (this.#inFlight !== undefined)
      throw new DuctusError('DUCTUS_INTERNAL', 'A message is in flight on this connection.');
    const frame = frameOf(message);
    if (signal?.aborted === true) throw notSent(this.#options, 'aborted');
    if (!this.#usable) throw notSent(this.#options, 'connection-lost');
    const acknowledged = new Promise<Acknowledgment>((resolve, reject) => {
      this.#inFlight = { controlId, resolve, reject };
    });
    const abort = (): void => this.#lost('aborted');
    signal?.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(() => this.#lost('timeout'), this.#options.acknowledgmentTimeoutMs);
    try {
      this.#socket.write(frame);
      return await acknowledged;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Closes at once; a message in flight becomes ambiguous. */
  close(): void {
    this.#lost('aborted');
  }

  #receive(chunk: Buffer): void {
    let answers: Buffer[];
    try {
      answers = this.#decoder.push(chunk);
    } catch (error) {
      const tooLarge = error instanceof MllpFramingError && error.reason === 'too-large';
      return this.#lost(tooLarge ? 'answer-too-large' : 'not-an-acknowledgment');
    }
    const [answer, ...others] = answers;
    if (answer !== undefined) this.#answer(answer);
    // One message, one answer: more of them, or the beginning of one, would be read as that of the next message.
    const isAhead = this.#inFlight === undefined && (others.length > 0 || this.#decoder.isInsideFrame);
    if (isAhead || others.length > 0) this.#lost('not-an-acknowledgment');
  }

  #answer(answer: Buffer): void {
    const waiting = this.#inFlight;
    if (waiting === undefined) return this.#lost('not-an-acknowledgment');
    let acknowledgment: Acknowledgment;
    try {
      acknowledgment = parseAcknowledgment(answer);
    } catch (error) {
      if (!(error instanceof AcknowledgmentError)) throw error;
      return this.#lost('not-an-acknowledgment');
    }
    if (acknowledgment.controlId !== waiting.controlId) return this.#lost('wrong-control-id');
    this.#inFlight = undefined;
    this.#answered += 1;
    waiting.resolve(acknowledgment);
  }

  /** Ends the connection, whoever ended it; the outcome of a message in flight is not known. */
  #lost(reason: AmbiguousReason, error?: unknown): void {
    const waiting = this.#inFlight;
    this.#usable = false;
    this.#inFlight = undefined;
    this.#socket.destroy();
    if (waiting === undefined) return;
    const refused = this.#answered === 0 ? handshakeRefusal(error) : undefined;
    waiting.reject(
      refused === undefined
        ? unknownOutcome(this.#options, waiting.controlId, reason)
        : notSent(this.#options, refused),
    );
  }
}

function frameOf(message: Uint8Array): Buffer {
  try {
    return encodeFrame(message);
  } catch (error) {
    if (!(error instanceof MllpFramingError)) throw error;
    throw new DuctusError('DUCTUS_INTERNAL', error.message);
  }
}

function dial({ host, port, tls: secure }: MllpOptions): net.Socket {
  if (secure === undefined) return net.connect({ host, port });
  const { cert, key, ca, serverName } = secure;
  const name = serverName ?? host;
  return tls.connect({
    host,
    port,
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
    // TLS has server names, not addresses (RFC 6066 §3).
    ...(net.isIP(name) === 0 ? { servername: name } : {}),
    minVersion: 'TLSv1.2',
  });
}

async function connected(socket: net.Socket, options: MllpOptions, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) throw notSent(options, 'aborted');
  const ready = options.tls === undefined ? 'connect' : 'secureConnect';
  let stop = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const onReady = (): void => resolve();
      const onError = (error: unknown): void => reject(notSent(options, systemCode(error)));
      const onClose = (): void => reject(notSent(options, 'connection-lost'));
      const onAbort = (): void => reject(notSent(options, 'aborted'));
      const timer = setTimeout(() => reject(notSent(options, 'timeout')), options.connectTimeoutMs);
      socket.once(ready, onReady).once('error', onError).once('close', onClose);
      signal?.addEventListener('abort', onAbort, { once: true });
      stop = () => {
        clearTimeout(timer);
        socket.off(ready, onReady).off('error', onError).off('close', onClose);
        signal?.removeEventListener('abort', onAbort);
      };
    });
  } catch (error) {
    // The socket is destroyed next, and an error of it would have nobody to hear it.
    socket.on('error', () => undefined);
    throw error;
  } finally {
    stop();
  }
}

/** Nothing of the message left this process. */
export function notSent({ host, port }: MllpOptions, reason: string): DuctusError {
  return new DuctusError(
    'DUCTUS_EMR_UNREACHABLE',
    `The EMR at ${host}:${port} took no message (${reason}); nothing was sent.`,
    {
      details: { reason },
    },
  );
}

function unknownOutcome(
  { host, port }: MllpOptions,
  controlId: MessageControlId,
  reason: AmbiguousReason,
): DuctusError {
  return new DuctusError(
    'DUCTUS_EMR_AMBIGUOUS',
    `Message ${controlId} was sent to the EMR at ${host}:${port}, but no valid acknowledgment came (${reason}).`,
    { details: { controlId, reason } },
  );
}

/**
 * In TLS 1.3 the client is done before the server has looked at its certificate, so a refusal comes only after
 * the message was written. Such an alert belongs to the handshake: the server has read nothing of the message.
 */
function handshakeRefusal(error: unknown): string | undefined {
  const code = systemCode(error);
  return /^ERR_SSL_(?:TLSV1|TLSV13|SSLV3)_ALERT_(?:.*CERTIFICATE.*|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR|HANDSHAKE_FAILURE)$/.test(
    code,
  )
    ? code
    : undefined;
}

function systemCode(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'error';
}

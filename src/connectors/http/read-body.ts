/** Reads a body into memory with a limit, so that a broken or hostile server cannot fill it. */
import { addAbortSignal } from 'node:stream';
import type { Readable } from 'node:stream';

/** The body is larger than allowed. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';

  constructor(readonly limitBytes: number) {
    super(`body larger than ${limitBytes} bytes`);
  }
}

/** The body has another length than `Content-Length` said. */
export class BodyLengthError extends Error {
  override readonly name = 'BodyLengthError';

  constructor(readonly announcedBytes: number) {
    super(`body of another length than the ${announcedBytes} bytes announced`);
  }
}

/** Lets go of a body that nobody will read; an error that comes late is of no interest. */
export function discardBody(body: Readable): void {
  body.on('error', () => undefined);
  body.destroy();
}

export interface BodyLimits {
  readonly maxBytes: number;
  /** Content-Length. With it, the body is read into one buffer; without, the pieces are joined at the end, which holds them twice. */
  readonly announcedBytes?: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * @throws BodyTooLargeError, BodyLengthError, and whatever the stream throws
 */
export async function readBody(body: Readable, limits: BodyLimits): Promise<Buffer> {
  const { maxBytes, announcedBytes, signal } = limits;
  if (announcedBytes !== undefined && announcedBytes > maxBytes) {
    discardBody(body);
    throw new BodyTooLargeError(maxBytes);
  }
  const whole = announcedBytes === undefined ? undefined : Buffer.allocUnsafe(announcedBytes);
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of addAbortSignal(signal, body)) {
    if (!Buffer.isBuffer(piece)) throw new TypeError('the body has an encoding set');
    if (length + piece.length > maxBytes) throw new BodyTooLargeError(maxBytes);
    if (whole === undefined) pieces.push(piece);
    else if (length + piece.length > whole.length) throw new BodyLengthError(whole.length);
    else piece.copy(whole, length);
    length += piece.length;
  }
  if (whole === undefined) return Buffer.concat(pieces, length);
  if (length !== whole.length) throw new BodyLengthError(whole.length);
  return whole;
}

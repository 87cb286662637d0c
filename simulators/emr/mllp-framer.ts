/**
 * Cuts a TCP stream into MLLP frames: 0x0B, message, 0x1C 0x0D (SPECS §6.4). Written apart from Ductus's own framing,
 * so that a mistake there is seen here.
 */
const START = 0x0b;
const END = 0x1c;
const CARRIAGE_RETURN = 0x0d;

/** A frame is larger than allowed. */
export class FrameTooLargeError extends Error {
  override readonly name = 'FrameTooLargeError';
}

/** One connection's reader. Bytes between frames are counted and left out. */
export class MllpFramer {
  readonly #maxBytes: number;
  /** Pieces of the frame that is coming in; undefined: between frames. */
  #pieces: Buffer[] | undefined;
  #bytes = 0;
  /** Whether the last byte was an END inside a frame. */
  #endSeen = false;
  #strayBytes = 0;

  /** @param maxBytes largest message */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes outside frames so far. Line feeds between frames are tolerated and not counted. */
  get strayBytes(): number {
    return this.#strayBytes;
  }

  /**
   * Takes what a read gave.
   * @returns the messages that are complete now, without their framing bytes
   * @throws FrameTooLargeError
   */
  push(chunk: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    let position = 0;
    while (position < chunk.length) {
      if (this.#pieces === undefined) {
        position = this.#skipToStart(chunk, position);
      } else if (this.#endSeen) {
        position = this.#afterEnd(chunk, position, this.#pieces, messages);
      } else {
        const end = chunk.indexOf(END, position);
        this.#keep(this.#pieces, chunk.subarray(position, end < 0 ? chunk.length : end));
        this.#endSeen = end >= 0;
        position = end < 0 ? chunk.length : end + 1;
      }
    }
    return messages;
  }

  #skipToStart(chunk: Buffer, from: number): number {
    const start = chunk.indexOf(START, from);
    const stray = chunk.subarray(from, start < 0 ? chunk.length : start);
    this.#strayBytes += stray.filter((byte) => byte !== 0x0a && byte !== CARRIAGE_RETURN).length;
    if (start < 0) {
      return chunk.length;
    }
    this.#pieces = [];
    this.#bytes = 0;
    return start + 1;
  }

  #afterEnd(chunk: Buffer, position: number, pieces: Buffer[], messages: Buffer[]): number {
    this.#endSeen = false;
    if (chunk[position] === CARRIAGE_RETURN) {
      messages.push(Buffer.concat(pieces));
      this.#pieces = undefined;
      return position + 1;
    }
    // An END that ends nothing belongs to the message.
    this.#keep(pieces, Buffer.of(END));
    return position;
  }

  #keep(pieces: Buffer[], piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#maxBytes) {
      throw new FrameTooLargeError(`a frame has more than ${this.#maxBytes} bytes`);
    }
    if (piece.length > 0) {
      pieces.push(piece);
    }
  }
}

/** Puts a message into a frame. */
export function frame(message: Buffer): Buffer {
  return Buffer.concat([Buffer.of(START), message, Buffer.of(END, CARRIAGE_RETURN)]);
}

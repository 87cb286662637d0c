/**
 * MLLP frames (SPECS §6.4): 0x0B, the message, 0x1C 0x0D. Reads from a byte stream as it comes: split frames,
 * several frames in one read, line ends between frames. Written here because the framing of the libraries
 * that were tried has no limit on its buffer or gives a message twice when its frame is split.
 */

const START = 0x0b;
const END = 0x1c;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

/** What is wrong with a byte stream. No bytes of it: they may be PHI. */
export class MllpFramingError extends Error {
  override readonly name = 'MllpFramingError';
  /** `outside-frame`: bytes where a frame should begin; `too-large`: a frame over the limit; `forbidden-byte`: a message that cannot be framed. */
  readonly reason: 'outside-frame' | 'too-large' | 'forbidden-byte';

  constructor(reason: MllpFramingError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * A message as one frame.
 * @throws MllpFramingError when the message holds 0x0B or 0x1C: the receiver would see other messages
 */
export function encodeFrame(message: Uint8Array): Buffer {
  if (message.includes(START) || message.includes(END)) {
    throw new MllpFramingError('forbidden-byte', 'The message holds a byte that MLLP uses for framing.');
  }
  const frame = Buffer.allocUnsafe(message.length + 3);
  frame[0] = START;
  frame.set(message, 1);
  frame[message.length + 1] = END;
  frame[message.length + 2] = CARRIAGE_RETURN;
  return frame;
}

export class MllpDecoder {
  readonly #maxBytes: number;
  /** Chunks of the frame that has begun; undefined between frames. */
  #chunks: Buffer[] | undefined;
  #bytes = 0;

  /** @param maxBytes longest message that is taken */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True when a frame has begun and not ended. */
  get isInsideFrame(): boolean {
    return this.#chunks !== undefined;
  }

  /**
   * Takes the next bytes of the stream.
   * @returns the messages that are complete now
   * @throws MllpFramingError; the stream cannot be read any further
   */
  push(chunk: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    let position = 0;
    while (position < chunk.length) {
      if (this.#chunks === undefined) {
        const byte = chunk[position];
        position += 1;
        if (byte === START) this.#chunks = [];
        // The 0x0D after 0x1C is not waited for: some senders leave it out, others add 0x0A.
        else if (byte !== CARRIAGE_RETURN && byte !== LINE_FEED) {
          throw new MllpFramingError('outside-frame', 'The peer sent bytes outside of an MLLP frame.');
        }
        continue;
      }
      const end = chunk.indexOf(END, position);
      const part = chunk.subarray(position, end === -1 ? chunk.length : end);
      if (part.includes(START)) {
        throw new MllpFramingError('outside-frame', 'The peer began an MLLP frame inside another one.');
      }
      this.#bytes += part.length;
      if (this.#bytes > this.#maxBytes) {
        throw new MllpFramingError('too-large', `The peer sent a frame of more than ${this.#maxBytes} bytes.`);
      }
      this.#chunks.push(part);
      position += part.length;
      if (end === -1) continue;
      messages.push(Buffer.concat(this.#chunks));
      this.#chunks = undefined;
      this.#bytes = 0;
      position += 1;
    }
    return messages;
  }
}

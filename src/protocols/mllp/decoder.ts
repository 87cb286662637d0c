/**
 * The strict reader of frames, for a connection that Ductus opened: whatever is not a frame ends it, since a stray byte
 * there would make the next answer that of another message.
 */
import { CARRIAGE_RETURN, END, LINE_FEED, MllpFramingError, START } from './framing';

/** Reads from a byte stream as it comes: split frames, several frames in one read, line ends between frames. */
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

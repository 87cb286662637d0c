/**
 * The tolerant reader of frames, for a door that others connect to. What a sender writes between frames is dropped and
 * counted, every frame is given out whatever stands in it, and nothing grows past the limit.
 *
 * Frames are pulled one by one, so that the one who reads can answer each before the next is cut out.
 */
import { CARRIAGE_RETURN, END, LINE_FEED, MllpFramingError, START } from './framing';

/** First size of the buffer of a frame that came in pieces; most ADT messages fit. */
const FIRST_BYTES = 4096;

/** A new message where the one before was never ended: the sender gave up on that one. */
const RESTART = Buffer.from('\x0bMSH', 'latin1');

export class FrameReader {
  readonly #maxBytes: number;
  readonly #maxOutside: number;
  /** Bytes of a frame that came in pieces. Grows by doubling: many small pieces cost no more than one large one. */
  #buffer = Buffer.alloc(0);
  #length = 0;
  #inside = false;
  /** Since the last frame ended. */
  #outside = 0;
  #dropped = 0;

  /**
   * @param maxBytes longest message that is taken
   * @param maxOutside bytes between two frames that are borne
   */
  constructor(maxBytes: number, maxOutside: number) {
    this.#maxBytes = maxBytes;
    this.#maxOutside = maxOutside;
  }

  /** True when a frame has begun and not ended, or when something that is no frame came since the last one. */
  get isUnfinished(): boolean {
    return this.#inside || this.#outside > 0;
  }

  /** Bytes outside of frames, of the whole stream. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Bytes that are held between two reads. */
  get held(): number {
    return this.#length;
  }

  /** Memory that is kept for them. */
  get capacity(): number {
    return this.#buffer.length;
  }

  /** The beginning of the frame that has not ended, for an answer to what is too large. */
  get begun(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /**
   * Takes the next bytes of the stream and gives the frames that are complete, one at a time. All have to be asked for
   * before the next bytes come.
   * @throws MllpFramingError when a frame or what stands between frames is over the limit; the stream is not read any further
   */
  *frames(chunk: Buffer): Generator<Buffer, void, undefined> {
    let position = 0;
    while (position < chunk.length) {
      if (!this.#inside) {
        const start = chunk.indexOf(START, position);
        this.#drop(countOutside(chunk, position, start === -1 ? chunk.length : start));
        if (start === -1) return;
        this.#inside = true;
        position = start + 1;
        continue;
      }
      const end = endOfFrame(chunk, position);
      const part = chunk.subarray(position, end === -1 ? chunk.length : end);
      if (this.#length + part.length > this.#maxBytes) {
        this.#keep(part.subarray(0, this.#maxBytes - this.#length));
        throw new MllpFramingError('too-large', `The sender's frame has more than ${this.#maxBytes} bytes.`);
      }
      if (end === -1) {
        this.#keep(part);
        return;
      }
      let message = part;
      if (this.#length > 0) {
        this.#keep(part);
        message = this.begun;
        // Given away: what comes next must not be written over it.
        this.#buffer = Buffer.alloc(0);
      }
      this.#inside = false;
      this.#length = 0;
      this.#outside = 0;
      position = end + 1;
      const restart = message.lastIndexOf(RESTART);
      if (restart >= 0) {
        this.#dropped += restart;
        message = message.subarray(restart + 1);
      }
      yield message;
    }
  }

  #keep(part: Buffer): void {
    const needed = this.#length + part.length;
    if (needed > this.#buffer.length) {
      const size = Math.min(this.#maxBytes, Math.max(FIRST_BYTES, needed, this.#buffer.length * 2));
      const larger = Buffer.allocUnsafeSlow(size);
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    part.copy(this.#buffer, this.#length);
    this.#length = needed;
  }

  #drop(bytes: number): void {
    this.#outside += bytes;
    this.#dropped += bytes;
    if (this.#outside > this.#maxOutside) {
      throw new MllpFramingError(
        'outside-frame',
        `The sender wrote more than ${this.#maxOutside} bytes outside of frames.`,
      );
    }
  }
}

/**
 * Where the frame ends: at 0x1C before the 0x0D of the protocol. Some senders leave that out, others write 0x0A, so what
 * comes at the end of a read, and what a new frame follows, counts as well. Any other 0x1C is part of the message, which
 * is refused for it: half a message must not be taken for a whole one.
 */
function endOfFrame(chunk: Buffer, from: number): number {
  for (let at = chunk.indexOf(END, from); at !== -1; at = chunk.indexOf(END, at + 1)) {
    const next = chunk[at + 1];
    if (next === undefined || next === CARRIAGE_RETURN || next === LINE_FEED || next === START) return at;
  }
  return -1;
}

/** Line ends are part of how frames are written, and no garbage. */
function countOutside(chunk: Buffer, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += 1) {
    const byte = chunk[at];
    if (byte !== CARRIAGE_RETURN && byte !== LINE_FEED) count += 1;
  }
  return count;
}

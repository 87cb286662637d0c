/**
 * MLLP frames (SPECS §6.4): 0x0B, the message, 0x1C 0x0D. Written here because the framing of the libraries that were
 * tried has no limit on its buffer or gives a message twice when its frame is split (ADR 0009, ADR 0015).
 */

export const START = 0x0b;
export const END = 0x1c;
export const CARRIAGE_RETURN = 0x0d;
export const LINE_FEED = 0x0a;

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

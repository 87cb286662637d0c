import fc from 'fast-check';
import { FrameReader } from '../../../src/protocols/mllp/frame-reader';
import { encodeFrame, MllpFramingError } from '../../../src/protocols/mllp/framing';

const LIMIT = 1000;
const OUTSIDE = 20;

const reader = (limit = LIMIT) => new FrameReader(limit, OUTSIDE);
const bytes = (text: string) => Buffer.from(text, 'latin1');

function readAll(text: string, from = reader()): string[] {
  return [...from.frames(bytes(text))].map((frame) => frame.toString('latin1'));
}

function reasonOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof MllpFramingError) return error.reason;
    throw error;
  }
  return undefined;
}

/** Cuts bytes into chunks at random places. */
function chunks(stream: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b);
  return [...places, stream.length].map((end, position) => stream.subarray(places[position - 1] ?? 0, end));
}

const payload = fc
  .uint8Array({ maxLength: 60 })
  .map((each) => Buffer.from(each.filter((byte) => byte !== 0x0b && byte !== 0x1c)));

describe('reading frames at the door', () => {
  it('should give every message once and in order, wherever the stream is cut and whatever ends a frame', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(payload, fc.constantFrom('\r', '', '\n', '\r\n', '\r\r\n')), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 10 }),
        (messages, cuts) => {
          const stream = messages.flatMap(([message, end]) => [encodeFrame(message).subarray(0, -1), bytes(end)]);
          const from = reader();
          const read = chunks(Buffer.concat(stream), cuts).flatMap((chunk) =>
            [...from.frames(chunk)].map((frame) => frame.toString('hex')),
          );
          expect(read).toEqual(messages.map(([message]) => message.toString('hex')));
          expect(from.isUnfinished).toBe(false);
          expect(from.dropped).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('should drop and count what stands between frames', () => {
    const from = reader();
    expect(readAll('noise\x0bA\x1c\r\n ?\x0bB\x1c\r', from)).toEqual(['A', 'B']);
    expect(from.dropped).toBe(7);
    expect(from.isUnfinished).toBe(false);
    readAll('x', from);
    expect(from.isUnfinished).toBe(true);
  });

  it('should bear so much between two frames and no more', () => {
    const from = reader();
    for (let round = 0; round < 5; round += 1)
      expect(readAll(`${'x'.repeat(OUTSIDE)}\x0bA\x1c\r`, from)).toEqual(['A']);
    readAll('x'.repeat(OUTSIDE), from);
    expect(reasonOf(() => readAll('y', from))).toBe('outside-frame');
  });

  it('should give an empty frame: it wants an answer too', () => {
    expect(readAll('\x0b\x1c\r')).toEqual(['']);
  });

  it('should not take half a message for a whole one where 0x1C stands in the text', () => {
    expect(readAll('\x0bMSH|a\x1cb\x1c\r')).toEqual(['MSH|a\x1cb']);
  });

  it('should take the last message of a frame in which another one began anew', () => {
    const from = reader();
    expect(readAll('\x0bMSH|1|half\x0bMSH|2|whole\x1c\r', from)).toEqual(['MSH|2|whole']);
    expect(from.dropped).toBe('MSH|1|half'.length);
    expect(readAll('\x0bMSH|vertical\x0btab\x1c\r')).toEqual(['MSH|vertical\x0btab']);
  });

  it('should stop at the limit, also when the frame comes in pieces and never ends, and keep its beginning', () => {
    expect(readAll('\x0b1234\x1c\r', reader(4))).toEqual(['1234']);
    const whole = reader(4);
    expect(reasonOf(() => readAll('\x0b12345\x1c\r', whole))).toBe('too-large');
    expect(whole.begun.toString()).toBe('1234');
    const pieces = reader(4);
    readAll('\x0b12', pieces);
    readAll('34', pieces);
    expect(reasonOf(() => readAll('5', pieces))).toBe('too-large');
    expect(pieces.begun.toString()).toBe('1234');
  });

  it('should hold no more than a frame has, in however many pieces it comes, and nothing after it', () => {
    const from = new FrameReader(1_000_000, OUTSIDE);
    readAll('\x0b', from);
    for (let piece = 0; piece < 200_000; piece += 1) readAll('x', from);
    expect(from.held).toBe(200_000);
    expect(from.capacity).toBeLessThanOrEqual(2 * 200_000);
    expect(readAll('\x1c\r', from)).toHaveLength(1);
    readAll('\x0b1', from);
    expect(from.held).toBe(1);
    expect(from.capacity).toBeLessThanOrEqual(4096);
  });
});

import fc from 'fast-check';
import { MllpDecoder } from '../../../src/protocols/mllp/decoder';
import { encodeFrame, MllpFramingError } from '../../../src/protocols/mllp/framing';

const LIMIT = 1000;
const payload = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0x0b && byte !== 0x1c)));

/** Cuts bytes into chunks at random places. */
function chunks(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...places, bytes.length].map((end, position) => bytes.subarray(places[position - 1] ?? 0, end));
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

describe('MLLP framing', () => {
  it('should frame a message', () => {
    expect([...encodeFrame(Buffer.from('MSH|'))]).toEqual([0x0b, 0x4d, 0x53, 0x48, 0x7c, 0x1c, 0x0d]);
  });

  it.each([0x0b, 0x1c])('should refuse a message with the byte %i, which would end or begin another one', (byte) => {
    expect(reasonOf(() => encodeFrame(Buffer.from([0x4d, byte, 0x4d])))).toBe('forbidden-byte');
  });

  it('should give every message once, wherever the stream is cut and whatever line ends stand between frames', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(payload, fc.constantFrom('\r', '', '\n', '\r\n', '\r\r\n')), { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (messages, cuts) => {
          const stream = messages.flatMap(([message, end]) => [encodeFrame(message).subarray(0, -1), Buffer.from(end)]);
          const decoder = new MllpDecoder(LIMIT);
          const read = chunks(Buffer.concat(stream), cuts).flatMap((chunk) => decoder.push(chunk));
          expect(read.map((message) => message.toString('hex'))).toEqual(
            messages.map(([message]) => message.toString('hex')),
          );
          expect(decoder.isInsideFrame).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('should say when a frame has begun', () => {
    const decoder = new MllpDecoder(LIMIT);
    expect(decoder.push(Buffer.from('\x0bMS'))).toEqual([]);
    expect(decoder.isInsideFrame).toBe(true);
    expect(decoder.push(Buffer.from('H|\x1c')).map(String)).toEqual(['MSH|']);
  });

  it.each(['MSH|', '\x0bA\x1c\rB', '\x06', '\x0bA\x1c\r\x1c\r', '\x0bA\x0bB\x1c\r'])(
    'should refuse %j: bytes outside of a frame, or a frame in a frame',
    (stream) => {
      expect(reasonOf(() => new MllpDecoder(LIMIT).push(Buffer.from(stream)))).toBe('outside-frame');
    },
  );

  it('should stop at the limit, also when the frame comes in pieces and never ends', () => {
    expect(reasonOf(() => new MllpDecoder(4).push(Buffer.from('\x0b12345\x1c\r')))).toBe('too-large');
    const decoder = new MllpDecoder(4);
    expect(decoder.push(Buffer.from('\x0b1234\x1c\r\x0b12'))).toHaveLength(1);
    expect(reasonOf(() => decoder.push(Buffer.from('345')))).toBe('too-large');
  });
});

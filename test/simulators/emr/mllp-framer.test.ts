import fc from 'fast-check';
import { frame, FrameTooLargeError, MllpFramer } from '../../../simulators/emr/mllp-framer';

describe('the framing of the EMR simulator', () => {
  it('should find the same messages however the stream is cut', () => {
    // Without 0x0B and 0x1C, which MLLP does not allow in a message.
    const message = fc
      .array(
        fc.integer({ min: 0x0c, max: 0xff }).filter((byte) => byte !== 0x1c),
        { maxLength: 40 },
      )
      .map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 6 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 25 })),
        (messages, sizes) => {
          const stream = Buffer.concat(messages.map(frame));
          const framer = new MllpFramer(1000);
          const found: Buffer[] = [];
          let position = 0;
          while (position < stream.length) {
            const size = sizes.next().value ?? 1;
            found.push(...framer.push(stream.subarray(position, position + size)));
            position += size;
          }
          expect(found).toEqual(messages);
          expect(framer.strayBytes).toBe(0);
        },
      ),
    );
  });

  it('should leave out and count what stands between frames, but for line ends', () => {
    const framer = new MllpFramer(1000);
    const stream = Buffer.concat([
      Buffer.from('xy'),
      frame(Buffer.from('A')),
      Buffer.from('\r\n'),
      frame(Buffer.from('B')),
    ]);
    expect(framer.push(stream).map(String)).toEqual(['A', 'B']);
    expect(framer.strayBytes).toBe(2);
  });

  it('should keep an end byte that ends nothing', () => {
    const framer = new MllpFramer(1000);
    expect(framer.push(Buffer.from('\x0bA\x1cB\x1c\r')).map(String)).toEqual(['A\x1cB']);
  });

  it('should refuse a frame that is too large', () => {
    const framer = new MllpFramer(10);
    framer.push(Buffer.from('\x0b12345'));
    expect(() => framer.push(Buffer.from('678901'))).toThrow(FrameTooLargeError);
  });
});

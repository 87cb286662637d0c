import fc from 'fast-check';
import { parseRetryAfter } from '../../../src/connectors/http/retry-after';

const NOW = Date.parse('2026-11-24T10:00:00Z');

describe('parseRetryAfter', () => {
  it.each([
    ['0', 0],
    ['7', 7_000],
    [' 120 ', 120_000],
    [['30', '60'], 30_000],
    ['Tue, 24 Nov 2026 10:01:30 GMT', 90_000],
    ['Tue, 24 Nov 2026 09:00:00 GMT', 0],
  ])('should read %p as %p ms', (header, expected) => {
    expect(parseRetryAfter(header, NOW)).toBe(expected);
  });

  it.each([undefined, '', 'soon', '-1', '1.5', '7 s', '2026-11-24T10:01:30Z', 'Tue, 99 Nov 2026 10:01:30 GMT'])(
    'should make nothing of %p',
    (header) => {
      expect(parseRetryAfter(header, NOW)).toBeUndefined();
    },
  );

  it('should cut a wait of days to an hour', () => {
    expect(parseRetryAfter('864000', NOW)).toBe(3_600_000);
    expect(parseRetryAfter('Tue, 24 Nov 2099 10:00:00 GMT', NOW)).toBe(3_600_000);
  });

  it('should never give a negative or endless wait, whatever the header', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.integer().map(String),
          fc.date({ noInvalidDate: true }).map((d) => d.toUTCString()),
        ),
        (header) => {
          const wait = parseRetryAfter(header, NOW) ?? 0;
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(3_600_000);
        },
      ),
    );
  });
});

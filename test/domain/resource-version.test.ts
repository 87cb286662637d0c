import fc from 'fast-check';
import { compareDelivered, versionKey } from '../../src/domain/resource-version';

const version = (number: string, lastUpdated?: string, contentHash = '0'.repeat(64)) => ({
  version: number,
  lastUpdated,
  contentHash,
});

describe('the version of a resource', () => {
  it('should be current only for the same version with the same content', () => {
    const mine = version('2', '2026-01-02T00:00:00Z');
    expect(compareDelivered(versionKey(mine), mine)).toBe('current');
    expect(compareDelivered(versionKey({ ...mine, contentHash: '1'.repeat(64) }), mine)).toBe('earlier');
  });

  it('should order by lastUpdated as a moment, not as text', () => {
    const morning = version('1', '2026-01-01T10:00:00+02:00');
    const later = version('1', '2026-01-01T09:00:00Z');
    expect(compareDelivered(versionKey(morning), later)).toBe('earlier');
    expect(compareDelivered(versionKey(later), morning)).toBe('newer');
  });

  it('should order by number when there is no time', () => {
    expect(compareDelivered(versionKey(version('10')), version('9'))).toBe('newer');
    expect(compareDelivered(versionKey(version('9')), version('10'))).toBe('earlier');
  });

  it('should treat other content of unknown order as a later version', () => {
    expect(compareDelivered(versionKey(version('abc')), version('abd'))).toBe('earlier');
  });

  it('should never call two versions newer than each other', () => {
    const any = fc.record({
      version: fc.oneof(fc.integer({ min: 0, max: 99 }).map(String), fc.string({ maxLength: 5 })),
      lastUpdated: fc.option(
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }).map((d) => d.toISOString()),
        { nil: undefined },
      ),
      contentHash: fc.string({ unit: fc.constantFrom('0', '1'), minLength: 64, maxLength: 64 }),
    });
    fc.assert(
      fc.property(any, any, (a, b) => {
        expect([compareDelivered(versionKey(a), b), compareDelivered(versionKey(b), a)]).not.toEqual([
          'newer',
          'newer',
        ]);
        expect(compareDelivered(versionKey(a), a)).toBe('current');
      }),
    );
  });
});

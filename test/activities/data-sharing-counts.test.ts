/** The counts of a transform: the largest over destinations, and names that a sender cannot multiply. */
import { boundNames, countResult, largest } from '../../src/activities/data-sharing-counts';
import type { MapResult } from '../../src/transforms/model/message';

const result = (change: Partial<MapResult>): MapResult => ({
  messages: [],
  kinds: {},
  leftOut: [],
  unmapped: [],
  unread: {},
  ...change,
});

describe('countResult', () => {
  it('should count readings as observations, and what is left out by its reason', () => {
    const leftOut = [
      { reference: 'a', why: 'current' as const },
      { reference: 'b', why: 'filtered' as const },
      { reference: 'c', why: 'current' as const },
    ];
    const unmapped = ['Basic', 'Basic', 'constructor'].map((type) => ({ reference: type, type, why: 'no mapping' }));
    const kinds = { glucose: 2, carbs: 1, insulin: 1, device: 5, report: 1, carried: 7 };
    expect(countResult(result({ kinds, leftOut, unmapped, unread: { 'Observation.bodySite': 3 } }))).toEqual({
      kinds,
      observations: 4,
      leftOut: 3,
      leftOutReasons: { current: 2, filtered: 1 },
      unmappedTypes: { Basic: 2, constructor: 1 },
      unreadElements: { 'Observation.bodySite': 3 },
    });
  });
});

describe('largest', () => {
  it('should take the largest of each count over the destinations', () => {
    const [first, second] = [
      countResult(result({ kinds: { glucose: 3, device: 1 }, unread: { 'A.b': 1 } })),
      countResult(result({ kinds: { glucose: 1, carbs: 2 }, leftOut: [{ reference: 'a', why: 'site' }] })),
    ];
    expect(largest([first, second].flatMap((each) => each ?? []))).toEqual({
      kinds: { glucose: 3, device: 1, carbs: 2 },
      observations: 3,
      leftOut: 1,
      leftOutReasons: { site: 1 },
      unmappedTypes: {},
      unreadElements: { 'A.b': 1 },
    });
    expect(largest([])).toMatchObject({ observations: 0, kinds: {} });
  });
});

describe('boundNames', () => {
  it('should keep the fifty most frequent names, and count the rest as other', () => {
    const many = Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`Type.${String(n)}`, n + 1]));
    const bounded = boundNames(many);
    expect(Object.keys(bounded)).toHaveLength(51);
    expect(bounded['Type.119']).toBe(120);
    expect(bounded['Type.69']).toBeUndefined();
    expect(bounded['other']).toBe((70 * 71) / 2);
  });

  it('should repeat only what looks like a type or an element', () => {
    const names = {
      Basic: 1,
      'Observation.bodySite': 1,
      'Observation.extension(http://example.org/x)': 1,
      'Jane Roe': 1,
      'Observation.Jane Roe': 2,
      jane: 3,
      [`A${'b'.repeat(300)}`]: 4,
      __proto__x: 5,
    };
    expect(boundNames(names)).toEqual({
      Basic: 1,
      'Observation.bodySite': 1,
      'Observation.extension(http://example.org/x)': 1,
      other: 15,
    });
  });

  it('should be the same for the same counts in another order', () => {
    const [one, other] = [
      { A: 1, B: 1, C: 2 },
      { C: 2, B: 1, A: 1 },
    ];
    expect(JSON.stringify(boundNames(one))).toBe(JSON.stringify(boundNames(other)));
  });
});

import fc from 'fast-check';
import { ContentHasher } from '../../../src/transforms/fhir-bundle/content-hash';
import { canonicalJson, parseLossless } from '../../../src/transforms/fhir-bundle/lossless-json';
import { anyNumber } from './arbitraries';

/** JSON as text: names that look like structure, numbers in any spelling, and the same again in another order. */
const { json } = fc.letrec<{ json: [string, string] }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    anyNumber.map((number): [string, string] => [number, number]),
    fc.oneof(fc.string({ unit: 'binary', maxLength: 5 }), fc.constantFrom('{', '}', '[', '.', null, true)).map(twice),
    fc
      .array(tie('json'), { maxLength: 3 })
      .map((items): [string, string] => [
        `[${items.map(([text]) => text).join(',')}]`,
        `[ ${items.map(([, text]) => text).join(' , ')} ]`,
      ]),
    fc
      .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', '{', '}', '[', ']', '.', '1', 'é', '__proto__'), tie('json')), {
        selector: ([name]) => name,
        maxLength: 4,
      })
      .map((members): [string, string] => [
        `{${members.map(([name, [text]]) => `${JSON.stringify(name)}:${text}`).join(',')}}`,
        `{ ${members
          .toReversed()
          .map(([name, [, text]]) => `${JSON.stringify(name)} : ${text}`)
          .join(' ,\n')} }`,
      ]),
  ),
}));

function twice(value: unknown): [string, string] {
  return [JSON.stringify(value), JSON.stringify(value)];
}

describe('content hash', () => {
  it('should be one for any order of members and white space, and another for any other content', () => {
    const hasher = new ContentHasher();
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(json, ([text, other]) => {
        const [a, b] = [parseLossless(text), parseLossless(other)];
        const hash = hasher.of(a);
        expect(hasher.of(b)).toBe(hash);
        // What was hashed before makes no difference.
        expect(new ContentHasher().of(b)).toBe(hash);
        const canonical = canonicalJson(a);
        expect(seen.get(hash) ?? canonical).toBe(canonical);
        seen.set(hash, canonical);
      }),
      { numRuns: 2000 },
    );
    expect(new Set(seen.values()).size).toBe(seen.size);
  });

  it('should tell 5 from 5.0, and text from a number', () => {
    const hashes = [
      '{"a":5}',
      '{"a":5.0}',
      '{"a":"5"}',
      '{"a":"5.0"}',
      '{"a":5e0}',
      '{"a":[5]}',
      '{"a":null}',
      '{}',
    ].map((text) => new ContentHasher().of(parseLossless(text)));
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('should give the same when a file has more structures than it remembers', () => {
    const hasher = new ContentHasher();
    const last = { z: 1, a: { y: [1, 2] } };
    for (let n = 0; n < 30_000; n += 1) hasher.of({ [`name${n}`]: n, other: n });
    expect(hasher.of(last)).toBe(new ContentHasher().of({ a: { y: [1, 2] }, z: 1 }));
  });
});

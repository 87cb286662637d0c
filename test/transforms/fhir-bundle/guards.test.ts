/** The checks by hand must say what the shapes say: only the shapes can name what is wrong. */
import fc from 'fast-check';
import { isConcept, isPeriod, isQuantity, isReference } from '../../../src/transforms/fhir-bundle/guards';
import { parseLossless } from '../../../src/transforms/fhir-bundle/lossless-json';
import { ConceptShape, QuantityShape, ReferenceShape } from '../../../src/transforms/fhir-bundle/shapes';

const leaf = fc.constantFrom('a', '', 5, 'NUMBER', null, true, [], {});
const identifier = fc.oneof(leaf, fc.record({ use: leaf, system: leaf, value: leaf }, { requiredKeys: [] }));
const coding = fc.oneof(leaf, fc.record({ system: leaf, code: leaf, display: leaf }, { requiredKeys: [] }));
const element = fc.oneof(
  leaf,
  fc.record({ reference: leaf, identifier }, { requiredKeys: [] }),
  fc.record({ text: leaf, coding: fc.oneof(leaf, fc.array(coding, { maxLength: 2 })) }, { requiredKeys: [] }),
  fc.record({ value: leaf, comparator: leaf, unit: leaf, system: leaf, code: leaf }, { requiredKeys: [] }),
);

describe('guards', () => {
  it('should agree with the shapes', () => {
    let good = 0;
    fc.assert(
      fc.property(element, (written) => {
        // 5.0 comes as a marked string, which is a number all the same.
        const value = parseLossless(JSON.stringify(written).replaceAll('"NUMBER"', '5.0'));
        const checks = [isConcept(value), isReference(value), isQuantity(value)];
        const shapes = [ConceptShape, ReferenceShape, QuantityShape].map((shape) => shape.safeParse(value).success);
        expect(checks).toEqual(shapes);
        if (checks.every(Boolean)) good += 1;
      }),
      { numRuns: 3000 },
    );
    expect(good).toBeGreaterThan(0);
  });

  it('should take a period of texts only', () => {
    expect([{}, { start: 'a' }, { end: 5 }, { start: null }, 'x', []].map(isPeriod)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

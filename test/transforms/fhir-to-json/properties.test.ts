/** Every document of the JSON form keeps to its schema, and says what was sent. */
import fc from 'fast-check';
import { plainDecimal } from '../../../src/transforms/fhir-bundle/decimal';
import { readBundle } from '../../../src/transforms/fhir-bundle';
import { JsonMessageSchema, type JsonMessage } from '../../../src/transforms/fhir-to-json';
import { mapFile } from '../../../src/transforms/mapping';
import { anyBundle, resourcesOf } from '../fhir-bundle/arbitraries';
import { bundleBytes } from '../fhir-bundle/bundles';
import { testContext, testProfile } from '../fhir-to-hl7/profile';
import { anyFile } from '../stu3-to-r4/samples';

const RUNS = { numRuns: 100 };

type Json = Readonly<Record<string, unknown>>;

function map(resources: readonly Json[]) {
  const profile = testProfile({ form: 'json', unmapped: 'carry' });
  return mapFile(readBundle(bundleBytes(resources)), profile, testContext());
}

function documents(resources: readonly Json[]): readonly string[] {
  return map(resources).messages.map(({ text }) => text);
}

/** The reader replaces U+0001 at the start of a string: FHIR does not allow it there. */
function asRead(text: string): string {
  return text.startsWith('\u0001') ? `\ufffd${text.slice(1)}` : text;
}

function read(text: string): JsonMessage {
  return JsonMessageSchema.parse(JSON.parse(text));
}

describe('JSON form', () => {
  it('should keep to its schema', () => {
    fc.assert(
      fc.property(anyFile, (resources) => {
        const { messages, leftOut } = map(resources);
        const texts = messages.map(({ text }) => text);
        const ids = texts.flatMap((text) => read(text).items.map(({ id }) => id));
        expect(messages.length + leftOut.length).toBeGreaterThan(0);
        expect(ids).toEqual(expect.arrayContaining(messages.flatMap(({ references }) => references)));
        expect(new Set(ids).size).toBe(ids.length);
        expect(documents(resources)).toEqual(texts);
      }),
      RUNS,
    );
  });

  it('should say every value and text of glucose readings', () => {
    fc.assert(
      fc.property(anyBundle, (bundle) => {
        const items = documents(resourcesOf(bundle)).flatMap((text) => read(text).items);
        for (const { id, number, comparator, comment, unit } of bundle.samples) {
          const item = items.find((one) => one.id === `Observation/${id}`);
          if (item === undefined || !('value' in item)) {
            // What has no mapping, as a number with too many digits, is carried.
            expect(item).toMatchObject({ kind: 'carried', resource: { id } });
            continue;
          }
          expect(item).toMatchObject({ value: plainDecimal(number), unit, kind: 'glucose', status: 'new' });
          expect(item.comparator).toBe(comparator);
          expect(item.comments).toEqual(comment === undefined ? [] : [asRead(comment)]);
        }
      }),
      RUNS,
    );
  });
});

/** What holds for every file: nothing is lost or altered, references lead somewhere, the same input gives the same bytes. */
import fc from 'fast-check';
import { plainDecimal } from '../../../src/transforms/fhir-bundle/decimal';
import { decimalSource, parseLossless } from '../../../src/transforms/fhir-bundle/lossless-json';
import { readBundle } from '../../../src/transforms/fhir-bundle';
import { mapFile } from '../../../src/transforms/mapping';
import { TimeZone } from '../../../src/transforms/model/time-zone';
import { convert } from '../../../src/transforms/stu3-to-r4';
import { bundleBytes } from '../fhir-bundle/bundles';
import { testContext, testProfile, type ProfileChanges } from '../fhir-to-hl7/profile';
import { entryOf, member, object, objects, readTransaction, referencesIn, type Json } from './read-transaction';
import { anyFile } from './samples';

const RUNS = { numRuns: 100 };

function transactions(resources: readonly Json[], changes: ProfileChanges = {}): readonly string[] {
  // Delivered before: so that deletions go out too.
  const delivered = new Map(
    resources
      .filter(isDeleted)
      .map((one) => [`${String(one['resourceType'])}/${String(one['id'])}`, 'earlier'] as const),
  );
  const profile = testProfile({ form: 'fhir', unmapped: 'carry', ...changes });
  return mapFile(readBundle(bundleBytes(resources)), profile, testContext({ delivered })).messages.map(
    ({ text }) => text,
  );
}

const isDeleted = ({ status }: Json): boolean => status === 'cancelled' || status === 'entered-in-error';

function readings(resources: readonly Json[]): readonly Json[] {
  return resources.filter(({ resourceType, id }) => {
    return (resourceType === 'Observation' && id !== 'no-value') || resourceType === 'MedicationAdministration';
  });
}

/** A resource of the generator as it stands in the file. */
function sent(resource: Json): Json {
  return object(member(parseLossless(Buffer.from(bundleBytes([resource])).toString('utf8')), 'entry', 0, 'resource'));
}

function digits(quantity: unknown): string | undefined {
  const source = decimalSource(member(quantity, 'value'));
  return source === undefined ? undefined : plainDecimal(source);
}

describe('transactions', () => {
  it('should say every value, text and code of every reading', () => {
    fc.assert(
      fc.property(anyFile, (resources) => {
        const entries = transactions(resources).flatMap(readTransaction);
        for (const one of readings(resources)) {
          const raw = sent(one);
          const resource = object(entryOf(entries, `${String(raw['resourceType'])}/${String(raw['id'])}`)?.resource);
          expect(resource['resourceType']).toBe(raw['resourceType']);
          expect(digits(resource['valueQuantity'])).toBe(digits(raw['valueQuantity']));
          expect(digits(member(resource, 'dosage', 'dose'))).toBe(digits(member(raw, 'dosage', 'dose')));
          expect(digits(member(resource, 'dosage', 'rateQuantity'))).toBe(
            digits(member(raw, 'dosage', 'rateSimpleQuantity')),
          );
          const texts = objects(resource['note']).map(({ text }) => text);
          for (const text of [raw['comment'], member(raw, 'note', 0, 'text')]) {
            if (text !== undefined) expect(texts).toContain(text);
          }
          const codes = objects(
            member(resource, raw['code'] === undefined ? 'medicationCodeableConcept' : 'code', 'coding'),
          );
          const sentCodes = member(raw, raw['code'] === undefined ? 'medicationCodeableConcept' : 'code', 'coding');
          expect(codes.map(({ code }) => code)).toEqual(
            expect.arrayContaining(objects(sentCodes).map(({ code }) => code)),
          );
          if (isDeleted(one)) expect(resource['status']).toBe('entered-in-error');
        }
      }),
      RUNS,
    );
  });

  it('should refer to entries of the same bundle only', () => {
    fc.assert(
      fc.property(
        anyFile,
        fc.constantFrom('conditional', 'id'),
        fc.integer({ min: 3, max: 6 }),
        (resources, upsert, limit) => {
          for (const text of transactions(resources, { upsert, maxEntriesPerBundle: limit })) {
            const entries = readTransaction(text);
            const urls = new Set(entries.map(({ fullUrl }) => fullUrl));
            expect(urls.size).toBe(entries.length);
            for (const { resource } of entries) {
              for (const reference of referencesIn(resource)) expect(urls).toContain(reference);
            }
            const requests = entries.map(
              ({ request }) => `${String(request['url'])} ${String(request['ifNoneExist'])}`,
            );
            expect(new Set(requests).size).toBe(entries.length);
          }
        },
      ),
      RUNS,
    );
  });

  it('should give the same bytes for the same input, and another id for another notification', () => {
    fc.assert(
      fc.property(anyFile, (resources) => {
        expect(transactions(resources)).toEqual(transactions(resources));
      }),
      RUNS,
    );
  });

  it('should leave what is R4 as it is', () => {
    const zone = new TimeZone('Europe/Berlin');
    fc.assert(
      fc.property(anyFile, (resources) => {
        for (const one of resources) {
          const once = convert(sent(one), { zone })?.resource;
          if (once !== undefined) expect(convert(once, { zone })?.resource).toEqual(once);
        }
      }),
      RUNS,
    );
  });
});

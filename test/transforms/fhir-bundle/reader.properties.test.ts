/** What holds for every file: nothing is lost or altered, and nothing but a DuctusError comes out of a bad one. */
import fc from 'fast-check';
import { DuctusError } from '../../../src/domain/errors';
import { readBundle } from '../../../src/transforms/fhir-bundle';
import { parseFhirTime } from '../../../src/transforms/model/time';
import type { FileContent, ParsedResource } from '../../../src/transforms/model/content';
import type { Reading } from '../../../src/transforms/model/reading';
import { bundleBytes } from './bundles';
import {
  anyClinicalBundle,
  anyFile,
  clinicalResourcesOf,
  referenceOf,
  type ClinicalEntry,
} from './clinical-arbitraries';

/** A decimal as its digits without the point, and the power of ten of the last one: what no spelling changes. */
function significance(number: string): [string, number] {
  const [mantissa = '', exponent = '0'] = number.split(/[eE]/);
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = (whole + fraction).replace(/^0+/, '');
  return [(number.startsWith('-') ? '-' : '') + digits, Number(exponent) - fraction.length];
}

/** With a positive exponent, zeros before the point take the place of the power. */
function sameNumber(read: string, sent: string): boolean {
  const [a, powerA] = significance(read);
  const [b, powerB] = significance(sent);
  return powerB > 0
    ? powerA === 0 && a === (b.replace('-', '') === '' ? b : b + '0'.repeat(powerB))
    : a === b && powerA === powerB;
}

function readingOf({ resources }: FileContent, entry: ClinicalEntry): Reading | undefined {
  const found = resources.find(({ reference }) => reference === referenceOf(entry));
  return found?.mapping.kind === 'reading' ? found.mapping.reading : undefined;
}

function tryToRead(bytes: Uint8Array): FileContent | DuctusError {
  try {
    return readBundle(bytes);
  } catch (error) {
    if (error instanceof DuctusError) return error;
    throw error;
  }
}

describe('the reader', () => {
  it('should read every value as it was written', () => {
    fc.assert(
      fc.property(anyClinicalBundle, (bundle) => {
        const content = readBundle(bundleBytes(clinicalResourcesOf(bundle)));
        for (const entry of bundle.entries) {
          const reading = readingOf(content, entry);
          const { value, unit, codes, comments, start, standing } = reading ?? {};
          expect(sameNumber(value?.number ?? '', entry.number)).toBe(true);
          expect(value?.number).not.toMatch(/[eE]/);
          expect([value?.comparator, unit, standing]).toEqual([
            entry.comparator,
            entry.unit,
            entry.deleted ? 'deleted' : 'final',
          ]);
          expect(codes?.[0]).toMatchObject(clean(entry.code));
          if (entry.alternate !== undefined) expect(codes).toContainEqual(clean(entry.alternate));
          expect(comments).toEqual(entry.comment === undefined ? [] : [clean(entry.comment)]);
          expect(start).toEqual(parseFhirTime(entry.start));
          const device = bundle.devices[entry.device ?? bundle.devices.length];
          expect(reading?.device?.value).toBe(clean(device?.identifier));
          if (entry.kind !== 'insulin') continue;
          expect(reading?.insulin?.adminType?.code).toBe(entry.adminType);
          expect(reading?.insulin?.isRate).toBe(entry.unit === '[iU]/h');
        }
        for (const { id, identifier, manufacturer, model, firmware } of bundle.devices) {
          const found = content.resources.find(({ reference }) => reference === `Device/${id}`)?.mapping;
          expect(found).toMatchObject({
            kind: 'device',
            device: { id: { value: clean(identifier) }, manufacturer: clean(manufacturer), model: clean(model) },
          });
          expect(found?.kind === 'device' && found.device.versions).toEqual([
            { of: undefined, value: clean(firmware) },
          ]);
          expect(found?.kind === 'device' && found.device.metrics.length).toBe(1);
        }
        expect(content.resources.flatMap(({ unread }) => unread)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('should give the same for the same file, and the same hashes for members in another order', () => {
    fc.assert(
      fc.property(anyClinicalBundle, (bundle) => {
        const resources = clinicalResourcesOf(bundle);
        const content = readBundle(bundleBytes(resources));
        expect(readBundle(bundleBytes(resources))).toEqual(content);
        const hashes = readBundle(bundleBytes(resources.map(reversed))).resources.map(hashOf);
        expect(hashes).toEqual(content.resources.map(hashOf));
      }),
      { numRuns: 200 },
    );
  });

  it('should read any file, or say what is wrong with which element', () => {
    let read = 0;
    let mapped = 0;
    fc.assert(
      fc.property(anyFile, (bytes) => {
        const content = tryToRead(bytes);
        expect(tryToRead(bytes)).toEqual(content);
        if (content instanceof DuctusError) {
          expect(content.code).toBe('DUCTUS_BUNDLE_INVALID');
          expect(content.details['element']).toMatch(/^Bundle\.entry\[\d+\]\.resource/);
          return;
        }
        read += 1;
        for (const { mapping, unread } of content.resources) {
          for (const name of unread)
            expect(name).toMatch(/^[A-Z][A-Za-z]+(\.([A-Za-z]{1,40}|\(other\)|extension\([A-Za-z0-9-]{1,40}\)))+$/);
          if (mapping.kind !== 'reading') continue;
          mapped += 1;
          expect(mapping.reading.codes.length).toBeGreaterThan(0);
          if (mapping.reading.standing !== 'deleted') expect(mapping.reading.value?.number).toMatch(/^-?\d+(\.\d+)?$/);
        }
      }),
      { numRuns: 1500 },
    );
    // The files are not all bad.
    expect(read).toBeGreaterThan(200);
    expect(mapped).toBeGreaterThan(200);
  });
});

/** U+0001 at the beginning marks numbers and is no FHIR text; it comes out as U+FFFD. */
function clean<T>(value: T): T;
function clean(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith('\u0001') ? `\ufffd${value.slice(1)}` : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, clean(member)]));
}

function hashOf({ contentHash }: ParsedResource): string {
  return contentHash;
}

function reversed(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, isRecord(member) ? reversed(member) : member]),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

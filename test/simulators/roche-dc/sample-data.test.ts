import {
  bgBundle,
  correctionBundle,
  readingVersions,
  rocheBundleSize,
  samplePatient,
} from '../../../simulators/roche-dc/sample-data';
import { draw } from '../../../simulators/random';

function types(bundle: fhir.Bundle): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { resource } of bundle.entry ?? []) {
    const type = resource?.resourceType ?? '';
    counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}

function observations(bundle: fhir.Bundle): unknown[] {
  return (bundle.entry ?? [])
    .map(({ resource }) => resource)
    .filter((resource) => resource?.resourceType === 'Observation');
}

describe('sample bundles', () => {
  it('should be the same bytes for the same seed', () => {
    const make = (seed: number): string => JSON.stringify(bgBundle({ patient: 3, count: 20, seed, unit: 'mixed' }));
    expect(make(1)).toBe(make(1));
    expect(make(1)).not.toBe(make(2));
  });

  it("should have blood glucose readings in Roche's profile", () => {
    const [first] = observations(bgBundle({ patient: 3, count: 1, seed: 1, manualShare: 0 }));
    expect(first).toEqual({
      resourceType: 'Observation',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      meta: {
        versionId: '1',
        lastUpdated: '2026-01-05T11:00:00.000Z',
        profile: ['http://roche.com/fhir/rdc/StructureDefinition/bg-observation'],
      },
      identifier: [{ system: 'urn:ietf:rfc:3986', value: expect.stringMatching(/^urn:uuid:/) }],
      status: 'final',
      category: [{ coding: [{ system: 'http://roche.com/fhir/rdc/cs', code: 'clinical-observation' }] }],
      code: { coding: [expect.objectContaining({ system: 'http://loinc.org', code: '41653-7' })] },
      subject: {
        reference: 'Patient/SYN-000003',
        identifier: { system: 'urn:oid:2.999.1.10', value: 'SYN-000003' },
      },
      effectiveDateTime: '2026-01-05T08:00:00+01:00',
      valueQuantity: {
        value: expect.any(Number),
        unit: 'mg/dL',
        system: 'http://unitsofmeasure.org',
        code: 'mg/dL',
      },
      device: { reference: 'DeviceMetric/meter-SYN-000003-metric' },
    });
  });

  it('should mark readings entered by hand, and have no meter for them', () => {
    const [first] = observations(bgBundle({ patient: 3, count: 1, seed: 1, manualShare: 1 }));
    expect(first).toMatchObject({
      code: { coding: [{ system: 'http://snomed.info/sct', code: '362943005' }] },
    });
    expect(first).not.toHaveProperty('device');
  });

  it('should carry what is asked for', () => {
    const bundle = bgBundle({
      patient: samplePatient(4),
      count: 5,
      seed: 1,
      carbs: 2,
      insulin: 3,
      statements: 1,
      devices: true,
      bundleType: 'message',
    });
    expect(types(bundle)).toEqual({
      MessageHeader: 1,
      Patient: 1,
      Device: 1,
      DeviceComponent: 1,
      DeviceMetric: 1,
      Observation: 7,
      MedicationAdministration: 3,
      MedicationStatement: 1,
    });
    expect(bundle.entry?.[0]?.resource?.resourceType).toBe('MessageHeader');
    expect(readingVersions(bundle)).toHaveLength(5);
  });

  it('should show device times at an offset or without one', () => {
    const at = (offset: string): unknown =>
      observations(bgBundle({ patient: 1, count: 1, seed: 1, start: '2026-03-29T00:30:00Z', offset }))[0];
    expect(at('+02:00')).toMatchObject({ effectiveDateTime: '2026-03-29T02:30:00+02:00' });
    expect(at('-05:30')).toMatchObject({ effectiveDateTime: '2026-03-28T19:00:00-05:30' });
    expect(at('none')).toMatchObject({ effectiveDateTime: '2026-03-29T01:30:00' });
  });

  it('should correct and cancel under the same ids with the next version', () => {
    const before = bgBundle({ patient: 3, count: 10, seed: 1 });
    const after = readingVersions(correctionBundle(before, { seed: 2, corrected: 3, cancelled: 2 }));
    const earlier = readingVersions(before);
    expect(after.map(({ id }) => id)).toEqual(earlier.slice(0, 5).map(({ id }) => id));
    expect(after.map(({ versionId }) => versionId)).toEqual(['2', '2', '2', '2', '2']);
    expect(after.map(({ status }) => status)).toEqual(['amended', 'amended', 'amended', 'cancelled', 'cancelled']);
    for (const [index, { value }] of after.slice(0, 3).entries()) {
      expect(value).not.toBe(earlier[index]?.value);
    }
  });

  it("should have the sizes of Roche's mix", () => {
    const sizes = Array.from({ length: 2000 }, (_, index) =>
      rocheBundleSize(draw(1, 'share', index), draw(1, 'in', index)),
    );
    const share = (from: number, to: number): number =>
      sizes.filter((size) => size >= from && size <= to).length / sizes.length;
    expect(share(1, 500)).toBeCloseTo(0.75, 1);
    expect(share(501, 5000)).toBeCloseTo(0.125, 1);
    expect(share(5001, 12_000)).toBeCloseTo(0.125, 1);
    expect([rocheBundleSize(0, 0), rocheBundleSize(0.74, 0.9999)]).toEqual([1, 500]);
    expect([rocheBundleSize(0.875, 0), rocheBundleSize(0.9999, 0.99999)]).toEqual([5001, 12_000]);
  });
});

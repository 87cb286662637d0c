/** What has the same number and is not the same, and what has no number that FHIR could search for. */
import type { ContextResource } from '../../../src/transforms/model/content';
import type { Item } from '../../../src/transforms/model/item';
import { itemsToFhir } from '../../../src/transforms/stu3-to-r4';
import type { FhirProfile } from '../../../src/transforms/model/profile';
import { glucoseItem, PATIENT, REPORT, reportItem } from './items';
import { entryOf, readTransaction, type Json, type ReadEntry } from './read-transaction';

function entries(items: readonly Item[], changes: Partial<FhirProfile> = {}): ReadEntry[] {
  const context = { createdAtMs: Date.UTC(2024, 2, 1, 9, 0, 0), seed: 'clinic|n1|emr' };
  const profile: FhirProfile = { upsert: 'conditional', maxEntriesPerBundle: 500, ...changes };
  return itemsToFhir(items, profile, 'Europe/Berlin', context).flatMap(({ text }) => readTransaction(text));
}

describe('parts of a device', () => {
  const number = { system: 'urn:oid:2.999.5', value: 'SN-1' };
  const part = (type: string, id: string, more: Json): ContextResource => ({
    reference: `${type}/${id}`,
    path: `Bundle.entry[9].resource`,
    raw: { resourceType: type, id, identifier: number, ...more },
  });
  const device = part('Device', 'd', { identifier: [number] });
  const component = part('DeviceComponent', 'c', { source: { reference: 'Device/d' } });
  const metric = (id: string): ContextResource =>
    part('DeviceMetric', id, { type: {}, category: 'measurement', parent: { reference: 'DeviceComponent/c' } });
  const reading = (id: string, metricId: ContextResource): Item =>
    glucoseItem({ reference: `Observation/${id}`, references: [id], context: [metricId, component, device] });

  it('should not take the place of the device where they have its number', () => {
    const all = entries([reading('a', metric('m'))]);
    const [own, inner] = [entryOf(all, 'Device/d'), entryOf(all, 'DeviceComponent/c')];
    expect(own?.request['url']).toBe('Device?identifier=urn%3Aoid%3A2.999.5%7CSN-1');
    expect(inner?.request['url']).toBe('Device?identifier=urn%3Aductus%3Areference%7CDeviceComponent%2Fc');
    expect(inner?.resource['parent']).toEqual({ reference: own?.fullUrl });
    // A search for the device must find one.
    expect(inner?.resource['identifier']).toEqual([{ system: 'urn:ductus:reference', value: 'DeviceComponent/c' }]);
    expect(inner?.resource['extension']).toEqual([
      { url: 'urn:ductus:stu3:DeviceComponent.identifier', valueIdentifier: number },
    ]);
  });

  it('should have what R4 requires, said to be unknown or unspecified, when it came without', () => {
    const bare = part('DeviceMetric', 'bare', { parent: { reference: 'DeviceComponent/c' } });
    const unknown = {
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
    };
    expect(entryOf(entries([reading('a', bare)]), 'DeviceMetric/bare')?.resource).toMatchObject({
      type: unknown,
      category: 'unspecified',
    });
  });

  it('should not take the place of each other', () => {
    const all = entries([reading('a', metric('m1')), reading('b', metric('m2'))]);
    expect(['m1', 'm2'].map((id) => entryOf(all, `DeviceMetric/${id}`)?.request['url'])).toEqual([
      'DeviceMetric?identifier=urn%3Aductus%3Areference%7CDeviceMetric%2Fm1',
      'DeviceMetric?identifier=urn%3Aductus%3Areference%7CDeviceMetric%2Fm2',
    ]);
    expect(all.filter(({ resource }) => resource['resourceType'] === 'Device')).toHaveLength(2);
  });
});

describe('a number that was sent without a system', () => {
  const patient = { ...PATIENT, identifier: { system: undefined, value: '4711' } };
  const search = (changes: Partial<FhirProfile>): unknown =>
    entries([glucoseItem({ patient })], changes)[0]?.request['ifNoneExist'];

  it('should be one of the authority that the destination names', () => {
    expect(search({ patientAssigningAuthority: 'HIS&2.999.7&ISO' })).toBe('identifier=urn%3Aoid%3A2.999.7%7C4711');
  });

  it('should stay without one where none is named', () => {
    expect(search({})).toBe('identifier=%7C4711');
    expect(search({ patientAssigningAuthority: 'HIS' })).toBe('identifier=%7C4711');
  });
});

describe('a document whose id is a name', () => {
  it('should not be called an OID or a UUID', () => {
    const report = { ...REPORT, id: { root: 'REPORTS', extension: '7' }, set: undefined };
    const [, document] = entries([
      reportItem({ content: { kind: 'report', report }, reference: 'ClinicalDocument/REPORTS^7' }),
    ]);
    expect(document?.resource['masterIdentifier']).toEqual({ value: 'REPORTS^7' });
    expect(document?.request['url']).toBe(
      'DocumentReference?identifier=urn%3Aductus%3Areference%7CClinicalDocument%2FREPORTS%5E7',
    );
  });
});

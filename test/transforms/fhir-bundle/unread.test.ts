/** Elements that no mapping reads: what a clinician would miss must be named, and nothing but names. */
import { readBundle } from '../../../src/transforms/fhir-bundle';
import { bundleBytes, glucose, PATIENT, raw } from './bundles';
import { adminType, insulin, METER, snomed } from './clinical-resources';

type Json = Readonly<Record<string, unknown>>;

function unreadOf(resource: Json, ...others: readonly Json[]): readonly string[] | undefined {
  return readBundle(bundleBytes([PATIENT, resource, ...others])).resources[1]?.unread;
}

describe('unread elements', () => {
  it.each([
    ['where it was measured', { bodySite: snomed('7569003') }, 'Observation.bodySite'],
    ['how', { method: { text: 'strip' } }, 'Observation.method'],
    ['of what', { specimen: { reference: 'Specimen/1' } }, 'Observation.specimen'],
    ['why there is no value', { dataAbsentReason: { text: 'x' } }, 'Observation.dataAbsentReason'],
    ['another value', { valueString: 'HI' }, 'Observation.valueString'],
    [
      'an extension',
      { extension: [{ url: 'http://x.example/StructureDefinition/meal' }] },
      'Observation.extension(meal)',
    ],
    ['an extension named by a URN', { extension: [{ url: 'urn:x:y' }] }, 'Observation.extension(other)'],
    ['an extension without a name', { extension: [{ valueString: 'secret' }] }, 'Observation.extension(other)'],
    ['extensions that are no list', { extension: { a: 1 } }, 'Observation.extension(other)'],
    ['an extension of a text', { _comment: { extension: [{ url: 'x/lang' }] } }, 'Observation.comment.extension(lang)'],
    [
      'an extension of the value',
      { valueQuantity: { value: 5, unit: 'mg/dL', extension: [{ url: 'a/precision' }] } },
      'Observation.valueQuantity.extension(precision)',
    ],
    ['who wrote a note', { note: [{ text: 'a' }, { text: 'b', authorString: 'Dr' }] }, 'Observation.note.authorString'],
    ['a label that restricts who may see it', { meta: { security: [{ code: 'R' }] } }, 'Observation.meta.security'],
    ['narrative that says more', { text: { status: 'additional', div: 'x' } }, 'Observation.text'],
    [
      'a contained resource that nothing leads to',
      { contained: [{ resourceType: 'Basic', id: 'b' }] },
      'Observation.contained',
    ],
    ['a name that is none', { 'Maxi Muster': 'x' }, 'Observation.(other)'],
    ['a long name', { ['x'.repeat(41)]: 'x' }, 'Observation.(other)'],
    ['a device that has only a label', { device: { display: 'my meter' } }, 'Observation.device'],
    ['an interpretation in words', { interpretation: { text: 'high' } }, 'Observation.interpretation'],
  ])('should name %s', (_, changes, name) => {
    expect(unreadOf(glucose(changes))).toEqual([name]);
  });

  it('should not name what is read, what may go, and what holds nothing', () => {
    const changes = {
      identifier: [{ system: 'urn:x', value: 'y' }],
      implicitRules: 'urn:x',
      language: 'de',
      text: { status: 'generated', div: 'x' },
      contained: [{ resourceType: 'Practitioner', id: 'p' }],
      performer: [{ reference: '#p' }],
      category: [{ text: 'x' }],
      issued: '2024-03-01T08:15:00Z',
      encounter: { reference: 'Encounter/1' },
      context: { reference: 'Encounter/1' },
      basedOn: [{}],
      comment: 'a',
      note: [{ id: 'n', text: 'b' }],
      bodySite: {},
      method: null,
      specimen: '',
      extension: [],
      _status: { id: 'x' },
      interpretation: snomed('1'),
    };
    expect(unreadOf(glucose(changes))).toEqual([]);
    expect(unreadOf(glucose())).toBe(unreadOf(glucose()));
  });

  it('should name each once, and none of a resource without mapping', () => {
    const extension = [{ url: 'a/b' }, { url: 'c/b' }];
    expect(unreadOf(glucose({ extension }))).toEqual(['Observation.extension(b)']);
    expect(unreadOf(glucose({ extension, status: 'unknown' }))).toEqual([]);
  });

  it('should look into the dosage', () => {
    const dosage = {
      dose: { value: raw('1.0'), unit: 'U' },
      rateQuantity: { value: 2, unit: 'U/h' },
      route: { text: 's.c.' },
      text: 'two',
      extension: [adminType({ valueCode: 'basal' }), adminType({ valueCode: 'bolusStd' })],
    };
    const changes = { dosage, reasonCode: [{ text: 'high' }], performer: [{}], notGiven: false };
    expect(unreadOf(insulin(changes))?.toSorted()).toEqual([
      'MedicationAdministration.dosage.extension(admin-type)',
      'MedicationAdministration.dosage.rateQuantity',
      'MedicationAdministration.dosage.route',
      'MedicationAdministration.dosage.text',
      'MedicationAdministration.reasonCode',
    ]);
    const byRate = { rateQuantity: { value: 2, unit: 'U/h' }, dose: { unit: 'U' } };
    expect(unreadOf(insulin({ dosage: byRate }))).toEqual(['MedicationAdministration.dosage.dose']);
    expect(unreadOf(insulin({ device: [{ display: 'pump' }] }))).toEqual(['MedicationAdministration.device']);
  });

  it('should name what a device and its parts have beside', () => {
    const [device = {}, component = {}, metric = {}] = METER;
    expect(unreadOf(device, component, metric)).toEqual([]);
    expect(
      unreadOf({ ...device, lotNumber: 'L' }, component, { ...metric, calibration: [{ type: 'offset' }] }),
    ).toEqual(['Device.lotNumber', 'DeviceMetric.calibration']);
  });
});

/** What is sent, as what, and what becomes of the rest. */
import { inspect } from 'node:util';
import fc from 'fast-check';
import type { MapContext } from '../../../src/transforms/model/message';
import type { Item } from '../../../src/transforms/model/item';
import { PatientChangedError } from '../../../src/transforms/selection/refused';
import { select } from '../../../src/transforms/selection/select';
import { testContext, testProfile, type ProfileChanges } from '../fhir-to-hl7/profile';
import { device, errorOf, file, patient, reading, resource } from './contents';
import { anyFile } from './arbitraries';

const NOON = '2024-03-01T12:00:00Z';

function selectWith(
  content: Parameters<typeof select>[0],
  changes: ProfileChanges & { readonly describeDevices?: boolean; readonly unknownPatient?: 'park' | 'as-sent' } = {},
  context: Partial<MapContext> = {},
) {
  const { describeDevices, unknownPatient, ...profile } = changes;
  return select(content, { ...testProfile(profile).selection, describeDevices, unknownPatient }, testContext(context));
}

describe('what is sent', () => {
  const one = file(resource('Observation/1', reading(NOON)));
  const deleted = file(resource('Observation/1', reading(NOON, { standing: 'deleted' })));
  const preliminary = file(resource('Observation/1', reading(NOON, { standing: 'preliminary' })));

  it.each([
    ['a new reading', one, undefined, false, 'F'],
    ['a preliminary one', preliminary, undefined, false, 'P'],
    ['a later version of what it has', one, 'earlier', false, 'C'],
    ['a preliminary version of what it has', preliminary, 'earlier', false, 'C'],
    ['a deletion of what it has', deleted, 'earlier', false, 'D'],
    ['a deletion of what it never had', deleted, undefined, false, 'never-sent'],
    ['this very version', one, 'current', false, 'current'],
    ['a version older than what it has', one, 'newer', false, 'superseded'],
    ['this very version, delivered again', one, 'current', true, 'C'],
    ['a deletion that it has, delivered again', deleted, 'current', true, 'D'],
    ['an older version, delivered again', one, 'newer', true, 'superseded'],
    ['what it never had, delivered again', one, undefined, true, 'F'],
    ['a deletion of what it never had, delivered again', deleted, undefined, true, 'never-sent'],
  ] as const)('should send or leave out %s', (_name, content, state, redelivery, expected) => {
    const delivered = new Map(state === undefined ? [] : [['Observation/1', state] as const]);
    const { items, leftOut } = selectWith(content, {}, { delivered, redelivery });
    expect([...items.map(({ status }) => status), ...leftOut.map(({ why }) => why)]).toEqual([expected]);
  });

  it('should leave out kinds that the destination does not take, also their deletions', () => {
    const content = file(
      resource('Observation/1', reading(NOON)),
      resource('MedicationAdministration/1', reading(NOON, { kind: 'insulin', unit: '[iU]' })),
      resource('MedicationAdministration/2', reading(NOON, { kind: 'insulin', standing: 'deleted' })),
    );
    const delivered = new Map([['MedicationAdministration/2', 'earlier'] as const]);
    const { items, leftOut } = selectWith(content, { kinds: ['glucose'] }, { delivered });
    expect(items.map(({ reference }) => reference)).toEqual(['Observation/1']);
    expect(leftOut).toEqual([
      { reference: 'MedicationAdministration/1', why: 'filtered' },
      { reference: 'MedicationAdministration/2', why: 'filtered' },
    ]);
  });

  it('should leave out what an operator leaves out, before anything else', () => {
    const content = file(resource('Observation/1', { kind: 'unmapped', why: 'x' }));
    const { unmapped, leftOut } = selectWith(content, { unmapped: 'park' }, { leaveOut: new Set(['Observation/1']) });
    expect({ unmapped, leftOut }).toEqual({ unmapped: [], leftOut: [{ reference: 'Observation/1', why: 'operator' }] });
  });

  it('should keep the Patient, the full URL and the device resources of an item', () => {
    const context = [{ reference: 'Device/1', path: 'x', raw: {} }];
    const content = file(resource('Observation/1', reading(NOON), { fullUrl: 'urn:uuid:1', context }));
    expect(selectWith(content).items).toEqual([
      expect.objectContaining({ fullUrl: 'urn:uuid:1', context, patient: patient(), references: ['Observation/1'] }),
    ]);
  });
});

describe('what the destination has under another patient', () => {
  const [anna, ben] = [patient('urn:p|anna'), patient('urn:p|ben')];
  const marks = new Map([
    [anna.key, ['anna']],
    [ben.key, ['ben', 'benjamin']],
  ]);
  const at = (mark: string) => ({
    delivered: new Map([['Observation/1', 'earlier'] as const]),
    recipients: { delivered: new Map([['Observation/1', mark]]), marks },
  });
  const ofBen = file(resource('Observation/1', reading(NOON), { subject: ben }));

  it.each([
    ['a correction', reading(NOON)],
    ['a deletion', reading(NOON, { standing: 'deleted' })],
  ] as const)('should refuse %s, and count it by type', (_name, content) => {
    const moved = file(
      resource('Observation/1', content, { subject: ben }),
      resource('Observation/2', reading(NOON), { subject: ben }),
    );
    const error = errorOf(() => selectWith(moved, {}, at('anna')));
    expect(error).toMatchObject({ code: 'DUCTUS_PATIENT_CHANGED', details: { Observation: 1 } });
    expect(error.message).toContain('Observation (1)');
    if (!(error instanceof PatientChangedError)) throw new Error('it does not know which');
    expect(error.references()).toEqual(['Observation/1']);
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('Observation/1');
  });

  it.each([
    ['under any mark of the same patient', ofBen, at('benjamin'), 'C'],
    ['when nobody knows whose it was', ofBen, { ...at('anna'), recipients: { delivered: new Map(), marks } }, 'C'],
  ] as const)('should correct it %s', (_name, content, context, status) => {
    expect(selectWith(content, {}, context).items.map((item) => item.status)).toEqual([status]);
  });

  it.each([
    ['an operator leaves out', ofBen, { ...at('anna'), leaveOut: new Set(['Observation/1']) }, 'operator'],
    [
      'is older than what it has',
      ofBen,
      { ...at('anna'), delivered: new Map([['Observation/1', 'newer' as const]]) },
      'superseded',
    ],
  ] as const)('should not mind what %s', (_name, content, context, why) => {
    expect(selectWith(content, {}, context).leftOut).toEqual([{ reference: 'Observation/1', why }]);
  });

  it('should refuse it also where it would not be the last of its hour, or one of a summary', () => {
    const content = file(
      resource('Observation/1', reading(NOON), { subject: ben }),
      resource('Observation/2', reading('2024-03-01T12:30:00Z'), { subject: ben }),
    );
    for (const glucose of ['latest-per-hour', 'daily-summary'] as const) {
      expect(errorOf(() => selectWith(content, { density: { glucose } }, at('anna')))).toMatchObject({
        code: 'DUCTUS_PATIENT_CHANGED',
      });
    }
  });

  it('should ask for the number of the hospital first, which may be the same', () => {
    const profile = { identity: 'registry', unknownPatient: 'park' } as const;
    expect(errorOf(() => selectWith(ofBen, profile, at('anna')))).toMatchObject({ code: 'DUCTUS_PATIENT_UNKNOWN' });
  });

  it('should let a device go from one patient to the next', () => {
    const content = file(resource('Observation/1', device('meter'), { subject: ben }));
    expect(selectWith(content, {}, at('anna')).items).toHaveLength(1);
  });
});

describe('devices', () => {
  const anna = patient('urn:p|anna');
  const ben = patient('urn:p|ben');
  const used = reading(NOON, { device: { value: 'meter', system: undefined } });

  it('should only be context where the destination sees them in their readings', () => {
    const content = file(
      resource('Observation/1', used),
      resource('Device/1', device('meter'), { subject: undefined }),
    );
    const { items, leftOut, unmapped } = selectWith(content, { describeDevices: false, unmapped: 'park' });
    expect({ items: items.length, leftOut, unmapped }).toEqual({ items: 1, leftOut: [], unmapped: [] });
  });

  it('should go with the only patient of the file, or the only one who used it', () => {
    const alone = file(
      resource('Observation/1', reading(NOON)),
      resource('Device/1', device('meter'), { subject: undefined }),
    );
    expect(selectWith(alone, { describeDevices: true }).items[1]?.patient).toEqual(patient());
    const two = file(
      resource('Observation/1', used, { subject: anna }),
      resource('Observation/2', reading(NOON), { subject: ben }),
      resource('Device/1', device('meter'), { subject: undefined }),
    );
    expect(selectWith(two).items[2]?.patient).toBe(anna);
  });

  it('should be named as unmapped where nobody can say whose they are', () => {
    const content = file(
      resource('Observation/1', used, { subject: anna }),
      resource('Observation/2', used, { subject: ben }),
      resource('Device/1', device('meter'), { subject: undefined }),
    );
    const { items, unmapped } = selectWith(content);
    expect(items).toHaveLength(2);
    expect(unmapped).toEqual([expect.objectContaining({ reference: 'Device/1' })]);
  });
});

describe('numbers of the hospital', () => {
  const anna = patient('urn:p|anna');
  const content = file(
    resource('Observation/1', reading(NOON), { subject: anna }),
    resource('Observation/2', reading(NOON), { subject: anna }),
    resource('Observation/3', reading(NOON), { subject: patient('urn:p|ben') }),
  );
  const emr = { value: 'M-1', assigningAuthority: 'HOSP', identifierType: 'MR' };

  it('should be added from the registry, and left out where the number is as sent', () => {
    const identities = new Map([['urn:p|anna', emr]]);
    const { items } = selectWith(content, { identity: 'registry' }, { identities });
    expect(items.map((item) => item.patient.emr)).toEqual([emr, emr, undefined]);
    expect(items[0]?.patient).toBe(items[1]?.patient);
    expect(selectWith(content, {}, { identities }).items.some((item) => item.patient.emr !== undefined)).toBe(false);
  });

  it('should park a file with patients that the registry does not know, and name none of them', () => {
    const error = errorOf(() => selectWith(content, { identity: 'registry', unknownPatient: 'park' }));
    expect(error).toMatchObject({ code: 'DUCTUS_PATIENT_UNKNOWN', details: { patients: 2 } });
    expect(JSON.stringify([error, String(error)])).not.toMatch(/anna|ben/);
    // A patient of whom nothing is sent needs no number.
    const identities = new Map([['urn:p|anna', emr]]);
    const leaveOut = new Set(['Observation/3']);
    const parks = { identity: 'registry', unknownPatient: 'park' } as const;
    expect(selectWith(content, parks, { identities, leaveOut }).items).toHaveLength(2);
  });
});

describe('elements that no mapping reads', () => {
  const content = file(
    resource('Observation/1', reading(NOON), { unread: ['Observation.bodySite', 'Observation.method'] }),
    resource('Observation/2', reading(NOON), { unread: ['Observation.bodySite'] }),
    resource('Observation/3', reading(NOON), { unread: ['Observation.bodySite'] }),
  );
  const delivered = new Map([['Observation/3', 'current'] as const]);

  it('should be counted over what is sent', () => {
    const { unread, items } = selectWith(content, {}, { delivered });
    expect(unread).toEqual({ 'Observation.bodySite': 2, 'Observation.method': 1 });
    expect(items).toHaveLength(2);
  });

  it('should be carried with the whole resource, which is delivered once all the same', () => {
    const { items } = selectWith(content, { unmapped: 'carry' }, { delivered });
    expect(items.map(({ kind, reference, references }) => [kind, reference, references])).toEqual([
      ['glucose', 'Observation/1', ['Observation/1']],
      ['carried', 'Observation/1', []],
      ['glucose', 'Observation/2', ['Observation/2']],
      ['carried', 'Observation/2', []],
    ]);
  });

  it('should park the file where the destination wants that, with their names and counts', () => {
    const error = errorOf(() => selectWith(content, { unmapped: 'park' }, { delivered }));
    expect(error).toMatchObject({
      code: 'DUCTUS_BUNDLE_UNMAPPED',
      details: { 'Observation.bodySite': 2, 'Observation.method': 1 },
    });
    expect(String(error)).toContain('Observation.bodySite (2), Observation.method (1)');
  });

  it('should name a bounded number of them, and nothing that is no name', () => {
    const names = Array.from({ length: 50 }, (_, number) => `Observation.x${number}`);
    const unread = ['Max Muster, born 1980', 'http://x/?patient=4711', ...names];
    const error = errorOf(() =>
      selectWith(file(resource('Observation/1', reading(NOON), { unread })), { unmapped: 'park' }),
    );
    expect(Object.keys(error.details)).toHaveLength(20);
    expect(error.details['other']).toBe(33);
    expect(error.message).not.toMatch(/Muster|4711/);
  });
});

describe('the site’s own change of an item', () => {
  const content = file(resource('Observation/1', reading(NOON)), resource('Observation/2', reading(NOON)));

  it('should change items, and leave some out', () => {
    const item = (given: Item): Item | undefined =>
      given.reference === 'Observation/2' ? undefined : { ...given, status: 'P' };
    const { items, leftOut } = selectWith(content, {}, { site: { item } });
    expect(items.map(({ status }) => status)).toEqual(['P']);
    expect(leftOut).toEqual([{ reference: 'Observation/2', why: 'site' }]);
  });

  it('should hand the delivery of a resource to what is left of it', () => {
    const unread = file(resource('Observation/1', reading(NOON), { unread: ['Observation.bodySite'] }));
    const item = (given: Item): Item | undefined => (given.kind === 'carried' ? given : undefined);
    const { items, leftOut } = selectWith(unread, { unmapped: 'carry' }, { site: { item } });
    expect(items.map(({ kind, references }) => [kind, references])).toEqual([['carried', ['Observation/1']]]);
    expect(leftOut).toEqual([]);
  });

  it.each<[string, (item: Item) => unknown]>([
    [
      'threw an error',
      () => {
        throw new Error('Max Muster');
      },
    ],
    ['gave something that is no item', () => 'Max Muster'],
    ['gave something that is no item', () => null],
    ['changed the patient', (item) => ({ ...item, patient: { ...item.patient, key: 'Max Muster' } })],
    ['changed the reference', (item) => ({ ...item, reference: 'Observation/9' })],
    ['changed the reference', (item) => ({ ...item, references: [] })],
    ['changed the path or the type', (item) => ({ ...item, path: '' })],
    ['changed the kind', (item) => ({ ...item, content: { kind: 'carried' } })],
    ['gave no reading', (item) => ({ ...item, content: { kind: 'reading' } })],
  ])('should stop the file when the module %s', (what, hook) => {
    const site: MapContext['site'] = JSON.parse('{}');
    Object.assign(site ?? {}, { item: (item: Item) => (item.reference === 'Observation/2' ? hook(item) : item) });
    const error = errorOf(() => selectWith(content, {}, { site }));
    expect(error).toMatchObject({ code: 'DUCTUS_SITE_MAPPING_FAILED', details: { item: 2, kind: 'glucose' } });
    expect(String(error)).toContain(what);
    expect(JSON.stringify(error) + String(error)).not.toMatch(/Muster|Observation\/2/);
  });
});

describe('every resource', () => {
  it('should be sent, left out or named as unmapped, and delivered at most once', () => {
    fc.assert(
      fc.property(anyFile, ({ content, profile, context }) => {
        const { items, leftOut, unmapped } = selectWith(content, profile, context);
        const sent = items.flatMap(({ references }) => references);
        expect(new Set(sent).size).toBe(sent.length);
        const places = new Map<string, string[]>();
        const put = (reference: string, place: string): void => {
          places.set(reference, [...(places.get(reference) ?? []), place]);
        };
        for (const reference of sent) put(reference, 'sent');
        for (const { reference } of leftOut) put(reference, 'left out');
        for (const { reference } of unmapped) put(reference, 'unmapped');
        for (const { reference, mapping } of content.resources) {
          const found = places.get(reference) ?? [];
          const isContext =
            mapping.kind === 'context' || (mapping.kind === 'device' && profile.describeDevices === false);
          if (isContext) expect(found).toEqual([]);
          else if (mapping.kind === 'unmapped' && profile.unmapped === 'carry') {
            expect([1, 2]).toContain(found.length);
          } else expect(found).toHaveLength(1);
        }
      }),
      { numRuns: 300 },
    );
  });
});

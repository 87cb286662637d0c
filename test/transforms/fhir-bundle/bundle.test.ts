/** What readBundle finds in bundles, good and bad. */
import { DuctusError } from '../../../src/domain/errors';
import { readBundle } from '../../../src/transforms/fhir-bundle';
import { bundleBytes, glucose, jsonBytes, PATIENT, raw } from './bundles';

function read(...resources: Record<string, unknown>[]) {
  return readBundle(bundleBytes(resources)).resources;
}

function errorOf(bytes: Uint8Array): DuctusError {
  try {
    readBundle(bytes);
  } catch (error) {
    if (error instanceof DuctusError) return error;
    throw error;
  }
  throw new Error('the bundle was read');
}

describe('readBundle', () => {
  it.each(['message', 'collection', 'batch', 'transaction', 'history', 'searchset', undefined])(
    'should take a bundle of type %s',
    (type) => {
      const { resources } = readBundle(bundleBytes([PATIENT, glucose()], { type }));
      expect(resources.map(({ reference, mapping }) => [reference, mapping.kind])).toEqual([
        ['Patient/p1', 'context'],
        ['Observation/bg1', 'reading'],
      ]);
    },
  );

  it('should take a bundle without entries, and one with a byte order mark', () => {
    expect(readBundle(jsonBytes({ resourceType: 'Bundle' })).resources).toEqual([]);
    expect(readBundle(Buffer.concat([Buffer.from('\ufeff'), bundleBytes([PATIENT])])).resources.length).toBe(1);
  });

  it.each([
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'Bundle'],
    ['not JSON', Buffer.from('{"patient":"Maxi Muster"'), 'Bundle'],
    ['no bundle', jsonBytes({ resourceType: 'Observation' }), 'Bundle.resourceType'],
    ['an array', jsonBytes([]), 'Bundle.resourceType'],
    ['entries that are no array', jsonBytes({ resourceType: 'Bundle', entry: {} }), 'Bundle.entry'],
    ['an entry that is no object', jsonBytes({ resourceType: 'Bundle', entry: ['Maxi Muster'] }), 'Bundle.entry[0]'],
    ['an entry without anything', jsonBytes({ resourceType: 'Bundle', entry: [{}] }), 'Bundle.entry[0].resource'],
    ['no resource type', bundleBytes([PATIENT, { id: 'x' }]), 'Bundle.entry[1].resource.resourceType'],
    ['a wrong id', bundleBytes([glucose({ id: 7 })]), 'Bundle.entry[0].resource.id'],
    [
      'a value that is text',
      bundleBytes([glucose({ valueQuantity: { value: 'Maxi Muster', unit: 'mg/dL' } })]),
      'Bundle.entry[0].resource.valueQuantity.value',
    ],
    [
      'a coding that is text',
      bundleBytes([glucose({ code: { coding: ['Maxi Muster'] } })]),
      'Bundle.entry[0].resource.code.coding[0]',
    ],
    [
      'a wrong given name',
      bundleBytes([{ ...PATIENT, name: [{ given: ['A', 5] }] }]),
      'Bundle.entry[0].resource.name[0].given[1]',
    ],
  ])('should name the element for %s, and no value', (_, bytes, element) => {
    const error = errorOf(bytes);
    expect(error.code).toBe('DUCTUS_BUNDLE_INVALID');
    expect(error.details).toEqual({ element });
    expect(JSON.stringify([error.message, error.stack, String(error.cause)])).not.toContain('Maxi');
  });

  it('should not mind what it does not use', () => {
    const odd = {
      resourceType: 'Basic',
      id: 'b',
      meta: {},
      subject: 'odd',
      identifier: 5,
      code: [[]],
      extension: null,
    };
    expect(read(odd, glucose({ performer: 7, interpretation: 'x' })).map(({ mapping }) => mapping.kind)).toEqual([
      'unmapped',
      'reading',
    ]);
  });

  it('should name resources by id, by identifier, or by content', () => {
    const identifier = [{ value: '' }, { system: 'urn:ietf:rfc:3986', value: 'urn:uuid:1' }];
    const [byId, byIdentifier, byValue, byContent] = read(
      glucose({ identifier }),
      glucose({ id: undefined, identifier }),
      glucose({ id: undefined, identifier: [{ value: 'v' }] }),
      glucose({ id: undefined }),
    ).map(({ reference }) => reference);
    expect(byId).toBe('Observation/bg1');
    expect(byIdentifier).toBe('Observation?identifier=urn:ietf:rfc:3986|urn:uuid:1');
    expect(byValue).toBe('Observation?identifier=|v');
    expect(byContent).toMatch(/^Observation\?sha256=[0-9a-f]{32}$/);
  });

  it('should take the version from meta, else from the content', () => {
    const lastUpdated = '2024-03-01T08:16:00Z';
    const [both, time, none, same, other] = read(
      glucose({ id: 'a', meta: { versionId: '7', lastUpdated } }),
      glucose({ id: 'b', meta: { lastUpdated } }),
      glucose({ id: 'c', meta: undefined }),
      { ...Object.fromEntries(Object.entries(glucose({ id: 'd', meta: undefined })).reverse()) },
      glucose({ id: 'e', meta: undefined, valueQuantity: { value: raw('104.0'), unit: 'mg/dL' } }),
    );
    expect([both?.version, both?.lastUpdated]).toEqual(['7', lastUpdated]);
    expect([time?.version, time?.lastUpdated]).toEqual([lastUpdated, lastUpdated]);
    expect(none?.version).toBe(none?.contentHash);
    expect(new Set([none, same, other].map((resource) => resource?.contentHash)).size).toBe(3);
  });

  it('should hash the content whatever the order of its members, and keep the hash in a copy', () => {
    const observation = glucose();
    const [one] = read(observation);
    const [two] = read(Object.fromEntries(Object.entries(observation).reverse()));
    expect(two?.contentHash).toBe(one?.contentHash);
    expect(one?.contentHash).toMatch(/^[0-9a-f]{64}$/);
    expect({ ...one }.contentHash).toBe(one?.contentHash);
  });

  it('should keep the newest of versions of the same resource, and say which were superseded', () => {
    const at = (lastUpdated: string, versionId: string) => glucose({ meta: { lastUpdated, versionId } });
    const newest = (...resources: Record<string, unknown>[]) => {
      const { resources: kept, superseded } = readBundle(bundleBytes(resources));
      return { kept: kept.map(({ version }) => version), superseded };
    };
    expect(newest(at('2024-03-02T00:00:00Z', '1'), at('2024-03-01T00:00:00+01:00', '2'))).toEqual({
      kept: ['1'],
      superseded: ['Observation/bg1'],
    });
    expect(newest(at('2024-03-01T01:00:00+01:00', '10'), at('2024-03-01T00:00:00Z', '9')).kept).toEqual(['10']);
    expect(newest(at('', 'b'), at('', 'a'), at('', 'c')).kept).toEqual(['c']);
  });

  it('should not lose an entry that asks for a deletion', () => {
    const bytes = jsonBytes({
      resourceType: 'Bundle',
      entry: [{ request: { method: 'DELETE', url: 'Observation/bg1' } }],
    });
    const [resource] = readBundle(bytes).resources;
    expect(resource).toMatchObject({
      reference: 'Observation/bg1',
      type: 'Observation',
      mapping: { kind: 'unmapped' },
    });
  });
});

describe('patients', () => {
  const keyOf = (subject: unknown, ...patients: Record<string, unknown>[]) =>
    read(...patients, glucose({ subject })).find(({ type }) => type === 'Observation')?.patient;

  it.each([
    ['a literal reference', { reference: 'Patient/p1' }, 'urn:oid:1.3.6.1.4.1.56221.2.2|4711'],
    [
      'an absolute reference',
      { reference: 'https://x.example/fhir/Patient/p1/_history/3' },
      'urn:oid:1.3.6.1.4.1.56221.2.2|4711',
    ],
    ['an identifier', { identifier: { system: 's', value: 'v' } }, 's|v'],
    ['a conditional reference', { reference: 'Patient?identifier=s%7Cv%201' }, 's|v 1'],
    ['a reference to elsewhere', { reference: 'https://x.example/fhir/Patient/other' }, 'Patient/other'],
    ['a temporary id that leads nowhere', { reference: 'urn:uuid:0b5d1f38-1111-4222-8333-444455556666' }, undefined],
    ['a group', { reference: 'Group/g' }, undefined],
    ['a name only', { display: 'Maxi Muster' }, undefined],
    ['nothing', undefined, undefined],
  ])('should find the patient by %s', (_, subject, key) => {
    expect(keyOf(subject, PATIENT)).toBe(key);
  });

  it('should find contained patients and those of a fullUrl', () => {
    const contained = glucose({
      contained: [{ resourceType: 'Patient', id: 'in', identifier: [{ value: '9' }] }],
      subject: { reference: '#in' },
    });
    expect(read(contained)[0]?.patient).toBe('|9');
    const fullUrl = 'urn:uuid:0b5d1f38-1111-4222-8333-444455556666';
    const entry = [
      { fullUrl, resource: { ...PATIENT, id: undefined } },
      { resource: glucose({ subject: { reference: fullUrl } }) },
    ];
    expect(readBundle(bundleBytes([], { entry })).resources[1]?.patient).toBe('urn:oid:1.3.6.1.4.1.56221.2.2|4711');
  });

  it('should prefer identifiers in use, and fall back to the id', () => {
    const patient = (...identifier: unknown[]) => ({ resourceType: 'Patient', id: 'p1', identifier });
    const subject = { reference: 'Patient/p1' };
    const old = { use: 'old', system: 's', value: 'old' };
    expect(keyOf(subject, patient(old, { use: 'secondary', value: '2' }, { system: 's', value: '1' }))).toBe('s|1');
    expect(keyOf(subject, patient(old, { use: 'usual', value: '3' }, { use: 'official', value: '4' }))).toBe('|4');
    expect(keyOf(subject, patient(old))).toBe('s|old');
    expect(keyOf(subject, patient({ system: 's' }))).toBe('Patient/p1');
  });
});

describe('what has a mapping', () => {
  const loinc = (code: string) => ({ coding: [{ system: 'http://loinc.org', code }] });
  const plain = { meta: undefined };

  it.each([
    ['the profile, whatever the code', { code: { text: 'sugar', coding: [{ code: 'x' }] } }, true],
    [
      'the profile with a version',
      { meta: { profile: ['http://roche.com/fhir/rdc/StructureDefinition/bg-observation|1.0'] } },
      true,
    ],
    ['a meter code', { ...plain, code: loinc('14743-9') }, true],
    ['a sensor code', { ...plain, code: loinc('14745-4') }, true],
    ['manual entry', { ...plain, code: { coding: [{ system: 'http://snomed.info/sct', code: '362943005' }] } }, true],
    ['another code', { ...plain, code: loinc('8480-6') }, true],
    [
      'another code with a unit that is no code',
      { ...plain, code: loinc('8480-6'), valueQuantity: { value: 5, unit: 'mg/dL' } },
      false,
    ],
    ['the code in another system', { ...plain, code: { coding: [{ system: 'urn:x', code: '41653-7' }] } }, true],
    ['carbohydrates', { ...plain, code: loinc('9059-7'), valueQuantity: { value: 5, unit: 'g' } }, true],
    ['a unit without code', { valueQuantity: { value: 5, unit: 'mmol/l' } }, true],
    ['a code with a label beside it', { valueQuantity: { value: 5, unit: 'milligrams', code: 'mg/dL' } }, true],
    ['a unit against its code', { valueQuantity: { value: 5, unit: 'mmol/L', code: 'mg/dL' } }, false],
    ['another unit', { valueQuantity: { value: 5, unit: 'mmol/mol', code: 'mmol/mol' } }, false],
    ['no unit', { valueQuantity: { value: 5 } }, false],
    ['no value', { valueQuantity: undefined }, false],
    ['text for a value', { valueQuantity: undefined, valueString: 'HI' }, false],
    ['an unknown comparator', { valueQuantity: { value: 5, unit: 'mg/dL', comparator: '~' } }, false],
    ['an exponent that no number has', { valueQuantity: { value: raw('1e99'), unit: 'mg/dL' } }, false],
    ['components', { component: [{ code: loinc('41653-7') }] }, false],
    ['no time', { effectiveDateTime: undefined }, false],
    ['a time that does not exist', { effectiveDateTime: '2023-02-29T10:00:00Z' }, false],
    ['a status that says nothing', { status: 'unknown' }, false],
    ['no status', { status: undefined }, false],
    [
      'a deletion without value and time',
      { status: 'cancelled', valueQuantity: undefined, effectiveDateTime: undefined },
      true,
    ],
    ['nobody it is about', { subject: undefined }, false],
  ])('should see %s', (_, changes, mapped) => {
    const observation = read(PATIENT, glucose(changes)).at(-1);
    expect(observation?.mapping.kind).toBe(mapped ? 'reading' : 'unmapped');
  });
});

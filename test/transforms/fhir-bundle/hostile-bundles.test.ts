/** Bundles that are made to mislead the transform, or that nobody expects: never a mix-up, a crash or a silent loss. */
import { DuctusError } from '../../../src/domain/errors';
import { readBundle } from '../../../src/transforms/fhir-bundle';
import { mapFile } from '../../../src/transforms/mapping';
import { bundleBytes, glucose, jsonBytes, PATIENT, raw } from './bundles';
import { testContext, testProfile } from '../fhir-to-hl7/profile';
import { component, only } from '../fhir-to-hl7/read-message';

type Json = Record<string, unknown>;

function transform(resources: Json[], profile = {}) {
  return mapFile(readBundle(bundleBytes(resources)), testProfile(profile), testContext());
}

function errorOf(act: () => unknown): DuctusError {
  try {
    act();
  } catch (error) {
    if (error instanceof DuctusError) return error;
    throw error;
  }
  throw new Error('there was no error');
}

const chainOf = (length: number): Json[] =>
  Array.from({ length }, (_, n) => ({
    resourceType: 'DeviceComponent',
    id: `c${n}`,
    parent: { reference: `DeviceComponent/c${n + 1}` },
  }));

describe('hostile bundles', () => {
  it('should keep patients apart whose system and value read the same when joined', () => {
    const { messages } = transform([
      glucose({ id: 'a', subject: { identifier: { system: 'urn:x', value: '1|2' } } }),
      glucose({ id: 'b', subject: { identifier: { system: 'urn:x|1', value: '2' } } }),
    ]);
    expect(messages.map(({ text }) => component(only(text, 'PID'), 3))).toEqual(['1|2', '2']);
    expect(messages.map(({ references }) => references)).toEqual([['Observation/a'], ['Observation/b']]);
  });

  it('should refuse two people under one identifier', () => {
    const error = errorOf(() => readBundle(bundleBytes([PATIENT, { ...PATIENT, id: 'p2', birthDate: '1999-01-01' }])));
    expect(error.code).toBe('DUCTUS_BUNDLE_INVALID');
    expect(error.message).toContain('Bundle.entry[1].resource');
    expect(error.message).not.toContain('4711');
  });

  it('should refuse the same id from two servers', () => {
    const entry = ['a', 'b'].map((host) => ({ fullUrl: `https://${host}/Observation/bg1`, resource: glucose() }));
    const error = errorOf(() => readBundle(jsonBytes({ resourceType: 'Bundle', entry })));
    expect(error.code).toBe('DUCTUS_BUNDLE_INVALID');
    expect(error.message).toContain('Bundle.entry[0].resource');
    expect(error.message).toContain('Bundle.entry[1].resource');
  });

  it('should end a chain of devices after eight', () => {
    const { resources } = readBundle(
      bundleBytes([PATIENT, glucose({ device: { reference: 'DeviceComponent/c0/_history/1' } }), ...chainOf(20)]),
    );
    const followed = resources.filter(({ type, mapping }) => type === 'DeviceComponent' && mapping.kind === 'context');
    expect(followed.map(({ reference }) => reference)).toEqual(
      Array.from({ length: 8 }, (_, n) => `DeviceComponent/c${n}`),
    );
  });

  it('should take names of object members for what they are', () => {
    const patient = { ...PATIENT, gender: 'constructor', name: [{ family: 'M', use: 'toString' }] };
    const coding = ['constructor', '41653-7'].map((code) => ({ system: 'http://loinc.org', code }));
    const [message] = transform([patient, glucose({ code: { coding } })]).messages;
    expect(message?.text).not.toContain('native code');
    expect(message?.text).toContain('|constructor^^LN^41653-7^');
  });

  it('should refuse what is nested too deeply where it has to be walked through', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const bytes = Buffer.from(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Basic","x":${deep}}}]}`);
    expect(errorOf(() => readBundle(bytes)).code).toBe('DUCTUS_BUNDLE_INVALID');
  });

  it('should take many superseded entries', () => {
    const resources = Array.from({ length: 150_000 }, () => ({ resourceType: 'Basic', id: 'b' }));
    expect(transform(resources).leftOut.length).toBe(149_999);
  });

  it('should name twenty types without a mapping, and count the rest', () => {
    const types = Array.from({ length: 26 }, (_, n) => `Type${String.fromCharCode(65 + n)}`);
    const resources = types.map((resourceType) => ({ resourceType, id: '1' }));
    const { details } = errorOf(() => transform(resources, { unmapped: 'park' }));
    expect(Object.keys(details).length).toBe(21);
    expect(details['other']).toBe(6);
  });

  it('should have no mapping for a number of more than 30 digits', () => {
    const value = (digits: number) => glucose({ valueQuantity: { value: raw('1'.repeat(digits)), unit: 'mg/dL' } });
    expect(transform([PATIENT, value(31)]).unmapped[0]?.why).toBe('a value with more than 30 digits');
    expect(transform([PATIENT, value(30)]).unmapped).toEqual([]);
  });

  it.each([
    ['id', { id: 'a\u0000' }],
    ['meta.versionId', { meta: { versionId: '1\u0000' } }],
  ])('should refuse control characters in %s', (element, changes) => {
    const error = errorOf(() => readBundle(bundleBytes([glucose(changes)])));
    expect(error.code).toBe('DUCTUS_BUNDLE_INVALID');
    expect(error.message).toContain(`Bundle.entry[0].resource.${element}`);
  });
});

/** Small FHIR bundles for tests, with numbers written as a test wants them. */

type Json = Readonly<Record<string, unknown>>;

/** A number in exactly these characters. */
export function raw(number: string): string {
  return `NUMBER(${number})`;
}

/** Bytes of a collection bundle of these resources. */
export function bundleBytes(resources: readonly Json[], bundle: Json = {}): Uint8Array {
  const entry = resources.map((resource) => ({ resource }));
  return jsonBytes({ resourceType: 'Bundle', type: 'collection', entry, ...bundle });
}

export function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value).replace(/"NUMBER\(([^)"]*)\)"/g, '$1'), 'utf8');
}

export const PATIENT = {
  resourceType: 'Patient',
  id: 'p1',
  identifier: [{ system: 'urn:oid:1.3.6.1.4.1.56221.2.2', value: '4711' }],
  name: [{ family: 'Muster', given: ['Maxi'] }],
  gender: 'other',
  birthDate: '1980-02-29',
};

export function glucose(changes: Json = {}): Json {
  return {
    resourceType: 'Observation',
    id: 'bg1',
    meta: { versionId: '1', profile: ['http://roche.com/fhir/rdc/StructureDefinition/bg-observation'] },
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '41653-7' }] },
    subject: { reference: 'Patient/p1' },
    effectiveDateTime: '2024-03-01T08:15:00+01:00',
    valueQuantity: { value: 104, unit: 'mg/dL', system: 'http://unitsofmeasure.org', code: 'mg/dL' },
    ...changes,
  };
}

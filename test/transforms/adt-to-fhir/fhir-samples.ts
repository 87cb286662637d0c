/** Patients as a HIS sends them to the FHIR door. */

/** A Patient with everything that is read, and more. */
export const PATIENT = {
  resourceType: 'Patient',
  id: 'p1',
  meta: { lastUpdated: '2026-03-01T11:00:00Z', versionId: '7' },
  text: { status: 'generated', div: '<div/>' },
  extension: [{ url: 'http://his.example/race', valueString: 'x' }],
  identifier: [
    { use: 'official', system: 'http://his.example/ssn', value: '123-45', type: { coding: [{ code: 'SS' }] } },
    {
      system: 'urn:oid:1.2.3',
      value: '4711',
      type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
    },
  ],
  active: true,
  name: [
    { use: 'maiden', family: 'Geborene', given: ['Zoë'] },
    { use: 'official', family: 'Größe', given: ['Zoë', 'Anna'], prefix: ['Dr.'], suffix: ['MD'], text: 'ignored' },
    { use: 'nickname', given: ['Zo'] },
  ],
  telecom: [
    { system: 'phone', value: '+49 221 1', use: 'home', rank: 1 },
    { value: 'zoe@x.example' },
    { system: 'phone', value: '+49 221 1' },
    { system: 'phone' },
  ],
  gender: 'female',
  birthDate: '1984-03-01',
  deceasedBoolean: false,
  address: [
    {
      use: 'billing',
      line: ['Weg 1', null, 'c/o'],
      city: 'Köln',
      district: 'K',
      state: 'NW',
      postalCode: '50667',
      country: 'DE',
    },
    { use: 'home' },
  ],
  maritalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code: 'M' }] },
  multipleBirthInteger: 2,
  communication: [
    { language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'de' }], text: 'Deutsch' }, preferred: true },
  ],
  contact: [{ name: { family: 'Relative' } }],
  generalPractitioner: [{ reference: 'Practitioner/1' }],
};

export const R4_CONDITION = {
  resourceType: 'Condition',
  id: 'c1',
  clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }] },
  verificationStatus: { coding: [{ code: 'confirmed' }] },
  code: {
    coding: [{ system: 'http://fhir.de/CodeSystem/bfarm/icd-10-gm', code: 'E10.90', display: 'Diabetes Typ 1' }],
  },
  subject: { reference: 'Patient/p1' },
  onsetDateTime: '2010-09',
  recordedDate: '2026-01-05T12:00:00+01:00',
};

const STU3_CONDITION = {
  resourceType: 'Condition',
  clinicalStatus: 'active',
  verificationStatus: 'confirmed',
  code: { coding: [{ system: 'http://snomed.info/sct', code: '46635009' }], text: 'Diabetes Typ 1' },
  subject: { reference: 'urn:uuid:11111111-1111-4111-8111-111111111111' },
  onsetDateTime: '2010-09',
  assertedDate: '2026-01-05T12:00:00+01:00',
};

/** A Bundle of resources without addresses of their own. */
export function bundle(...resources: readonly object[]): object {
  return {
    resourceType: 'Bundle',
    type: 'collection',
    entry: resources.map((resource) => ({ resource })),
  };
}

/** The same patient as STU3 has it, in a message. */
export const STU3_BUNDLE = {
  resourceType: 'Bundle',
  type: 'message',
  entry: [
    { resource: { resourceType: 'MessageHeader' } },
    { fullUrl: STU3_CONDITION.subject.reference, resource: PATIENT },
    { resource: STU3_CONDITION },
  ],
};

export const FHIR_SAMPLES: Readonly<Record<string, { readonly version: 'R4' | 'STU3'; readonly value: unknown }>> = {
  'fhir-patient': { version: 'R4', value: PATIENT },
  'fhir-r4': { version: 'R4', value: bundle(PATIENT, R4_CONDITION) },
  'fhir-stu3': { version: 'STU3', value: STU3_BUNDLE },
};

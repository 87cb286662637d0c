import { readFhir, toRocheBundle, type ReadChange } from '../../../src/transforms/adt-to-fhir';
import { bundle, PATIENT, R4_CONDITION, STU3_BUNDLE } from './fhir-samples';
import { CONTEXT, message, taken } from './read';
import { testSettings } from './settings';

const settings = testSettings();

function change(value: unknown, version: 'R4' | 'STU3' = 'R4', using = settings): ReadChange {
  const reading = readFhir(value, version, using);
  if (reading.ok) return reading.change;
  throw new Error(JSON.stringify(reading.refusal));
}

function issues(value: unknown, using = settings): [string, string][] {
  const reading = readFhir(value, 'R4', using, 'fhir-create');
  if (reading.ok) throw new Error('it was taken');
  return reading.refusal.issues.map(({ code, expression: [expression = ''] }) => [code, expression]);
}

const resources = (read: ReadChange) =>
  toRocheBundle([read.content], settings, CONTEXT)
    .bundle.entry.map(({ resource }) => resource)
    .slice(1);

describe('a Patient of the FHIR door', () => {
  it('should have its number, its time, and what the mapping reads', () => {
    const read = change(PATIENT);

    expect(read).toMatchObject({
      event: 'fhir-update',
      kind: 'upsert',
      eventAtMs: Date.UTC(2026, 2, 1, 11),
      number: { value: '4711', namespace: 'urn:oid:1.2.3', assigningAuthority: '&1.2.3&ISO', type: 'MR' },
      content: { form: 'fhir', version: 'R4' },
    });
    const stored = JSON.stringify(read.content);
    for (const other of ['123-45', 'race', 'Relative', 'Practitioner', 'ignored']) expect(stored).not.toContain(other);
  });

  it('should become the Patient of Roche', () => {
    expect(resources(change(PATIENT))).toEqual([
      {
        resourceType: 'Patient',
        id: expect.any(String),
        meta: { profile: ['http://roche.com/fhir/rdc/StructureDefinition/patient-v2'] },
        identifier: [{ system: 'urn:oid:1.3.6.1.4.1.56221.2.2', value: '4711' }],
        active: true,
        name: [
          { use: 'official', family: 'Größe', given: ['Zoë', 'Anna'], prefix: ['Dr.'], suffix: ['MD'] },
          { use: 'maiden', family: 'Geborene', given: ['Zoë'] },
        ],
        telecom: [
          { system: 'phone', value: '+49 221 1', use: 'home' },
          { system: 'email', value: 'zoe@x.example' },
        ],
        gender: 'female',
        birthDate: '1984-03-01',
        deceasedBoolean: false,
        address: [
          { line: ['Weg 1', 'c/o'], city: 'Köln', district: 'K', state: 'NW', postalCode: '50667', country: 'DE' },
        ],
        maritalStatus: { coding: [{ system: 'http://hl7.org/fhir/v3/MaritalStatus', code: 'M' }] },
        multipleBirthInteger: 2,
        communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'de' }], text: 'Deutsch' } }],
      },
    ]);
  });

  it('should give the same Bundle from R4 and STU3', () => {
    const r4 = change(bundle(PATIENT, R4_CONDITION));
    const stu3 = change(STU3_BUNDLE, 'STU3');

    expect(resources(stu3)).toEqual(resources(r4));
    expect(resources(r4)[1]).toMatchObject({
      clinicalStatus: 'active',
      code: { coding: [{ code: '46635009' }], text: 'Diabetes Typ 1' },
      onsetDateTime: '2010-09',
      assertedDate: '2026-01-05T12:00:00+01:00',
    });
  });

  it('should be the patient of the HL7 door when the authority is configured', () => {
    const using = testSettings({ identifier: { authority: '1.2.3' } });

    expect(change(PATIENT, 'R4', using).number.namespace).toBe('1.2.3');
    expect(taken(message({ pid: { 3: '4711^^^&1.2.3&ISO^MR' } }), using).number).toEqual(
      change(PATIENT, 'R4', using).number,
    );
  });

  describe('its number', () => {
    const number = (identifier: readonly object[], using = settings) =>
      change({ ...PATIENT, identifier }, 'R4', using).number;
    const KH = testSettings({ identifier: { authority: 'KH' } });

    it('should be of the configured authority, by its system or its assigner', () => {
      const identifiers = [
        { system: 'http://a.example', value: '1' },
        { system: 'http://b.example/mrn', value: '2', assigner: { display: 'KH' } },
      ];

      expect(number(identifiers, KH)).toEqual({
        value: '2',
        namespace: 'KH',
        assigningAuthority: 'KH&http://b.example/mrn&URI',
        type: 'MR',
      });
      const using = testSettings({ identifier: { authority: 'http://a.example' } });
      expect(number(identifiers, using)).toMatchObject({
        value: '1',
        namespace: 'http://a.example',
        assigningAuthority: '&http://a.example&URI',
      });
    });

    it('should be the only one, and none that is old', () => {
      expect(number([{ use: 'old', value: '1' }, { value: ' 2 ' }, { system: 'x' }])).toEqual({
        value: '2',
        namespace: '',
        assigningAuthority: '',
        type: 'MR',
      });
    });

    it('should have no authority that could not be written into HL7', () => {
      expect(number([{ system: 'http://a.example/?a=1&b=2', value: '2' }])).toMatchObject({
        namespace: 'http://a.example/?a=1&b=2',
        assigningAuthority: '',
      });
    });

    it('should say that the configuration has changed when it can no longer be read', () => {
      expect(() => toRocheBundle([change(PATIENT).content], KH, CONTEXT)).toThrow(
        expect.objectContaining({ code: 'DUCTUS_HL7_INVALID' }),
      );
    });
  });

  it('should be deceased at a time in the zone of the organization', () => {
    const [patient] = resources(
      change({ ...PATIENT, active: false, deceasedBoolean: undefined, deceasedDateTime: '2026-02-28T15:30:00' }),
    );

    expect(patient).toMatchObject({ active: false, deceasedDateTime: '2026-02-28T15:30:00+01:00' });
  });

  it('should be named by the subject in any of the ways that FHIR has', () => {
    for (const subject of [
      { reference: 'https://his.example/fhir/Patient/p1' },
      { reference: 'Patient/p1/_history/3' },
      { reference: 'urn:uuid:p1' },
      { identifier: { system: 'urn:oid:1.2.3', value: '4711' } },
    ]) {
      expect(resources(change(bundle(PATIENT, { ...R4_CONDITION, subject })))).toHaveLength(2);
    }
  });

  it('should read again as the same change', () => {
    const read = change(bundle(PATIENT, R4_CONDITION));
    const json: unknown = read.content.form === 'fhir' ? JSON.parse(read.content.json) : undefined;

    expect(change(json)).toEqual(read);
  });

  it.each([
    ['a remission', { clinicalStatus: { coding: [{ code: 'remission' }] } }],
    ['a refuted one', { verificationStatus: { coding: [{ code: 'refuted' }] } }],
    ['an unconfirmed one', { verificationStatus: { coding: [{ code: 'unconfirmed' }] } }],
    ['one of STU3 that is in error', { verificationStatus: 'entered-in-error' }],
    ['another disease', { code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10', code: 'I10' }] } }],
    ['one without code', { code: undefined }],
  ])('should send no Condition for %s', (_, changes) => {
    expect(resources(change(bundle(PATIENT, { ...R4_CONDITION, ...changes })))).toHaveLength(1);
  });
});

describe('what the FHIR door refuses', () => {
  const withPatient = (changes: object) => ({ ...PATIENT, ...changes });
  const cases: readonly (readonly [string, unknown, readonly [string, string][]])[] = [
    ['no resource', 'text', [['structure', 'resourceType']]],
    ['nothing', null, [['structure', 'resourceType']]],
    ['another resource', { resourceType: 'Observation' }, [['not-supported', 'resourceType']]],
    ['a Bundle without Patient', bundle({ resourceType: 'Condition' }), [['required', 'Bundle.entry']]],
    ['two patients', bundle(PATIENT, PATIENT), [['business-rule', 'Bundle.entry[1].resource']]],
    ['a Bundle that is none', { resourceType: 'Bundle', entry: {} }, [['structure', 'Bundle.entry']]],
    ['no identifier', withPatient({ identifier: [] }), [['required', 'Patient.identifier']]],
    [
      'a number of another type',
      withPatient({ identifier: [{ value: '1', type: { coding: [{ code: 'SS' }] } }] }),
      [['required', 'Patient.identifier']],
    ],
    [
      'a number that is too long',
      withPatient({ identifier: [{ value: '9'.repeat(65) }] }),
      [['too-long', 'Patient.identifier[0].value']],
    ],
    [
      'a number with a control character',
      withPatient({ identifier: [{ value: '1\n2' }] }),
      [['value', 'Patient.identifier[0].value']],
    ],
    ['no name', withPatient({ name: undefined }), [['required', 'Patient.name']]],
    ['no family name', withPatient({ name: [{ given: ['A'] }] }), [['required', 'Patient.name.family']]],
    ['no given name', withPatient({ name: [{ family: 'A', given: [null] }] }), [['required', 'Patient.name.given']]],
    ['a gender that is none', withPatient({ gender: 'F' }), [['value', 'Patient.gender']]],
    ['a birth date that is none', withPatient({ birthDate: '1984-02-30' }), [['value', 'Patient.birthDate']]],
    ['a birth date with a time', withPatient({ birthDate: '1984-02-20T10:00:00Z' }), [['value', 'Patient.birthDate']]],
    ['a death that is no time', withPatient({ deceasedDateTime: 'yes' }), [['value', 'Patient.deceasedDateTime']]],
    [
      'an update that is no time',
      withPatient({ meta: { lastUpdated: 'now' } }),
      [['value', 'Patient.meta.lastUpdated']],
    ],
    ['a name of another type', withPatient({ name: [{ family: ['A'] }] }), [['structure', 'Patient.name[0].family']]],
    [
      'several things at once',
      withPatient({ identifier: [], name: [], birthDate: 'x' }),
      [
        ['required', 'Patient.identifier'],
        ['required', 'Patient.name'],
        ['value', 'Patient.birthDate'],
      ],
    ],
    [
      'a Condition of somebody else',
      bundle(PATIENT, { ...R4_CONDITION, subject: { reference: 'Patient/p2' } }),
      [['invalid', 'Bundle.entry[1].resource.subject']],
    ],
    [
      'a Condition of nobody',
      bundle(PATIENT, { ...R4_CONDITION, subject: undefined }),
      [['required', 'Bundle.entry[1].resource.subject']],
    ],
  ];

  it.each(cases)('%s', (_, value, expected) => {
    expect(issues(value)).toEqual(expected);
  });

  it('should be told in a few issues, however much is wrong', () => {
    expect(issues({ ...PATIENT, name: Array.from({ length: 1000 }, () => 1) })).toHaveLength(50);
  });

  it('should be a new patient without diabetes when a diagnosis is required', () => {
    const using = testSettings({ requireCondition: true });

    expect(issues(PATIENT, using)).toEqual([['required', 'Bundle.entry']]);
    expect(readFhir(PATIENT, 'R4', using).ok).toBe(true);
    expect(readFhir(bundle(PATIENT, R4_CONDITION), 'R4', using, 'fhir-create').ok).toBe(true);
  });
});

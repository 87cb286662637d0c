/** Transactions: requests, identities, references, and what the selection decided. */
import type { ContextResource } from '../../../src/transforms/model/content';
import type { Item } from '../../../src/transforms/model/item';
import type { WriteContext } from '../../../src/transforms/model/message';
import type { FhirProfile } from '../../../src/transforms/model/profile';
import type { TracedField } from '../../../src/transforms/model/trace';
import { parseFhirTime } from '../../../src/transforms/model/time';
import { FHIR_RULES, itemsToFhir } from '../../../src/transforms/stu3-to-r4';
import { glucoseItem, parsed, PATIENT, reportItem } from './items';
import { entryOf, member, objects, readTransaction, type Json, type ReadEntry } from './read-transaction';

const CONTEXT: WriteContext = { createdAtMs: Date.UTC(2024, 2, 1, 9, 0, 0), seed: 'clinic|n1|emr' };
const PROFILE: FhirProfile = { upsert: 'conditional', maxEntriesPerBundle: 500 };

function write(items: readonly Item[], profile: Partial<FhirProfile> = {}, context: Partial<WriteContext> = {}) {
  return itemsToFhir(items, { ...PROFILE, ...profile }, 'Europe/Berlin', { ...CONTEXT, ...context });
}

function entries(items: readonly Item[], profile: Partial<FhirProfile> = {}): ReadEntry[] {
  return write(items, profile).flatMap(({ text }) => readTransaction(text));
}

/** The last resource: items stand behind what they need. */
function resourceOf(item: Item): Json {
  return entries([item]).at(-1)?.resource ?? {};
}

const carried = (raw: Json, changes: Partial<Item> = {}): Item =>
  glucoseItem({
    kind: 'carried',
    content: { kind: 'carried' },
    raw,
    resourceType: String(raw['resourceType']),
    ...changes,
  });

describe('requests', () => {
  it('should create the patient only where the server has none', () => {
    const [patient] = entries([glucoseItem()]);
    expect(patient?.request).toEqual({
      method: 'POST',
      url: 'Patient',
      ifNoneExist: 'identifier=urn%3Aoid%3A2.999.1%7C4711',
    });
    expect(patient?.resource).toEqual({
      resourceType: 'Patient',
      identifier: [{ system: 'urn:oid:2.999.1', value: '4711' }],
      name: [{ use: 'official', family: 'Muster', given: ['Maxi'] }],
      gender: 'other',
      birthDate: '1980-02-29',
    });
  });

  it("should search for the hospital's own number, and keep the one that was sent", () => {
    const emr = { value: '77', assigningAuthority: 'HIS&2.999.7&ISO', identifierType: 'MR' };
    const [patient] = entries([glucoseItem({ patient: { ...PATIENT, emr } })]);
    expect(patient?.request['ifNoneExist']).toBe('identifier=urn%3Aoid%3A2.999.7%7C77');
    expect(patient?.resource['identifier']).toEqual([
      {
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
        assigner: { display: 'HIS' },
        system: 'urn:oid:2.999.7',
        value: '77',
      },
      { system: 'urn:oid:2.999.1', value: '4711' },
    ]);
  });

  it('should take the authority of the destination for a number that has none', () => {
    const emr = { value: '77', assigningAuthority: '', identifierType: '' };
    const profile = { patientAssigningAuthority: 'HIS&2.999.7&ISO' };
    const [patient] = entries([glucoseItem({ patient: { ...PATIENT, emr } })], profile);
    expect(patient?.request['ifNoneExist']).toBe('identifier=urn%3Aoid%3A2.999.7%7C77');
  });

  it('should never take a number without a system for one of any system', () => {
    const [patient] = entries([
      glucoseItem({ patient: { ...PATIENT, identifier: { system: undefined, value: 'a,b' } } }),
    ]);
    expect(patient?.request['ifNoneExist']).toBe('identifier=%7Ca%5C%2Cb');
  });

  it("should upsert by the sender's identifier, and name the resource by its reference", () => {
    const raw = { identifier: [{ value: 'no system' }, { system: 'http://x.example', value: 'a|b' }] };
    const reading = entryOf(entries([glucoseItem({}, {}, raw)]), 'Observation/bg1');
    expect(reading?.request).toEqual({
      method: 'PUT',
      url: 'Observation?identifier=http%3A%2F%2Fx.example%7Ca%5C%7Cb',
    });
    expect(reading?.resource).not.toHaveProperty('id');
    expect(reading?.resource['identifier']).toEqual([
      ...raw.identifier,
      { system: 'urn:ductus:reference', value: 'Observation/bg1' },
    ]);
  });

  it('should upsert by the reference where an identifier names two resources', () => {
    const raw = { identifier: [{ system: 'http://x.example', value: 'order' }] };
    const items = ['a', 'b'].map((id) =>
      glucoseItem({ reference: `Observation/${id}`, references: [`Observation/${id}`] }, {}, raw),
    );
    expect(
      entries(items)
        .slice(1)
        .map(({ request }) => request['url']),
    ).toEqual([
      'Observation?identifier=urn%3Aductus%3Areference%7CObservation%2Fa',
      'Observation?identifier=urn%3Aductus%3Areference%7CObservation%2Fb',
    ]);
  });

  it('should put by a UUID that is the same in every message', () => {
    const [, first] = entries([glucoseItem()], { upsert: 'id' });
    const id = String(first?.resource['id']);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(first?.request).toEqual({ method: 'PUT', url: `Observation/${id}` });
    expect(first?.fullUrl).toBe(`urn:uuid:${id}`);
    const [again] = write([glucoseItem({ status: 'C' })], { upsert: 'id' }, { seed: 'other' });
    expect(again?.text).toContain(id);
  });

  it("should leave version and time of the sender's server out", () => {
    const meta = { versionId: '3', lastUpdated: '2024-03-01T00:00:00Z', security: [{ code: 'R' }] };
    expect(resourceOf(glucoseItem({}, {}, { meta }))['meta']).toEqual({ security: [{ code: 'R' }] });
    expect(resourceOf(glucoseItem({}, {}, { meta: { versionId: '3' } }))).not.toHaveProperty('meta');
  });
});

describe('messages', () => {
  const items = ['a', 'b', 'c'].map((id) =>
    glucoseItem({ reference: `Observation/${id}`, references: [`Observation/${id}`] }),
  );

  it('should hold no more entries than the profile allows, each with the patient', () => {
    const messages = write(items, { maxEntriesPerBundle: 3 });
    expect(messages.map(({ references }) => references)).toEqual([
      ['Observation/a', 'Observation/b'],
      ['Observation/c'],
    ]);
    expect(messages.map(({ kinds }) => kinds)).toEqual([{ glucose: 2 }, { glucose: 1 }]);
    for (const { text } of messages) expect(readTransaction(text)[0]?.resource['resourceType']).toBe('Patient');
  });

  it('should not part an item from its patient, however small the limit', () => {
    expect(write(items, { maxEntriesPerBundle: 1 })).toHaveLength(3);
  });

  it('should be about one person', () => {
    const other = { ...PATIENT, key: 'urn:oid:2.999.1|4712', identifier: { system: 'urn:oid:2.999.1', value: '4712' } };
    const messages = write([
      glucoseItem(),
      glucoseItem({ patient: other, reference: 'Observation/x', references: ['Observation/x'] }),
    ]);
    expect(messages.map(({ patient }) => patient)).toEqual([PATIENT.key, other.key]);
  });

  it('should have an id made of everything that they say', () => {
    const [message] = write([glucoseItem()]);
    const id = message?.controlId;
    expect(id).toMatch(/^[A-Z2-7]{20}$/);
    expect(JSON.parse(message?.text ?? '')).toMatchObject({
      resourceType: 'Bundle',
      id,
      identifier: { system: 'urn:ductus:message', value: id },
      type: 'transaction',
      timestamp: '2024-03-01T09:00:00.000Z',
    });
    expect(write([glucoseItem()])[0]?.controlId).toBe(id);
    expect(write([glucoseItem()], {}, { seed: 'other' })[0]?.controlId).not.toBe(id);
    expect(write([glucoseItem({ status: 'C' })])[0]?.controlId).not.toBe(id);
  });

  it('should not carry beside a reading what is in its resource', () => {
    const companion = carried(glucoseItem().raw, { references: [], beside: 'Observation/bg1' });
    const [message] = write([glucoseItem(), companion]);
    expect(message?.kinds).toEqual({ glucose: 1 });
    expect(readTransaction(message?.text ?? '')).toHaveLength(2);
  });

  it('should write control characters as every JSON parser reads them', () => {
    const [message] = write([glucoseItem({}, {}, { comment: 'a\bb\fc\\b' })]);
    expect(message?.text).toContain(String.raw`a\u0008b\u000cc\\b`);
  });
});

describe('what the selection decided', () => {
  it.each([
    ['F', 'final', 'final'],
    ['P', 'preliminary', 'preliminary'],
    ['C', 'final', 'corrected'],
    ['C', 'amended', 'amended'],
    ['C', 'preliminary', 'preliminary'],
    ['D', 'cancelled', 'entered-in-error'],
  ] as const)('should write %s of a resource that is %s as %s', (status, sent, expected) => {
    expect(resourceOf(glucoseItem({ status }, {}, { status: sent }))['status']).toBe(expected);
  });

  it('should put added codes first', () => {
    const local = { system: '99LAB', code: 'GLU', display: 'Glucose' };
    const loinc = { system: 'http://loinc.org', code: '41653-7', display: 'x' };
    expect(resourceOf(glucoseItem({}, { codes: [local, loinc] }))['code']).toEqual({
      coding: [
        { system: 'urn:ductus:code-system:99LAB', code: 'GLU', display: 'Glucose' },
        { system: 'http://loinc.org', code: '41653-7' },
      ],
    });
  });

  it('should replace a converted value with its range, and say so', () => {
    const remarks = ['Converted from 104.0 mg/dL.'];
    const value = { number: '5.80', comparator: undefined };
    const range = { referenceRange: [{ text: '70-180' }] };
    const resource = resourceOf(glucoseItem({}, { value, unit: 'mmol/L', remarks, referenceRange: '3.9-10.0' }, range));
    expect(JSON.stringify(resource['valueQuantity'])).toContain(
      '"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"',
    );
    expect(write([glucoseItem({}, { value, unit: 'mmol/L', remarks })])[0]?.text).toContain('"value":5.80,');
    expect(resource['note']).toEqual([{ text: remarks[0] }]);
    expect(member(resource, 'referenceRange', 0, 'low', 'code')).toBe('mmol/L');
    expect(resourceOf(glucoseItem({}, { value, unit: 'mmol/L', remarks }, range))).not.toHaveProperty('referenceRange');
  });

  it('should not let a unit stay where only the digits are the same', () => {
    const resource = resourceOf(
      glucoseItem(
        {},
        { unit: 'mmol/L', remarks: ['Converted.'] },
        { valueQuantity: parsed('{"value":104.0,"unit":"mg/dL","code":"mg/dL"}') },
      ),
    );
    expect(resource['valueQuantity']).toMatchObject({ unit: 'mmol/L', code: 'mmol/L' });
  });

  it('should add the UCUM code to a unit that was only a label', () => {
    expect(resourceOf(glucoseItem())['valueQuantity']).toMatchObject({
      unit: 'mg/dL',
      system: 'http://unitsofmeasure.org',
      code: 'mg/dL',
    });
  });

  it('should say where clocks change that a time was interpreted', () => {
    const time = '2024-10-27T02:30:00';
    const resource = resourceOf(glucoseItem({}, { start: parseFhirTime(time) }, { effectiveDateTime: time }));
    expect(resource['effectiveDateTime']).toBe('2024-10-27T02:30:00+02:00');
    expect(member(resource, 'note', 0, 'text')).toContain('occurs twice in Europe/Berlin');
  });

  it('should say which insulin it was, where a Medication beside it says so', () => {
    const raw = {
      resourceType: 'MedicationAdministration',
      status: 'completed',
      medicationReference: { reference: 'Medication/m' },
    };
    const codes = [{ system: 'http://snomed.info/sct', code: '411531001', display: 'Short-acting insulin' }];
    const item = glucoseItem(
      { kind: 'insulin', raw, resourceType: 'MedicationAdministration' },
      { kind: 'insulin', codes },
    );
    const resource = resourceOf(item);
    expect(resource).toMatchObject({ medicationCodeableConcept: { coding: codes } });
    expect(resource).not.toHaveProperty('medicationReference');
    expect(member(resource, 'extension', 0, 'url')).toBe(
      'urn:ductus:stu3:MedicationAdministration.medicationReference',
    );
  });

  it('should complete a deleted administration that says nothing', () => {
    const raw = {
      resourceType: 'MedicationAdministration',
      status: 'entered-in-error',
      subject: { reference: 'Patient/p1' },
    };
    const item = glucoseItem(
      { kind: 'insulin', status: 'D', raw, resourceType: 'MedicationAdministration' },
      { kind: 'insulin', value: undefined, unit: undefined },
    );
    const absent = {
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
    };
    expect(resourceOf(item)).toMatchObject({ status: 'entered-in-error', _effectiveDateTime: absent });
  });
});

describe('references', () => {
  const metric: ContextResource = {
    reference: 'DeviceMetric/m',
    path: 'Bundle.entry[3].resource',
    raw: {
      resourceType: 'DeviceMetric',
      id: 'm',
      type: { text: 'x' },
      category: 'measurement',
      source: { reference: 'urn:uuid:0b5d1f38-1111-4222-8333-444455556666' },
    },
  };
  const device: ContextResource = {
    reference: 'Device/d',
    fullUrl: 'urn:uuid:0b5d1f38-1111-4222-8333-444455556666',
    path: 'Bundle.entry[4].resource',
    raw: { resourceType: 'Device', id: 'd', identifier: [{ system: 'urn:oid:2.999.2', value: 'SN' }] },
  };

  it('should lead to the devices that the file describes', () => {
    const item = glucoseItem(
      { context: [device, metric] },
      { device: { value: 'SN', system: 'urn:oid:2.999.2' } },
      { device: { reference: 'DeviceMetric/m' } },
    );
    const all = entries([item]);
    expect(all.map(({ resource }) => resource['resourceType'])).toEqual([
      'Patient',
      'Device',
      'DeviceMetric',
      'Observation',
    ]);
    expect(member(all[3]?.resource, 'device')).toEqual({ reference: all[2]?.fullUrl });
    expect(member(all[2]?.resource, 'source')).toEqual({ reference: all[1]?.fullUrl });
    expect(all[1]?.request['url']).toBe('Device?identifier=urn%3Aoid%3A2.999.2%7CSN');
    expect(write([item])[0]?.references).toEqual(['Observation/bg1']);
  });

  it('should lead to a device of which only the number is known, and never overwrite it', () => {
    const all = entries([
      glucoseItem(
        {},
        { device: { value: 'SN', system: undefined } },
        { device: { reference: 'Device/x', display: 'Meter' } },
      ),
    ]);
    expect(all[1]).toMatchObject({
      resource: { resourceType: 'Device', identifier: [{ system: 'urn:ductus:device', value: 'SN' }] },
      request: { method: 'POST', ifNoneExist: 'identifier=urn%3Aductus%3Adevice%7CSN' },
    });
    expect(member(all[2]?.resource, 'device')).toEqual({ reference: all[1]?.fullUrl, display: 'Meter' });
  });

  it('should name by identifier what is not in the message', () => {
    const related = [
      { type: 'has-member', target: { reference: 'https://x.example/fhir/Observation/carbs', display: 'Lunch' } },
    ];
    expect(resourceOf(glucoseItem({}, {}, { related }))['hasMember']).toEqual([
      {
        display: 'Lunch',
        type: 'Observation',
        identifier: { system: 'urn:ductus:reference', value: 'Observation/carbs' },
      },
    ]);
  });

  it('should make an entry of a contained patient', () => {
    const raw = {
      contained: [
        { resourceType: 'Patient', id: 'p' },
        { resourceType: 'Device', id: 'd', model: 'M' },
      ],
      subject: { reference: '#p' },
      device: { reference: '#d' },
    };
    const all = entries([glucoseItem({}, { device: { value: 'd', system: undefined } }, raw)]);
    expect(all[1]?.resource).toMatchObject({
      contained: [{ resourceType: 'Device', id: 'd', modelNumber: 'M' }],
      device: { reference: '#d' },
      subject: { reference: all[0]?.fullUrl },
    });
    expect(member(all[1]?.resource, 'contained')).toHaveLength(1);
  });

  it('should leave a contained patient that something else leads to', () => {
    const raw = {
      contained: [{ resourceType: 'Patient', id: 'p' }],
      subject: { reference: '#p' },
      performer: [{ reference: '#p' }],
    };
    expect(member(entries([glucoseItem({}, {}, raw)])[1]?.resource, 'contained')).toHaveLength(1);
  });
});

describe('resources that are made', () => {
  it('should make a DocumentReference of a report', () => {
    const [, entry] = entries([reportItem({ status: 'C' })]);
    expect(entry?.request).toEqual({ method: 'PUT', url: 'DocumentReference?identifier=urn%3Aoid%3A2.999.9%7Cset' });
    expect(JSON.parse(JSON.stringify(entry?.resource))).toEqual({
      resourceType: 'DocumentReference',
      masterIdentifier: { system: 'urn:oid:2.999.9', value: 'doc-2' },
      identifier: [
        { system: 'urn:oid:2.999.9', value: 'set' },
        { system: 'urn:ductus:reference', value: 'DocumentReference?identifier=urn:oid:2.999.9|doc-2' },
      ],
      status: 'current',
      docStatus: 'amended',
      type: { coding: [{ system: 'http://loinc.org', code: '34133-9', display: 'Summary of episode note' }] },
      subject: { reference: entries([reportItem()])[0]?.fullUrl },
      date: '2024-03-01T08:15:00+01:00',
      author: [{ display: 'Accu-Chek' }],
      custodian: { display: 'Clinic' },
      relatesTo: [
        {
          code: 'replaces',
          target: { type: 'DocumentReference', identifier: { system: 'urn:oid:2.999.9', value: 'doc-1' } },
        },
      ],
      description: 'Diabetes report',
      securityLabel: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'N' }] }],
      content: [
        {
          attachment: {
            contentType: 'application/xml',
            language: 'de-DE',
            data: 'PENsaW5pY2FsRG9jdW1lbnQvPg==',
            size: 19,
            hash: 'yFJl5qw7LWRXPdv1k9Xow4QRta4=',
            title: 'Diabetes report',
            creation: '2024-03-01T08:15:00+01:00',
          },
        },
      ],
    });
  });

  it('should make an Observation of a summary', () => {
    const item = glucoseItem(
      { kind: 'summary', reference: 'Summary/s', raw: { comment: 'x' } },
      { remarks: ['Mean of 3.'], start: parseFhirTime('2024-03-01') },
    );
    expect(resourceOf(item)).toMatchObject({
      status: 'final',
      effectiveDateTime: '2024-03-01',
      note: [{ text: 'Mean of 3.' }],
      identifier: [{ system: 'urn:ductus:reference', value: 'Summary/s' }],
    });
  });

  it.each<[string, Json]>([
    ['of another type', { resourceType: 'Communication', status: 'completed' }],
    ['without the code that R4 wants', { resourceType: 'Observation', status: 'final' }],
    [
      'with a status that R4 does not have',
      { resourceType: 'MedicationAdministration', status: 'given', medicationReference: {}, effectiveDateTime: '2024' },
    ],
    ['that is a request of a bundle', { request: { method: 'DELETE', url: 'Observation/1' } }],
  ])('should carry a resource %s as a document', (_, raw) => {
    const resource = resourceOf(carried(raw));
    expect(resource['resourceType']).toBe('DocumentReference');
    const attachment = member(resource, 'content', 0, 'attachment');
    expect(Buffer.from(String(member(attachment, 'data')), 'base64').toString('utf8')).toBe(JSON.stringify(raw));
    expect(member(attachment, 'contentType')).toBe(
      raw['resourceType'] === undefined ? 'application/json' : 'application/fhir+json',
    );
  });

  it('should convert a carried resource that R4 can say', () => {
    const raw = { resourceType: 'Observation', status: 'final', code: { text: 'mood' }, comment: 'good' };
    expect(resourceOf(carried(raw))).toMatchObject({ resourceType: 'Observation', note: [{ text: 'good' }] });
  });
});

describe('lineage', () => {
  it('should say of every changed element where it comes from', () => {
    const fields: TracedField[] = [];
    const item = glucoseItem({ status: 'C' }, { remarks: ['x'] }, { comment: 'lunch', mood: 'good' });
    write([item], {}, { traceOf: () => ({ add: (field) => fields.push(field) }) });
    const rules = new Set<string>(FHIR_RULES.map(({ id }) => id));
    for (const { rule } of fields) expect(rules).toContain(rule);
    const at = (element: string): TracedField | undefined =>
      fields.find(({ target }) => target === `Bundle.entry[1].resource${element}`);
    expect(at('.note[0]')).toMatchObject({
      rule: 'fhir-comment',
      text: '{"text":"lunch"}',
      from: ['Bundle.entry[1].resource.comment'],
    });
    expect(at('.status')).toMatchObject({ rule: 'fhir-status', text: '"corrected"' });
    expect(at('.extension[0]')).toMatchObject({ rule: 'fhir-kept', from: ['Bundle.entry[1].resource.mood'] });
    expect(at('')).toMatchObject({ rule: 'fhir-copied', from: ['Bundle.entry[1].resource'] });
    expect(fields[0]).toMatchObject({
      target: 'Bundle.entry[0].resource',
      rule: 'fhir-patient',
      from: ['Bundle.entry[0].resource'],
    });
  });

  it('should use every rule name once', () => {
    expect(new Set(FHIR_RULES.map(({ id }) => id)).size).toBe(FHIR_RULES.length);
  });
});

describe('nothing', () => {
  it('should become no message', () => {
    expect(write([])).toEqual([]);
    expect(objects(undefined)).toEqual([]);
  });
});

/** Items as the selection makes them, for tests of what a writer does with each. */
import { parseLossless } from '../../../src/transforms/fhir-bundle/lossless-json';
import type { Item } from '../../../src/transforms/model/item';
import type { PatientContext } from '../../../src/transforms/model/patient';
import type { Reading, Report } from '../../../src/transforms/model/reading';
import { parseFhirTime } from '../../../src/transforms/model/time';
import { object, type Json } from './read-transaction';

export const PATIENT: PatientContext = {
  key: 'urn:oid:2.999.1|4711',
  identifier: { system: 'urn:oid:2.999.1', value: '4711' },
  details: {
    name: [{ use: 'official', family: 'Muster', given: ['Maxi', null] }],
    gender: 'other',
    birthDate: '1980-02-29',
  },
  path: 'Bundle.entry[0].resource',
};

export const READING: Reading = {
  kind: 'glucose',
  standing: 'final',
  codes: [{ system: 'http://loinc.org', code: '41653-7', display: undefined }],
  value: { number: '104.0', comparator: undefined },
  unit: 'mg/dL',
  start: parseFhirTime('2024-03-01T08:15:00+01:00'),
  end: undefined,
  comments: [],
  device: undefined,
  elements: { value: 'valueQuantity.value', unit: 'valueQuantity.code', codes: 'code', start: 'effectiveDateTime' },
};

/** A resource as the lossless parser gives it; numbers in a text keep their digits. */
export function parsed(json: string): Json {
  return object(parseLossless(json));
}

export function glucoseItem(changes: Partial<Item> = {}, reading: Partial<Reading> = {}, raw: Json = {}): Item {
  return {
    kind: 'glucose',
    content: { kind: 'reading', reading: { ...READING, ...reading } },
    status: 'F',
    patient: PATIENT,
    reference: 'Observation/bg1',
    references: ['Observation/bg1'],
    path: 'Bundle.entry[1].resource',
    resourceType: 'Observation',
    raw: {
      ...parsed(
        '{"resourceType":"Observation","id":"bg1","status":"final","valueQuantity":{"value":104.0,"unit":"mg/dL"}}',
      ),
      code: { coding: [{ system: 'http://loinc.org', code: '41653-7' }] },
      subject: { reference: 'Patient/p1' },
      effectiveDateTime: '2024-03-01T08:15:00+01:00',
      ...raw,
    },
    ...changes,
  };
}

export const REPORT: Report = {
  id: { root: '2.999.9', extension: 'doc-2' },
  set: { root: '2.999.9', extension: 'set' },
  versionNumber: '2',
  replaces: { root: '2.999.9', extension: 'doc-1' },
  type: { system: 'http://loinc.org', code: '34133-9', display: 'Summary of episode note' },
  title: 'Diabetes report',
  time: parseFhirTime('2024-03-01T08:15:00+01:00'),
  confidentiality: 'N',
  language: 'de-DE',
  authors: ['Accu-Chek'],
  organization: 'Clinic',
  bytes: Buffer.from('<ClinicalDocument/>', 'utf8'),
};

export function reportItem(changes: Partial<Item> = {}): Item {
  return {
    ...glucoseItem(),
    kind: 'report',
    content: { kind: 'report', report: REPORT },
    reference: 'DocumentReference?identifier=urn:oid:2.999.9|doc-2',
    references: ['DocumentReference?identifier=urn:oid:2.999.9|doc-2'],
    path: 'ClinicalDocument',
    resourceType: 'ClinicalDocument',
    raw: {},
    ...changes,
  };
}

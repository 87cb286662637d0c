/** Files as the readers give them, made by hand: a test of the selection says what a resource holds, not how it is written. */
import { DuctusError } from '../../../src/domain/errors';
import type { FileContent, Mapping, ParsedResource } from '../../../src/transforms/model/content';
import type { Item } from '../../../src/transforms/model/item';
import type { PatientContext } from '../../../src/transforms/model/patient';
import type { Code, DeviceDescription, Reading } from '../../../src/transforms/model/reading';
import { parseFhirTime } from '../../../src/transforms/model/time';

export const LOINC = 'http://loinc.org';
export const METER: Code = { system: LOINC, code: '41653-7', display: 'by glucometer' };

export function patient(key = 'urn:p|4711'): PatientContext {
  const [system, value = ''] = key.split('|');
  return { key, identifier: { system, value }, details: undefined, path: 'Bundle.entry[0].resource' };
}

/** A glucose reading of 104 mg/dL, unless the changes say otherwise. */
export function reading(time: string | undefined, changes: Partial<Reading> = {}): Reading {
  return {
    kind: 'glucose',
    standing: 'final',
    codes: [METER],
    value: { number: '104', comparator: undefined },
    unit: 'mg/dL',
    start: time === undefined ? undefined : parseFhirTime(time),
    end: undefined,
    comments: [],
    device: undefined,
    elements: {},
    ...changes,
  };
}

export function resource(
  reference: string,
  mapping: Mapping | Reading,
  changes: Partial<ParsedResource> = {},
): ParsedResource {
  const subject = 'subject' in changes ? changes.subject : patient();
  return {
    reference,
    type: reference.split('/')[0] ?? '',
    version: '1',
    lastUpdated: undefined,
    contentHash: '',
    patient: subject?.key,
    mapping: 'codes' in mapping ? { kind: 'reading', reading: mapping } : mapping,
    subject,
    path: `Bundle.entry[${reference}].resource`,
    raw: { resourceType: reference.split('/')[0] },
    unread: [],
    ...changes,
  };
}

export function device(value: string, changes: Partial<DeviceDescription> = {}): Mapping {
  return {
    kind: 'device',
    device: {
      id: { value, system: undefined },
      type: [],
      manufacturer: undefined,
      model: undefined,
      serialNumber: undefined,
      udi: undefined,
      versions: [],
      metrics: [],
      standing: 'final',
      ...changes,
    },
  };
}

export function file(...resources: readonly ParsedResource[]): FileContent {
  return { resources, superseded: [] };
}

export function readingOf(item: Item | undefined): Reading {
  if (item?.content.kind !== 'reading') throw new Error('the item is no reading');
  return item.content.reading;
}

/** The error of something that has to fail at once. */
export function errorOf(run: () => unknown): DuctusError {
  try {
    run();
  } catch (error) {
    if (error instanceof DuctusError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

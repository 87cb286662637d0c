/** Items as the selection gives them to the writers: for tests that are about the messages and not about the reading. */
import type { Item, ItemKind, ResultStatus } from '../../../src/transforms/model/item';
import type { PatientContext } from '../../../src/transforms/model/patient';
import type {
  Code,
  DeviceDescription,
  Elements,
  Reading,
  ReadingKind,
  Report,
} from '../../../src/transforms/model/reading';
import { parseFhirTime, type FhirTime } from '../../../src/transforms/model/time';

export const LOINC = 'http://loinc.org';
export const SNOMED = 'http://snomed.info/sct';
export const RDC = 'http://roche.com/fhir/rdc/cs';
export const EUI_64 = 'urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680';

export const PERSON: PatientContext = {
  key: 'urn:oid:1.3.6.1.4.1.56221.2.2|4711',
  identifier: { system: 'urn:oid:1.3.6.1.4.1.56221.2.2', value: '4711' },
  details: {
    name: [{ use: 'official', family: 'Muster', given: ['Maxi', 'Kim'], prefix: ['Dr.'] }],
    gender: 'female',
    birthDate: '1980-02-29',
  },
  path: 'Bundle.entry[1].resource',
};

const OBSERVATION: Elements = {
  identifier: 'id',
  status: 'status',
  codes: 'code',
  value: 'valueQuantity.value',
  unit: 'valueQuantity.code',
  start: 'effectiveDateTime',
  comments: 'comment',
  device: 'device',
  interpretation: 'interpretation',
  referenceRange: 'referenceRange',
  related: 'related',
};
const ADMINISTRATION: Elements = {
  identifier: 'id',
  status: 'status',
  codes: 'medicationCodeableConcept',
  value: 'dosage.dose.value',
  unit: 'dosage.dose.code',
  start: 'effectivePeriod.start',
  end: 'effectivePeriod.end',
  comments: 'note',
  device: 'extension',
  adminType: 'dosage.extension',
};

export function code(value: string, display?: string, system: string | undefined = LOINC): Code {
  return { system, code: value, display };
}

export function time(text: string): FhirTime {
  const parsed = parseFhirTime(text);
  if (parsed === undefined) throw new Error(`${text} is no time`);
  return parsed;
}

interface ItemOptions {
  readonly reference: string;
  readonly status?: ResultStatus;
  readonly patient?: PatientContext;
  readonly position?: number;
  readonly raw?: Readonly<Record<string, unknown>>;
}

function item(kind: ItemKind, content: Item['content'], options: ItemOptions): Item {
  const { reference, status = 'F', patient = PERSON, position = 2, raw = {} } = options;
  return {
    kind,
    content,
    status,
    patient,
    reference,
    references: [reference],
    path: `Bundle.entry[${position}].resource`,
    resourceType: reference.split(/[/?]/)[0] ?? '',
    raw,
  };
}

export function readingItem(
  kind: ReadingKind,
  reading: Partial<Reading> & Pick<Reading, 'codes'>,
  options: ItemOptions,
): Item {
  const full: Reading = {
    kind,
    standing: options.status === 'D' ? 'deleted' : 'final',
    value: undefined,
    unit: undefined,
    start: undefined,
    end: undefined,
    comments: [],
    device: undefined,
    elements: kind === 'insulin' ? ADMINISTRATION : OBSERVATION,
    ...reading,
  };
  return item(kind, { kind: 'reading', reading: full }, options);
}

export function deviceItem(
  device: Partial<DeviceDescription> & Pick<DeviceDescription, 'id'>,
  options: ItemOptions,
): Item {
  const full: DeviceDescription = {
    type: [],
    manufacturer: undefined,
    model: undefined,
    serialNumber: undefined,
    udi: undefined,
    versions: [],
    metrics: [],
    standing: options.status === 'D' ? 'deleted' : 'final',
    ...device,
  };
  return item('device', { kind: 'device', device: full }, options);
}

export function reportItem(report: Partial<Report> & Pick<Report, 'id' | 'type'>, options: ItemOptions): Item {
  const full: Report = {
    set: undefined,
    versionNumber: undefined,
    replaces: undefined,
    title: undefined,
    time: undefined,
    confidentiality: undefined,
    language: undefined,
    authors: [],
    organization: undefined,
    bytes: Buffer.from('<ClinicalDocument/>'),
    ...report,
  };
  return { ...item('report', { kind: 'report', report: full }, options), path: 'ClinicalDocument' };
}

export function carriedItem(raw: Readonly<Record<string, unknown>>, options: ItemOptions): Item {
  return item('carried', { kind: 'carried' }, { ...options, raw });
}

/** The parts of a document of the JSON form. Members that are undefined are not written. */
import { Buffer } from 'node:buffer';
import { toFhirTime } from '../model/fhir-time';
import type { Item, ResultStatus } from '../model/item';
import type { HumanName, PatientContext } from '../model/patient';
import type { Code, DeviceDescription, DeviceId, Finding, Reading, Report } from '../model/reading';
import type { FhirTime } from '../model/time';
import type { TimeZone } from '../model/time-zone';
import type { JsonCommon, JsonDevice, JsonItem, JsonPatient, JsonReading, JsonReport } from './schema';

const STATUS = { F: 'new', P: 'preliminary', C: 'correction', D: 'deletion' } as const satisfies Record<
  ResultStatus,
  string
>;

export function jsonItem(item: Item, zone: TimeZone): JsonItem {
  const { content, raw } = item;
  const common = commonMembers(item);
  switch (content.kind) {
    case 'reading':
      return { ...common, ...readingMembers(content.reading, zone) };
    case 'device':
      return { ...common, device: deviceMembers(content.device) };
    case 'report':
      return { ...common, report: reportMembers(content.report, zone) };
    case 'carried':
      return { ...common, resource: raw };
  }
}

/** What goes beside a mapped item has a name of its own: two items with one id would overwrite each other. */
export function jsonItemId({ content, beside, reference }: Item): string {
  return content.kind === 'carried' && beside !== undefined ? `${reference}#resource` : reference;
}

function commonMembers(item: Item): JsonCommon {
  const { kind, status, references, resourceType, path } = item;
  return {
    kind,
    id: jsonItemId(item),
    status: STATUS[status],
    source: { references: [...references], resourceType, path },
  };
}

function readingMembers(reading: Reading, zone: TimeZone): Omit<JsonReading, keyof JsonCommon> {
  const {
    codes,
    codeText,
    value,
    finding,
    unit,
    start,
    end,
    comments,
    remarks = [],
    device,
    insulin,
    interpretation,
  } = reading;
  return {
    codes: codes.map(jsonCode),
    codeText,
    value: value?.number,
    comparator: comparatorOf(value?.comparator),
    finding: finding === undefined ? undefined : findingMembers(finding),
    unit,
    start: timeText(start, zone),
    end: timeText(end, zone),
    comments: [...comments],
    remarks: [...remarks],
    preliminary: reading.standing === 'preliminary' ? true : undefined,
    device: device === undefined ? undefined : jsonDeviceId(device),
    insulin:
      insulin === undefined
        ? undefined
        : {
            adminType: insulin.adminType === undefined ? undefined : jsonCode(insulin.adminType),
            isRate: insulin.isRate,
          },
    interpretation: interpretation?.map(jsonCode),
    referenceRange: reading.referenceRange,
    members: reading.members === undefined ? undefined : [...reading.members],
  };
}

function findingMembers(finding: Finding): JsonReading['finding'] {
  return finding.kind === 'codes'
    ? { codes: finding.codes.map(jsonCode), text: finding.words }
    : { text: finding.text };
}

function deviceMembers(device: DeviceDescription): JsonDevice['device'] {
  const { id, type, manufacturer, model, serialNumber, udi, versions, metrics } = device;
  return {
    id: jsonDeviceId(id),
    type: type.map(jsonCode),
    manufacturer,
    model,
    serialNumber,
    udi,
    versions: versions.map(({ of, value }) => ({ of, value })),
    metrics: metrics.map((metric) => ({ type: metric.type.map(jsonCode), unit: metric.unit })),
  };
}

function reportMembers(report: Report, zone: TimeZone): JsonReport['report'] {
  const { bytes } = report;
  return {
    documentId: documentId(report.id),
    set: report.set === undefined ? undefined : documentId(report.set),
    version: report.versionNumber,
    replaces: report.replaces === undefined ? undefined : documentId(report.replaces),
    type: jsonCode(report.type),
    otherTypes: report.otherTypes?.map(jsonCode),
    title: report.title,
    time: timeText(report.time, zone),
    confidentiality: report.confidentiality,
    language: report.language,
    authors: [...report.authors],
    organization: report.organization,
    contentType: 'application/xml',
    size: bytes.byteLength,
    content: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  };
}

export function jsonPatient({ identifier, emr, details }: PatientContext): JsonPatient {
  const sent = { value: identifier.value, system: identifier.system, type: identifier.type };
  const own =
    emr === undefined
      ? []
      : [
          {
            value: emr.value,
            authority: emr.assigningAuthority === '' ? undefined : emr.assigningAuthority,
            type: emr.identifierType === '' ? undefined : emr.identifierType,
          },
        ];
  return {
    identifiers: [...own, sent],
    names: details?.name?.map(jsonName),
    gender: details?.gender,
    birthDate: details?.birthDate,
  };
}

function jsonName({ use, text, family, given, prefix, suffix }: HumanName): NonNullable<JsonPatient['names']>[number] {
  return { use, text, family, given: words(given), prefix: words(prefix), suffix: words(suffix) };
}

/** null stands where only an extension was (FHIR JSON). */
function words(parts: readonly (string | null)[] | undefined): string[] | undefined {
  return parts?.filter((part) => part !== null);
}

function jsonCode({ system, code, display }: Code): JsonReading['codes'][number] {
  return { system, code, display };
}

function jsonDeviceId({ value, system }: DeviceId): JsonDevice['device']['id'] {
  return { value, system };
}

function documentId({ root, extension }: Report['id']): JsonReport['report']['documentId'] {
  return { root, extension };
}

function timeText(time: FhirTime | undefined, zone: TimeZone): string | undefined {
  return time === undefined ? undefined : toFhirTime(time, zone);
}

function comparatorOf(comparator: string | undefined): JsonReading['comparator'] {
  switch (comparator) {
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparator;
    default:
      return undefined;
  }
}

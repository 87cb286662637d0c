/**
 * Synthetic reports in HL7 CDA R2, as Roche shares them as `Clinical Report`: same options, same bytes. Everything that
 * looks like a person or a number of one is made up and says so; OIDs are below 2.999, the arc for examples.
 */
import { RandomStream } from '../random';
import { samplePatient, type SamplePatient } from './sample-resources';

export interface SampleReportOptions {
  /** A patient, or the number of a synthetic one. */
  readonly patient: SamplePatient | number;
  readonly seed: number;
  /** `versionNumber`; a document with a higher one than 1 replaces the one before it. */
  readonly version?: number;
  /** `false`: a document without `setId` and `versionNumber`. */
  readonly inSet?: boolean;
  /** `effectiveTime`, as HL7 writes it. */
  readonly time?: string;
  readonly title?: string;
  /** A sentence of the body. */
  readonly finding?: string;
  /** Prefix of the CDA namespace; left out: it is the default namespace. */
  readonly prefix?: string;
  readonly encoding?: 'UTF-8' | 'UTF-16' | 'ISO-8859-1';
}

/** Root of the ids of the synthetic documents. */
export const SAMPLE_REPORT_ROOT = '2.999.1.20';

const DEFAULT_TIME = '20260112081500+0100';
/** LOINC: Summary of episode note, the type that C-CDA gives a Continuity of Care Document. */
const TYPE = { code: '34133-9', display: 'Summary of episode note' };

/** Makes a report; of one seed and patient, all versions are of one set. */
export function sampleReport(options: SampleReportOptions): Buffer {
  const encoding = options.encoding ?? 'UTF-8';
  return encode(`<?xml version="1.0" encoding="${encoding}"?>\n${document(options)}\n`, encoding);
}

/** The ids that a report of these options has. */
export function sampleReportIds({ patient, seed, version = 1 }: SampleReportOptions): {
  readonly id: string;
  readonly setId: string;
  readonly previousId: string | undefined;
} {
  const { id } = person(patient);
  const setId = new RandomStream(seed, 'report', id).uuid();
  const idOf = (number: number): string => `${setId}-v${String(number)}`;
  return { id: idOf(version), setId, previousId: version > 1 ? idOf(version - 1) : undefined };
}

function document(options: SampleReportOptions): string {
  const { version = 1, inSet = true, time = DEFAULT_TIME, prefix } = options;
  const patient = person(options.patient);
  const { id, setId, previousId } = sampleReportIds(options);
  const p = prefix === undefined ? '' : `${prefix}:`;
  const namespace = prefix === undefined ? 'xmlns' : `xmlns:${prefix}`;
  const root = patient.system.replace('urn:oid:', '');
  const lines = [
    `<ClinicalDocument ${namespace}="urn:hl7-org:v3">`,
    '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>',
    `<id root="${SAMPLE_REPORT_ROOT}.1" extension="${id}"/>`,
    `<code code="${TYPE.code}" codeSystem="2.16.840.1.113883.6.1" displayName="${TYPE.display}"/>`,
    `<title>${escapeXml(options.title ?? 'Synthetic diabetes report')}</title>`,
    `<effectiveTime value="${time}"/>`,
    '<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>',
    '<languageCode code="de-DE"/>',
    ...(inSet
      ? [`<setId root="${SAMPLE_REPORT_ROOT}.2" extension="${setId}"/>`, `<versionNumber value="${String(version)}"/>`]
      : []),
    '<recordTarget><patientRole>',
    `<id root="${root}" extension="${escapeXml(patient.id)}"/>`,
    '<patient>',
    `<name use="L"><given>${escapeXml(patient.given)}</given><family>${escapeXml(patient.family)}</family></name>`,
    `<administrativeGenderCode code="${GENDERS[patient.gender]}" codeSystem="2.16.840.1.113883.5.1"/>`,
    `<birthTime value="${patient.birthDate.replaceAll('-', '')}"/>`,
    '</patient>',
    '</patientRole></recordTarget>',
    `<author><time value="${time}"/><assignedAuthor><id root="2.999.1.21" extension="SYN-D1"/>`,
    '<assignedPerson><name><prefix>Dr.</prefix><given>Synthetic</given><family>Author</family></name></assignedPerson>',
    '</assignedAuthor></author>',
    '<custodian><assignedCustodian><representedCustodianOrganization><id root="2.999.1.22"/>',
    '<name>Synthetic Diabetes Centre</name>',
    '</representedCustodianOrganization></assignedCustodian></custodian>',
    ...(previousId === undefined
      ? []
      : [
          `<relatedDocument typeCode="RPLC"><parentDocument><id root="${SAMPLE_REPORT_ROOT}.1" extension="${previousId}"/>`,
          '</parentDocument></relatedDocument>',
        ]),
    '<component><structuredBody><component><section>',
    '<title>Summary</title>',
    `<text>${escapeXml(options.finding ?? 'Time in range 71 % (made up).')}</text>`,
    '</section></component></structuredBody></component>',
    '</ClinicalDocument>',
  ];
  return lines.join('\n').replace(/<(\/?)(?=[A-Za-z])/g, `<$1${p}`);
}

const GENDERS = { female: 'F', male: 'M', other: 'UN' } as const;

function person(patient: SamplePatient | number): SamplePatient {
  return typeof patient === 'number' ? samplePatient(patient) : patient;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function encode(text: string, encoding: NonNullable<SampleReportOptions['encoding']>): Buffer {
  switch (encoding) {
    case 'UTF-8':
      return Buffer.from(text, 'utf8');
    case 'UTF-16':
      return Buffer.from(`\uFEFF${text}`, 'utf16le');
    case 'ISO-8859-1':
      return Buffer.from(text, 'latin1');
  }
}

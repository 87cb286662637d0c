/** Reads a CDA document: what its header says, and its bytes as they came. */
import { hash } from 'node:crypto';
import type { FileContent } from '../model/content';
import type { Report } from '../model/reading';
import type { FhirTime } from '../model/time';
import { readDocument, type CdaElement } from './element';
import { invalid } from './invalid';
import { nameLine, readRecordTarget } from './record-target';
import { idText, readCodes, readId, readTime } from './values';

/**
 * A report is known by its set: a replacement has another id, the same `setId` and a higher `versionNumber` (CDA R2
 * §4.2.3.1), and so becomes a correction of what was delivered. A document without a set is known by its id.
 * @param bytes an XML file
 * @throws DuctusError DUCTUS_REPORT_INVALID that names the element, never a value
 */
export function readReport(bytes: Uint8Array): FileContent {
  const document = readDocument(bytes);
  const { patient, unread } = readRecordTarget(document);
  const report = readHeader(document, bytes);
  const contentHash = hash('sha256', bytes, 'hex');
  return {
    resources: [
      {
        reference: `ClinicalDocument/${idText(report.set ?? report.id)}`,
        type: 'ClinicalDocument',
        ...versionOf(report, contentHash),
        contentHash,
        patient: patient.key,
        mapping: { kind: 'report', report },
        subject: patient,
        path: document.path,
        raw: { resourceType: 'ClinicalDocument' },
        unread,
      },
    ],
    superseded: [],
  };
}

function readHeader(document: CdaElement, bytes: Uint8Array): Report {
  const id = readId(document.child('id'));
  if (id === undefined) throw invalid('ClinicalDocument.id', 'is missing');
  const code = document.child('code');
  if (code === undefined) throw invalid('ClinicalDocument.code', 'is missing');
  const [type, ...otherTypes] = readCodes(code);
  const custodian = document.at('custodian', 'assignedCustodian', 'representedCustodianOrganization');
  return {
    id,
    set: readId(document.child('setId')),
    versionNumber: versionNumber(document),
    replaces: replaced(document),
    type,
    ...(otherTypes.length === 0 ? {} : { otherTypes }),
    title: document.child('title')?.text,
    time: readTime(document.child('effectiveTime')),
    confidentiality: document.child('confidentialityCode')?.attribute('code'),
    language: document.child('languageCode')?.attribute('code'),
    authors: document.children('author').flatMap((author) => authorName(author) ?? []),
    organization: custodian?.child('name')?.text,
    bytes,
  };
}

function versionNumber(document: CdaElement): string | undefined {
  const element = document.child('versionNumber');
  if (element === undefined || element.isNull) return undefined;
  const value = element.attribute('value');
  // INT; at most 15 digits, so that two of them can be compared as numbers.
  if (value === undefined || !/^\d{1,15}$/.test(value)) throw invalid(`${element.path}.@value`, 'is not a number');
  return value;
}

/** The document that this one stands in for. */
function replaced(document: CdaElement): Report['replaces'] {
  const related = document.children('relatedDocument').find((each) => each.attribute('typeCode') === 'RPLC');
  return readId(related?.at('parentDocument', 'id'));
}

/** A person, or the program that made the document. */
function authorName(author: CdaElement): string | undefined {
  const assigned = author.child('assignedAuthor');
  return (
    nameLine(assigned?.at('assignedPerson', 'name')) ??
    assigned?.at('assignedAuthoringDevice', 'softwareName')?.text ??
    assigned?.at('representedOrganization', 'name')?.text
  );
}

/** The version number orders the documents of a set; where there is none, the time when each was made does. */
function versionOf(
  { versionNumber, time }: Report,
  contentHash: string,
): { readonly version: string; readonly lastUpdated: string | undefined } {
  if (versionNumber !== undefined) return { version: versionNumber, lastUpdated: undefined };
  if (time === undefined) return { version: contentHash, lastUpdated: undefined };
  return { version: `T${time.digits}${time.offsetText}`, lastUpdated: instantOf(time) };
}

/** For comparing with other versions of the document only, so that a missing offset may stand for UTC. */
function instantOf({ localMs, offsetMinutes }: FhirTime): string {
  return new Date(localMs - (offsetMinutes ?? 0) * 60_000).toISOString();
}

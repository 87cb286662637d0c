/** Resources that have no STU3 resource to be made of: a summary, a document, something that R4 may not know. */
import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { toJson } from '../fhir-bundle/lossless-json';
import { withinStack } from '../fhir-bundle/shapes';
import type { Item } from '../model/item';
import type { Reading, Report } from '../model/reading';
import { toFhirTime } from '../model/fhir-time';
import type { TimeZone } from '../model/time-zone';
import { coding, quantity } from './apply';
import type { Draft } from './conversion';
import { URI_SYSTEM } from './names';

/** An Observation made of a reading: a summary of a day. */
export function observationOf(
  { codes, value, unit, start, end, comments, remarks = [] }: Reading,
  status: Item['status'],
  zone: TimeZone,
): Draft {
  const [from, to] = [start, end].map((time) => (time === undefined ? undefined : toFhirTime(time, zone)));
  const notes = [...comments, ...remarks];
  const effective =
    to === undefined
      ? from === undefined
        ? {}
        : { effectiveDateTime: from }
      : { effectivePeriod: { ...(from === undefined ? {} : { start: from }), end: to } };
  return {
    resourceType: 'Observation',
    status: OBSERVATION_STATUS[status],
    code: { coding: codes.map(coding) },
    ...effective,
    ...(value === undefined ? {} : { valueQuantity: quantity(value, unit) }),
    ...(notes.length === 0 ? {} : { note: notes.map((text) => ({ text })) }),
  };
}

const OBSERVATION_STATUS = { F: 'final', P: 'preliminary', C: 'corrected', D: 'entered-in-error' } as const;

/**
 * A DocumentReference with the document in it (R4 documentreference.html). The hash of an Attachment is SHA-1 in base64,
 * its size that of the bytes.
 */
export function documentOf(report: Report, status: Item['status'], zone: TimeZone): Draft {
  const { id, replaces, type, title, time, confidentiality, language, authors, organization, bytes } = report;
  const at = time === undefined ? undefined : toFhirTime(time, zone);
  return {
    resourceType: 'DocumentReference',
    masterIdentifier: documentIdentifier(id),
    ...(report.set === undefined ? {} : { identifier: [documentIdentifier(report.set)] }),
    // A document that was replaced is not sent again, so what is sent is current.
    status: status === 'D' ? 'entered-in-error' : 'current',
    // FinalDoc, AmendedDoc: R4 composition-status.
    docStatus:
      status === 'D' ? 'entered-in-error' : status === 'C' ? 'amended' : status === 'P' ? 'preliminary' : 'final',
    type: { coding: [type, ...(report.otherTypes ?? [])].map(coding) },
    // `date` is an instant: only a time of the day will do.
    ...(at === undefined || time?.hasClock !== true ? {} : { date: at }),
    ...(authors.length === 0 ? {} : { author: authors.map((display) => ({ display })) }),
    ...(organization === undefined ? {} : { custodian: { display: organization } }),
    ...(replaces === undefined
      ? {}
      : {
          relatesTo: [
            { code: 'replaces', target: { type: 'DocumentReference', identifier: documentIdentifier(replaces) } },
          ],
        }),
    ...(title === undefined ? {} : { description: title }),
    ...(confidentiality === undefined
      ? {}
      : { securityLabel: [{ coding: [{ system: CONFIDENTIALITY, code: confidentiality }] }] }),
    content: [
      {
        attachment: {
          contentType: 'application/xml',
          ...(language === undefined ? {} : { language }),
          ...attachment(bytes),
          ...(title === undefined ? {} : { title }),
          ...(at === undefined ? {} : { creation: at }),
        },
      },
    ],
  };
}

const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** II of CDA as Identifier: an OID or UUID with an extension is a system, without one the value itself (R4 datatypes, Identifier). */
export function documentIdentifier({ root, extension }: Report['id']): Draft {
  const isOid = /^[0-9.]+$/.test(root);
  // A name that is neither (HL7 RUID) is no URI, and so no system.
  if (!isOid && !UUID.test(root)) return { value: extension === undefined ? root : `${root}^${extension}` };
  const uri = isOid ? `urn:oid:${root}` : `urn:uuid:${root.toLowerCase()}`;
  return extension === undefined ? { system: URI_SYSTEM, value: uri } : { system: uri, value: extension };
}

/**
 * A resource of a type that is not converted, as the file that it is: R4 may have other elements under that name, and a
 * server would refuse all entries for one.
 */
export function carriedOf({ raw, resourceType, status }: Item): Draft {
  const bytes = Buffer.from(
    withinStack(resourceType, () => toJson(raw)),
    'utf8',
  );
  const isResource = raw['resourceType'] !== undefined;
  return {
    resourceType: 'DocumentReference',
    status: status === 'D' ? 'entered-in-error' : 'current',
    type: { text: `FHIR ${resourceType}` },
    content: [
      {
        attachment: {
          // The version is not said in a resource, so none is claimed.
          contentType: isResource ? 'application/fhir+json' : 'application/json',
          ...attachment(bytes),
          title: `FHIR ${resourceType}`,
        },
      },
    ],
  };
}

function attachment(bytes: Uint8Array): Draft {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { data: data.toString('base64'), size: bytes.byteLength, hash: hash('sha1', data, 'base64') };
}

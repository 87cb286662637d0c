/** Data types of CDA (HL7 V3 data types R1): instance identifiers, codes, times. */
import type { Code } from '../model/reading';
import { parseHl7Time, type FhirTime } from '../model/time';
import type { CdaElement } from './element';
import { CONTROL, invalid } from './invalid';

/** An instance identifier, II. */
export interface InstanceId {
  readonly root: string;
  readonly extension: string | undefined;
}

const OID = /^[0-2](\.(0|[1-9]\d*))+$/;
const UUID = /^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/;

/** FHIR's names of code systems that CDA names by OID (https://terminology.hl7.org, NamingSystem). */
const CODE_SYSTEMS: ReadonlyMap<string, string> = new Map([
  ['2.16.840.1.113883.6.1', 'http://loinc.org'],
  ['2.16.840.1.113883.6.96', 'http://snomed.info/sct'],
  ['2.16.840.1.113883.6.3', 'http://hl7.org/fhir/sid/icd-10'],
  ['2.16.840.1.113883.6.90', 'http://hl7.org/fhir/sid/icd-10-cm'],
  ['2.16.840.1.113883.5.25', 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality'],
]);
const NULL_FLAVOR = 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor';

/**
 * @returns undefined for an id with a nullFlavor, which names nothing
 * @throws DuctusError DUCTUS_REPORT_INVALID when it has no root, or control characters
 */
export function readId(element: CdaElement | undefined): InstanceId | undefined {
  if (element === undefined || element.isNull) return undefined;
  const root = element.attribute('root');
  const extension = element.attribute('extension');
  if (root === undefined) throw invalid(`${element.path}.@root`, 'is missing');
  if (CONTROL.test(root) || CONTROL.test(extension ?? '')) {
    throw invalid(element.path, 'must be without control characters');
  }
  return { root, extension };
}

/** `root^extension`, or the root alone. */
export function idText({ root, extension }: InstanceId): string {
  return extension === undefined ? root : `${root}^${extension}`;
}

/** FHIR's name of what a root identifies: `urn:oid:…` or `urn:uuid:…`. */
export function systemOfRoot(root: string): string {
  if (OID.test(root)) return `urn:oid:${root}`;
  return UUID.test(root) ? `urn:uuid:${root.toLowerCase()}` : root;
}

/**
 * A code and its translations, the code first; one that the sender does not know is its nullFlavor.
 * @throws DuctusError DUCTUS_REPORT_INVALID when there is neither code nor nullFlavor
 */
export function readCodes(element: CdaElement): readonly [Code, ...Code[]] {
  const [first, ...rest] = [element, ...element.children('translation')].flatMap((each) => codeOf(each) ?? []);
  if (first !== undefined) return [first, ...rest];
  const nullFlavor = element.attribute('nullFlavor');
  if (nullFlavor === undefined) throw invalid(`${element.path}.@code`, 'is missing');
  return [{ system: NULL_FLAVOR, code: nullFlavor, display: element.child('originalText')?.text }];
}

function codeOf(element: CdaElement): Code | undefined {
  const code = element.attribute('code');
  if (code === undefined) return undefined;
  const root = element.attribute('codeSystem');
  const system = root === undefined ? undefined : (CODE_SYSTEMS.get(root) ?? systemOfRoot(root));
  return { system, code, display: element.attribute('displayName') };
}

/**
 * @returns undefined where the sender does not say it
 * @throws DuctusError DUCTUS_REPORT_INVALID when it is no time
 */
export function readTime(element: CdaElement | undefined): FhirTime | undefined {
  if (element === undefined || element.isNull) return undefined;
  const time = parseHl7Time(element.attribute('value') ?? '');
  if (time === undefined) throw invalid(`${element.path}.@value`, 'is not a time');
  return time;
}

/** Names under which senders give the system of a diagnosis: table 0396, older names, OIDs, and the URIs of FHIR. */

/** `none`: no system was given. */
export type DiagnosisSystem = 'ICD-10' | 'ICD-10-CM' | 'ICD-9' | 'SNOMED' | 'none' | 'other';

const URIS: ReadonlyMap<string, DiagnosisSystem> = new Map([
  ['HTTP://SNOMED.INFO/SCT', 'SNOMED'],
  ['HTTP://HL7.ORG/FHIR/SID/ICD-10', 'ICD-10'],
  ['HTTP://FHIR.DE/CODESYSTEM/DIMDI/ICD-10-GM', 'ICD-10'],
  ['HTTP://FHIR.DE/CODESYSTEM/BFARM/ICD-10-GM', 'ICD-10'],
  ['HTTP://HL7.ORG/FHIR/SID/ICD-10-DE', 'ICD-10'],
  ['HTTP://HL7.ORG/FHIR/SID/ICD-10-CM', 'ICD-10-CM'],
  ['HTTP://HL7.ORG/FHIR/SID/ICD-9-CM', 'ICD-9'],
  ['HTTP://HL7.ORG/FHIR/SID/ICD-9', 'ICD-9'],
  ['2.16.840.1.113883.6.96', 'SNOMED'],
  ['2.16.840.1.113883.6.3', 'ICD-10'],
  ['2.16.840.1.113883.6.90', 'ICD-10-CM'],
  ['2.16.840.1.113883.6.42', 'ICD-9'],
  ['2.16.840.1.113883.6.103', 'ICD-9'],
]);

/** Names without signs; `I10` and `I9` with what may follow: a country's edition, a year. */
const NAMES: readonly (readonly [RegExp, DiagnosisSystem])[] = [
  [/^(?:SCT2?|SNM\d?|SNOMED(?:CT)?\d*)$/, 'SNOMED'],
  [/^(?:ICD10CM|I10C|I10CM)\d*$/, 'ICD-10-CM'],
  [/^(?:I|ICD)10[A-Z]{0,4}\d*$/, 'ICD-10'],
  [/^(?:I|ICD)9(?:C|CM|DX|CDX)?\d*$/, 'ICD-9'],
];

/** @param name DG1-3.3, DG1-2, or `Coding.system` */
export function coarse(name: string): DiagnosisSystem {
  const upper = name.trim().toUpperCase();
  if (upper === '') return 'none';
  const uri = URIS.get(upper.replace(/^URN:OID:/, ''));
  if (uri !== undefined) return uri;
  const plain = upper.replace(/[^A-Z0-9]/g, '');
  return NAMES.find(([pattern]) => pattern.test(plain))?.[1] ?? 'other';
}

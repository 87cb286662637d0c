/** Whose record a document belongs to (CDA R2 §4.2.2.11, recordTarget). */
import { identifierKey } from '../fhir-bundle/references';
import type { HumanName, PatientContext, PatientDetails } from '../model/patient';
import { parseHl7Time } from '../model/time';
import type { CdaElement } from './element';
import { invalid } from './invalid';
import { readId, systemOfRoot, type InstanceId } from './values';

/** FHIR administrative-gender for HL7 AdministrativeGender (2.16.840.1.113883.5.1). */
const GENDERS: ReadonlyMap<string, string> = new Map([
  ['M', 'male'],
  ['F', 'female'],
  ['UN', 'other'],
]);

/**
 * FHIR name-use for EntityNameUse (2.16.840.1.113883.5.45), as the guide "C-CDA on FHIR" maps it; `L`, a legal name, is
 * `official` there too, and must be that here, since it becomes a legal name again in PID-5.
 */
const NAME_USES: ReadonlyMap<string, string> = new Map([
  ['L', 'official'],
  ['OR', 'official'],
  ['C', 'official'],
  ['P', 'nickname'],
]);

export interface RecordTarget {
  readonly patient: PatientContext;
  /** Elements that hold something that cannot be read, as in `ClinicalDocument.recordTarget.….birthTime`. */
  readonly unread: readonly string[];
}

/** @throws DuctusError DUCTUS_REPORT_INVALID when there is no patient with a number, or more than one patient */
export function readRecordTarget(document: CdaElement): RecordTarget {
  const [target, ...others] = document.children('recordTarget').filter((each) => !each.isNull);
  const role = target?.child('patientRole');
  if (role === undefined) throw invalid('ClinicalDocument.recordTarget', 'is missing');
  if (others.length > 0) {
    throw invalid('ClinicalDocument.recordTarget', 'names several patients; a report goes into the record of one');
  }
  const identifier = toIdentifier(numberOf(role));
  const patient = role.child('patient');
  const birth = patient?.child('birthTime');
  const birthText = birth === undefined || birth.isNull ? undefined : birth.attribute('value');
  const birthDate = birthText === undefined ? undefined : dateOf(birthText);
  return {
    patient: {
      key: identifierKey({
        ...(identifier.system === undefined ? {} : { system: identifier.system }),
        value: identifier.value,
      }),
      identifier,
      details: patient === undefined ? undefined : detailsOf(patient, birthDate),
      path: role.path,
    },
    unread: birthText !== undefined && birthDate === undefined && birth !== undefined ? [birth.path] : [],
  };
}

/** The first number; an id without extension names the patient by itself, and comes after those that have one. */
function numberOf(role: CdaElement): InstanceId {
  const ids = role.children('id').flatMap((element) => readId(element) ?? []);
  const found = ids.find(({ extension }) => extension !== undefined) ?? ids[0];
  if (found === undefined) throw invalid(`${role.path}.id`, 'is missing: the report names no patient');
  return found;
}

/** As FHIR writes an II (datatypes, Identifier, mapping to V3). */
function toIdentifier({ root, extension }: InstanceId): PatientContext['identifier'] {
  return extension === undefined
    ? { system: 'urn:ietf:rfc:3986', value: systemOfRoot(root) }
    : { system: systemOfRoot(root), value: extension };
}

function detailsOf(patient: CdaElement, birthDate: string | undefined): PatientDetails {
  const gender = patient.child('administrativeGenderCode');
  return {
    name: patient.children('name').flatMap((name) => readName(name) ?? []),
    gender: GENDERS.get(gender?.attribute('code') ?? ''),
    birthDate,
  };
}

function readName(element: CdaElement): HumanName | undefined {
  if (element.isNull) return undefined;
  const parts = (name: string): string[] =>
    element.children(name).flatMap((part) => (part.isNull ? [] : (part.text ?? [])));
  const families = parts('family');
  const name = {
    use: useOf(element.attribute('use')),
    text: element.ownText,
    // Spanish names come as two.
    family: families.length === 0 ? undefined : families.join(' '),
    given: parts('given'),
    prefix: parts('prefix'),
    suffix: parts('suffix'),
  };
  return name.family === undefined && name.given.length === 0 && name.text === undefined ? undefined : name;
}

/** `use` is a list; the first that FHIR knows counts. */
function useOf(uses: string | undefined): string | undefined {
  for (const use of (uses ?? '').split(/\s+/)) {
    const known = NAME_USES.get(use);
    if (known !== undefined) return known;
  }
  return undefined;
}

/** A birth time as a FHIR date, as precise as it is. */
function dateOf(text: string): string | undefined {
  const digits = parseHl7Time(text)?.digits;
  if (digits === undefined) return undefined;
  return [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6, 8)].filter((part) => part !== '').join('-');
}

/** The parts of a person's name as one line, as in `Dr. Maxi Muster`. */
export function nameLine(element: CdaElement | undefined): string | undefined {
  const name = element === undefined ? undefined : readName(element);
  if (name === undefined) return undefined;
  const parts = [...(name.prefix ?? []), ...(name.given ?? []), name.family ?? '', ...(name.suffix ?? [])];
  const line = parts.filter((part) => part !== null && part !== '').join(' ');
  return line === '' ? name.text : line;
}

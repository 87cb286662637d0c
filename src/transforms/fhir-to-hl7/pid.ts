/** PID and PV1: who the data belongs to, and to which visit, if the destination wants one. */
import type { HumanName, PatientContext } from '../model/patient';
import type { Hl7Profile } from '../model/profile';
import { toHl7Date } from '../model/time';
import { escapeText } from './escape';
import { configured, cx, trimmed } from './fields';
import { SegmentTable } from './segment-table';

/**
 * PID-5 is required. For a patient whose name is not in the bundle the second repetition says "unspecified"
 * (name type U of table 0200), as the HL7 v2.5.1 public-health guides for ORU^R01 (ELR) do; `""` would tell
 * the EMR to delete the name.
 */
const UNKNOWN_NAME = '~^^^^^^U';

/** Table 0001 for the FHIR value set administrative-gender. */
const SEX: ReadonlyMap<string, string> = new Map([
  ['male', 'M'],
  ['female', 'F'],
  ['other', 'O'],
  ['unknown', 'U'],
]);

/** Table 0200 for the FHIR value set name-use; other uses have no type code. */
const NAME_TYPE: ReadonlyMap<string, string> = new Map([
  ['official', 'L'],
  ['usual', 'D'],
  ['nickname', 'N'],
  ['maiden', 'M'],
]);

export interface PatientSegmentContext {
  readonly patient: PatientContext;
  readonly profile: Hl7Profile;
}

/** Elements of the Patient resource, when the input has it. */
function from(element: string): (context: PatientSegmentContext) => readonly string[] {
  return ({ patient }) => (patient.details === undefined ? [] : [`${patient.path}.${element}`]);
}

export const PID = new SegmentTable<PatientSegmentContext>([
  { id: 'pid-1', target: 'PID-1', source: 'constant', why: 'one patient in a message', write: () => '1' },
  {
    id: 'pid-3',
    target: 'PID-3',
    source: 'the hospital’s own number from the registry; else Patient.identifier, or the id in the reference',
    why: 'what the EMR finds the patient by; the authority is that of the registry or of the configuration, else the system of the identifier; the type (table 0203) comes from where the authority does',
    from: ({ patient }) => {
      if (patient.emr !== undefined) return [];
      return [patient.details === undefined ? patient.path : `${patient.path}.identifier`];
    },
    write: ({ patient: { identifier, emr }, profile }) => {
      const authority = emr?.assigningAuthority || profile.patientAssigningAuthority;
      // A number goes under the type that its sender gives it, unless the hospital says whose number it is.
      const sent = emr === undefined && authority === '' ? identifier.type : undefined;
      const type = emr?.identifierType || sent || profile.patientIdentifierType;
      return cx(emr?.value ?? identifier.value, emr === undefined ? identifier.system : undefined, authority, type);
    },
  },
  {
    id: 'pid-5',
    target: 'PID-5',
    source: 'Patient.name: the official one, else the usual, else one of no stated use, else the first that is not old',
    why: 'required; an unknown name is an empty repetition and one of type U (table 0200), as in the ELR guides, since `""` would tell the EMR to delete the name',
    from: from('name'),
    write: ({ patient }) => patientName(patient.details?.name ?? []),
  },
  {
    id: 'pid-7',
    target: 'PID-7',
    source: 'Patient.birthDate',
    why: 'many EMRs check it against the number',
    from: from('birthDate'),
    write: ({ patient: { details } }) => (details?.birthDate === undefined ? '' : (toHl7Date(details.birthDate) ?? '')),
  },
  {
    id: 'pid-8',
    target: 'PID-8',
    source: 'Patient.gender',
    why: 'table 0001',
    from: from('gender'),
    write: ({ patient }) => SEX.get(patient.details?.gender ?? '') ?? '',
  },
]);

export const PV1 = new SegmentTable<PatientSegmentContext>([
  { id: 'pv1-1', target: 'PV1-1', source: 'constant', why: 'one visit in a message', write: () => '1' },
  {
    id: 'pv1-2',
    target: 'PV1-2',
    source: 'configuration: hl7.visit.patientClass',
    why: 'table 0004; N (not applicable) in an MDM when no visit is configured: PV1 is required there, and data from home belongs to none',
    write: ({ profile }) => escapeText(profile.visit?.patientClass ?? 'N'),
  },
  {
    id: 'pv1-3',
    target: 'PV1-3',
    source: 'configuration: hl7.visit.location',
    why: 'a clinic that wants the data under one location',
    write: ({ profile }) => configured(profile.visit?.location ?? ''),
  },
  {
    id: 'pv1-19',
    target: 'PV1-19',
    source: 'configuration: hl7.visit.visitNumber',
    why: 'for an EMR that files results by visit only',
    write: ({ profile }) => configured(profile.visit?.visitNumber ?? ''),
  },
]);

/** XPN: family, given, further given names, suffix, prefix, (degree), type. */
function patientName(names: readonly HumanName[]): string {
  const name =
    names.find(({ use }) => use === 'official') ??
    names.find(({ use }) => use === 'usual') ??
    names.find(({ use }) => use === undefined) ??
    names.find(({ use }) => use !== 'old');
  if (name === undefined) return UNKNOWN_NAME;
  const [first = '', ...further] = words(name.given);
  const parts = [
    // A name that comes only as text stands where a reader looks first.
    name.family ?? (first === '' ? (name.text ?? '') : ''),
    first,
    further.join(' '),
    words(name.suffix).join(' '),
    words(name.prefix).join(' '),
  ].map(escapeText);
  if (parts.every((part) => part === '')) return UNKNOWN_NAME;
  return trimmed([...parts, '', NAME_TYPE.get(name.use ?? '') ?? ''], '^');
}

function words(parts: readonly (string | null)[] | undefined): string[] {
  return (parts ?? []).filter((part) => part !== null && part !== '').map((part) => part ?? '');
}

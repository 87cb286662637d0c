/** PID → Patient (v2-to-FHIR guide, PID[Patient]), as far as Roche takes it (SPECS §1.2). */
import type { Hl7Segment } from '../../protocols/hl7-v2/message';
import { readAddress } from './address';
import { GENDER, MARITAL_STATUS } from './code-tables';
import { readContacts, withoutRepeats } from './contact-point';
import type { Hl7Location, Hl7Problem, PatientSyncSettings } from './contract';
import { languageTag } from './language';
import { isComplete, readName } from './person-name';
import { malformed, missing, unknownCode } from './problems';
import { applyRules, ruleTable, type DocumentedRule } from './rule';
import type { Address, ContactPoint, HumanName, PatientElements } from './stu3';
import { clean, listed, said } from './text';
import { fhirDate, fhirDateTime, readTime } from './times';

/** Names that are not the current one go behind it: who reads only one reads the first. */
const NAME_ORDER: ReadonlyMap<string, number> = new Map([
  ['official', 0],
  ['usual', 1],
]);
const NO_USE = 0;
const OTHER_USE = 2;

const MARITAL_STATUS_SYSTEM = 'http://hl7.org/fhir/v3/MaritalStatus';
const LANGUAGE_SYSTEM = 'urn:ietf:bcp:47';

const PATIENT_RULES = ruleTable<Hl7Segment, PatientElements, PatientSyncSettings>([
  {
    id: 'pid-5',
    source: 'PID-5, PID-9',
    target: 'Patient.name',
    how: 'names with a family and a given name, which Roche wants; the current ones first, aliases (PID-9) last. AE when there is none',
    write: (pid) => listed('name', namesOf(pid)),
    refuse: refuseNames,
  },
  {
    id: 'pid-7',
    source: 'PID-7',
    target: 'Patient.birthDate',
    how: 'to the day, or as far as it is known; the time of birth is left out. AE when there is no such day',
    write: (pid) => {
      const time = readTime(pid.value(7));
      return time === undefined ? {} : { birthDate: fhirDate(time) };
    },
    refuse: (pid) => refuseTime(pid, 7, 'PID-7 is no date of the calendar in the form YYYY[MM[DD]]'),
  },
  {
    id: 'pid-8',
    source: 'PID-8',
    target: 'Patient.gender',
    how: 'table 0001. AE for a code that is not in it',
    write: (pid) => {
      const gender = GENDER.get(sexOf(pid));
      return gender === undefined ? {} : { gender };
    },
    refuse: (pid) => {
      const sex = sexOf(pid);
      if (sex === '' || GENDER.has(sex)) return undefined;
      return unknownCode(at(8), 'PID-8 has a code that table 0001 does not have (F, M, O, U, A, N, X)');
    },
  },
  {
    id: 'pid-13',
    source: 'PID-13, PID-14, PID-40',
    target: 'Patient.telecom',
    how: 'numbers and e-mail addresses, each once',
    write: (pid) => listed('telecom', contactsOf(pid)),
  },
  {
    id: 'pid-11',
    source: 'PID-11, PID-12',
    target: 'Patient.address',
    how: 'all but places of birth, origin and service',
    write: (pid) => listed('address', addressesOf(pid)),
  },
  {
    id: 'pid-16',
    source: 'PID-16',
    target: 'Patient.maritalStatus',
    how: 'table 0002; what STU3 has no code for is left out',
    write: (pid) => {
      const status = MARITAL_STATUS.get(pid.value(16).trim().toUpperCase());
      return status === undefined ? {} : { maritalStatus: { coding: [{ system: MARITAL_STATUS_SYSTEM, ...status }] } };
    },
  },
  {
    id: 'pid-15',
    source: 'PID-15',
    target: 'Patient.communication.language',
    how: 'codes of ISO 639 as BCP 47, with the text of PID-15.2; others are left out: STU3 takes no language without a code',
    write: languageOf,
  },
  {
    id: 'pid-24',
    source: 'PID-25, PID-24',
    target: 'Patient.multipleBirthInteger, multipleBirthBoolean',
    how: 'the order of birth where it is a number, else the indicator (table 0136)',
    write: multipleBirthOf,
  },
  {
    id: 'pid-29',
    source: 'PID-29, PID-30',
    target: 'Patient.deceasedDateTime, deceasedBoolean',
    how: 'the time of death, else the indicator (table 0136). AE when PID-29 is no time',
    write: deathOf,
    refuse: (pid) =>
      refuseTime(pid, 29, 'PID-29 is no date or time of the calendar in the form YYYY[MM[DD[HHMM[SS]]]]'),
  },
]);

export const DOCUMENTED_PATIENT_RULES: readonly DocumentedRule[] = PATIENT_RULES;

/** The first thing that keeps the patient from being taken. */
export function refusePatient(pid: Hl7Segment): Hl7Problem | undefined {
  for (const { refuse } of PATIENT_RULES) {
    const problem = refuse?.(pid);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** What a PID says about the patient. */
export function readPatient(pid: Hl7Segment, settings: PatientSyncSettings): PatientElements {
  return applyRules(PATIENT_RULES, pid, settings);
}

function at(field: number): Hl7Location {
  return { segment: 'PID', sequence: 1, field };
}

function namesOf(pid: Hl7Segment): HumanName[] {
  const names = [
    ...pid.repetitions(5).map((field) => readName(field, '')),
    ...pid.repetitions(9).map((field) => readName(field, 'nickname')),
  ];
  return orderedNames(names.filter((name) => name !== undefined));
}

/** The complete names, the current one first. */
export function orderedNames(names: readonly HumanName[]): HumanName[] {
  return names.filter(isComplete).toSorted((one, other) => rank(one) - rank(other));
}

function rank({ use }: HumanName): number {
  return use === undefined ? NO_USE : (NAME_ORDER.get(use) ?? OTHER_USE);
}

function refuseNames(pid: Hl7Segment): Hl7Problem | undefined {
  const names = pid.repetitions(5).map((field) => readName(field, ''));
  if (names.some((name) => name !== undefined && isComplete(name))) return undefined;
  const present = names.filter((name) => name !== undefined);
  if (present.length === 0)
    return missing(at(5), 'PID-5 has no name of the patient; family and given name are required');
  if (present.every(({ family }) => family === undefined)) {
    return missing({ ...at(5), component: 1 }, 'PID-5 has no family name');
  }
  return missing({ ...at(5), component: 2 }, 'PID-5 has no family name with a given name beside it');
}

function refuseTime(pid: Hl7Segment, field: number, text: string): Hl7Problem | undefined {
  const written = pid.value(field).trim();
  return written === '' || readTime(written) !== undefined ? undefined : malformed(at(field), text);
}

/** IS until v2.6, CWE since: the code is the first component. */
function sexOf(pid: Hl7Segment): string {
  return pid.value(8).trim().toUpperCase();
}

function contactsOf(pid: Hl7Segment): ContactPoint[] {
  return withoutRepeats([
    ...pid.repetitions(13).flatMap((field) => readContacts(field, 'home')),
    ...pid.repetitions(14).flatMap((field) => readContacts(field, 'work')),
    ...pid.repetitions(40).flatMap((field) => readContacts(field, '')),
  ]);
}

function addressesOf(pid: Hl7Segment): Address[] {
  const addresses = pid
    .repetitions(11)
    .map(readAddress)
    .filter((address) => address !== undefined);
  const county = clean(pid.value(12));
  const [only] = addresses;
  if (county === '' || only === undefined || addresses.length > 1 || only.district !== undefined) return addresses;
  return [{ ...only, district: county }];
}

function languageOf(pid: Hl7Segment): Partial<PatientElements> {
  const tag = languageTag(pid.value(15).trim());
  if (tag === undefined) return {};
  const text = said('text', clean(pid.value(15, 2)));
  return { communication: [{ language: { coding: [{ system: LANGUAGE_SYSTEM, code: tag }], ...text } }] };
}

function multipleBirthOf(pid: Hl7Segment): Partial<PatientElements> {
  const order = pid.value(25).trim();
  if (/^[1-9]\d?$/.test(order)) return { multipleBirthInteger: Number(order) };
  const indicator = yesOrNo(pid, 24);
  return indicator === undefined ? {} : { multipleBirthBoolean: indicator };
}

function deathOf(pid: Hl7Segment, { timeZone }: PatientSyncSettings): Partial<PatientElements> {
  const time = readTime(pid.value(29));
  if (time !== undefined) return { deceasedDateTime: fhirDateTime(time, timeZone) };
  const indicator = yesOrNo(pid, 30);
  return indicator === undefined ? {} : { deceasedBoolean: indicator };
}

function yesOrNo(pid: Hl7Segment, field: number): boolean | undefined {
  const code = pid.value(field).trim().toUpperCase();
  if (code === 'Y') return true;
  return code === 'N' ? false : undefined;
}

/** Patient of the HIS (R4 or STU3) → Patient of STU3, the elements that Roche takes. */
import { parseFhirTime } from '../model/time';
import { toFhirTime } from '../model/fhir-time';
import { withoutRepeats } from './contact-point';
import type { PatientSyncSettings } from './contract';
import type { FhirName, FhirPatient } from './fhir-shapes';
import { languageTag } from './language';
import { orderedNames } from './patient-rules';
import { applyRules, ruleTable, type DocumentedRule } from './rule';
import type { Address, CodeableConcept, HumanName, PatientElements } from './stu3';
import { clean, listed, said } from './text';

const BIRTH_DATE_LENGTH = 'YYYY-MM-DD'.length;
/** v3 MaritalStatus under its names in STU3 and R4; STU3 has these codes. */
const MARITAL_STATUS_SYSTEMS: ReadonlySet<string> = new Set([
  'http://hl7.org/fhir/v3/MaritalStatus',
  'http://hl7.org/fhir/marital-status',
  'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus',
]);
const MARITAL_STATUS_CODES: ReadonlySet<string> = new Set(['A', 'D', 'I', 'L', 'M', 'P', 'S', 'T', 'U', 'W']);
const LANGUAGE_SYSTEM = 'urn:ietf:bcp:47';

const FHIR_PATIENT_RULES = ruleTable<FhirPatient, PatientElements, PatientSyncSettings>([
  {
    id: 'fhir-active',
    source: 'Patient.active',
    target: 'Patient.active',
    how: 'as it stands; true when it is left out',
    write: ({ active }) => (active === undefined ? {} : { active }),
  },
  {
    id: 'fhir-name',
    source: 'Patient.name',
    target: 'Patient.name',
    how: 'names with a family and a given name; the current ones first',
    write: ({ name = [] }) => listed('name', orderedNames(name.map(nameOf))),
  },
  {
    id: 'fhir-telecom',
    source: 'Patient.telecom',
    target: 'Patient.telecom',
    how: 'each once; without a system it is e-mail when it has @, else phone (invariant cpt-2)',
    write: ({ telecom = [] }) =>
      listed(
        'telecom',
        withoutRepeats(
          telecom
            .map(({ system, value = '', use }) => ({
              system: system ?? (value.includes('@') ? 'email' : 'phone'),
              value: clean(value),
              ...(use === undefined ? {} : { use }),
            }))
            .filter(({ value }) => value !== ''),
        ),
      ),
  },
  {
    id: 'fhir-gender',
    source: 'Patient.gender',
    target: 'Patient.gender',
    how: 'as it stands',
    write: ({ gender }) => (gender === undefined ? {} : { gender }),
  },
  {
    id: 'fhir-birth-date',
    source: 'Patient.birthDate',
    target: 'Patient.birthDate',
    how: 'as it stands',
    write: ({ birthDate }) => (isFhirDate(birthDate) ? { birthDate } : {}),
  },
  {
    id: 'fhir-deceased',
    source: 'Patient.deceasedDateTime, deceasedBoolean',
    target: 'Patient.deceasedDateTime, deceasedBoolean',
    how: 'as it stands; a time without offset gets that of the organization',
    write: ({ deceasedBoolean, deceasedDateTime }, settings) => {
      const time = fhirTime(deceasedDateTime, settings);
      if (time !== undefined) return { deceasedDateTime: time };
      return deceasedBoolean === undefined ? {} : { deceasedBoolean };
    },
  },
  {
    id: 'fhir-address',
    source: 'Patient.address',
    target: 'Patient.address',
    how: 'as it stands; the use billing, which STU3 has not, is left out',
    write: ({ address = [] }) =>
      listed(
        'address',
        address.map(addressOf).filter((one) => Object.keys(one).length > 0),
      ),
  },
  {
    id: 'fhir-marital-status',
    source: 'Patient.maritalStatus',
    target: 'Patient.maritalStatus',
    how: 'codes of v3 MaritalStatus that STU3 has, under the name of the code system in STU3',
    write: ({ maritalStatus }) => {
      const code = maritalStatus?.coding?.find(
        (coding) => MARITAL_STATUS_SYSTEMS.has(coding.system ?? '') && MARITAL_STATUS_CODES.has(coding.code ?? ''),
      )?.code;
      return code === undefined
        ? {}
        : { maritalStatus: { coding: [{ system: 'http://hl7.org/fhir/v3/MaritalStatus', code }] } };
    },
  },
  {
    id: 'fhir-multiple-birth',
    source: 'Patient.multipleBirthInteger, multipleBirthBoolean',
    target: 'Patient.multipleBirthInteger, multipleBirthBoolean',
    how: 'as it stands',
    write: ({ multipleBirthInteger, multipleBirthBoolean }) => {
      if (multipleBirthInteger !== undefined) return { multipleBirthInteger };
      return multipleBirthBoolean === undefined ? {} : { multipleBirthBoolean };
    },
  },
  {
    id: 'fhir-communication',
    source: 'Patient.communication.language',
    target: 'Patient.communication.language',
    how: 'those with a code of BCP 47 (STU3 takes none without), and the text',
    write: ({ communication = [] }) =>
      listed(
        'communication',
        communication.flatMap(({ language }) => languageOf(language)).map((language) => ({ language })),
      ),
  },
]);

export const DOCUMENTED_FHIR_PATIENT_RULES: readonly DocumentedRule[] = FHIR_PATIENT_RULES;

/** What a Patient of the HIS says. */
export function fhirPatientElements(patient: FhirPatient, settings: PatientSyncSettings): PatientElements {
  return applyRules(FHIR_PATIENT_RULES, patient, settings);
}

/** A FHIR `date`. */
export function isFhirDate(text: string | undefined): text is string {
  return text !== undefined && text.length <= BIRTH_DATE_LENGTH && isTime(text);
}

/** True for a FHIR `dateTime`. */
export function isTime(text: string): boolean {
  return parseFhirTime(text) !== undefined && !text.startsWith('0000');
}

/** A `dateTime` with an offset; undefined when it is none. */
export function fhirTime(text: string | undefined, { timeZone }: PatientSyncSettings): string | undefined {
  const time = text === undefined || !isTime(text) ? undefined : parseFhirTime(text);
  return time === undefined ? undefined : toFhirTime(time, timeZone);
}

/** A HumanName without its text and extensions. */
export function nameOf({ use, family = '', given, prefix, suffix }: FhirName): HumanName {
  return {
    ...(use === undefined ? {} : { use }),
    ...said('family', clean(family)),
    ...listed('given', texts(given)),
    ...listed('prefix', texts(prefix)),
    ...listed('suffix', texts(suffix)),
  };
}

function addressOf(address: NonNullable<FhirPatient['address']>[number]): Address {
  const { use, type, text = '', line, city = '', district = '', state = '', postalCode = '', country = '' } = address;
  const places = {
    ...said('text', clean(text)),
    ...listed('line', texts(line)),
    ...said('city', clean(city)),
    ...said('district', clean(district)),
    ...said('state', clean(state)),
    ...said('postalCode', clean(postalCode)),
    ...said('country', clean(country)),
  };
  if (Object.keys(places).length === 0) return {};
  return {
    ...(use === undefined || use === 'billing' ? {} : { use }),
    ...(type === undefined ? {} : { type }),
    ...places,
  };
}

function languageOf(language: FhirPatient['maritalStatus']): CodeableConcept[] {
  const tags = (language?.coding ?? [])
    .filter(({ system }) => system === LANGUAGE_SYSTEM)
    .map(({ code = '' }) => languageTag(code))
    .filter((tag) => tag !== undefined);
  const [tag] = tags;
  if (tag === undefined) return [];
  return [{ coding: [{ system: LANGUAGE_SYSTEM, code: tag }], ...said('text', clean(language?.text ?? '')) }];
}

function texts(parts: readonly (string | null)[] | undefined): string[] {
  return (parts ?? []).map((part) => clean(part ?? '')).filter((part) => part !== '');
}

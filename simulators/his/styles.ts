/**
 * How different systems write the same ADT message: version, encoding, MSH-9, which numbers stand in PID-3, forms of names,
 * addresses and telephone numbers, times with and without offset, segments of their own. Written by hand from the standard and
 * published samples, apart from Ductus's reader, so that a mistake there is seen here.
 */
import type { HisEncoding } from './encodings';
import type { HisEvent, PlannedMessage } from './plan';
import { markerOf } from './plan';
import { timeWithOffset } from './times';

export const HIS_STYLES = ['standard', 'american', 'german', 'spanish', 'central'] as const;
export type HisStyle = (typeof HIS_STYLES)[number];

export interface StyleContext {
  /** Writes a time without offset; see `createLocalTime`. */
  readonly localTime: (atMs: number) => string;
  /** MSH-7. */
  readonly sentAtMs: number;
}

interface Style {
  readonly version: string;
  readonly encoding: HisEncoding;
  /** MSH-18; '' leaves it to the receiver's default. */
  readonly characterSet: string;
  readonly offset: boolean;
  /** MSH-9. */
  readonly type: (event: HisEvent) => string;
  /** PID-3. */
  readonly identifiers: (number: string, index: number) => string;
  readonly genders: Readonly<Record<PlannedMessage['person']['gender'], string>>;
  /** PID-13. */
  readonly phone: (digits: string, email: string | undefined) => string;
  /** XAD. */
  readonly address: (street: string, city: string, postalCode: string, country: string) => string;
  /** DG1-3.3. */
  readonly codes: 'I10' | 'ICD10' | 'SCT' | 'I10C';
  /** Segments that nobody else has, after PID and at the end. */
  readonly extra: readonly string[];
}

/** Structures of the events (SPECS §6.1). */
const STRUCTURES: Readonly<Record<HisEvent, string>> = {
  A01: 'ADT_A01',
  A04: 'ADT_A01',
  A05: 'ADT_A05',
  A08: 'ADT_A01',
  A28: 'ADT_A05',
  A31: 'ADT_A05',
  A40: 'ADT_A39',
};

const withStructure = (event: HisEvent): string => `ADT^${event}^${STRUCTURES[event]}`;
const GENDERS = { male: 'M', female: 'F', other: 'O', unknown: 'U' } as const;

const STYLES: Readonly<Record<HisStyle, Style>> = {
  /** By the letter of v2.5.1. */
  standard: {
    version: '2.5.1',
    encoding: 'UNICODE UTF-8',
    characterSet: 'UNICODE UTF-8',
    offset: true,
    type: withStructure,
    identifiers: (number) => `${number}^^^HOSP&2.999.1.1&ISO^MR`,
    genders: GENDERS,
    phone: (digits, email) =>
      [
        `^PRN^CP^^34^${digits.slice(0, 3)}^${digits.slice(3)}`,
        ...(email === undefined ? [] : [`^NET^Internet^${email}`]),
      ].join('~'),
    address: (street, city, postalCode, country) => `${street}^^${city}^^${postalCode}^${country}^H`,
    codes: 'I10',
    extra: [],
  },
  /** Two parts in MSH-9, several numbers, the number formatted for people, no character set named, no offset. */
  american: {
    version: '2.3',
    encoding: 'UNICODE UTF-8',
    characterSet: '',
    offset: false,
    type: (event) => `ADT^${event}`,
    identifiers: (number, index) => `E${index}00^^^EPI^EPI~${number}^^^HOSP^MR~999-00-${1000 + index}^^^SSA^SS`,
    genders: { ...GENDERS, other: 'A' },
    phone: (digits, email) =>
      [
        `(${digits.slice(0, 3)})${digits.slice(3, 6)}-${digits.slice(6)}^P^PH`,
        ...(email === undefined ? [] : [`${email}^NET^Internet`]),
      ].join('~'),
    address: (street, city, postalCode, country) => `${street}^APT 2^${city}^IL^${postalCode}^${country}^P^^SANGAMON`,
    codes: 'I10C',
    extra: ['PD1||||1234^PRIMARY^CARE', 'NK1|1|SYNTHETIC^KIN||SPO', 'ZPD|1|Y|20200101'],
  },
  /** A second name with the name of birth, streets in parts, ISO 8859-1, a wrong structure in MSH-9. */
  german: {
    version: '2.5',
    encoding: '8859/1',
    characterSet: '8859/1',
    offset: true,
    type: (event) => `ADT^${event}^ADT_${event}`,
    identifiers: (number) => `${number}^^^HOSP^MR~A123456780^^^AOK^NI`,
    genders: GENDERS,
    phone: (digits, email) =>
      [`^PRN^PH^^^^^^^^^+49 ${digits}`, ...(email === undefined ? [] : [`^NET^Internet^${email}`])].join('~'),
    address: (street, city, postalCode, country) => `${street}^^${city}^^${postalCode}^${country}^H`,
    codes: 'ICD10',
    extra: ['ZBE|123^HIS|20260101||INSERT'],
  },
  /** ISO 8859-15, the number of the health card beside the hospital's, escapes in the address. */
  spanish: {
    version: '2.4',
    encoding: '8859/15',
    characterSet: '8859/15',
    offset: false,
    type: withStructure,
    identifiers: (number, index) => `${number}^^^HOSP^MR~CIP${String(index).padStart(12, '0')}^^^CIP^JHN`,
    genders: GENDERS,
    phone: (digits, email) =>
      [`${digits}^PRN^CP`, ...(email === undefined ? [] : [`^NET^Internet^${email}`])].join('~'),
    address: (street, city, postalCode, country) => `${street}^2º A^${city}^^${postalCode}^${country}^H`,
    codes: 'SCT',
    extra: ['ZID|1|ESP'],
  },
  /** ISO 8859-2, an old version, the only number without a type. */
  central: {
    version: '2.3.1',
    encoding: '8859/2',
    characterSet: '8859/2',
    offset: true,
    type: withStructure,
    identifiers: (number) => `${number}^^^HOSP`,
    genders: GENDERS,
    phone: (digits, email) =>
      [`+420${digits}^PRN^CP`, ...(email === undefined ? [] : [`^NET^Internet^${email}`])].join('~'),
    address: (street, city, postalCode, country) => `${street}^^${city}^^${postalCode}^${country}^H`,
    codes: 'I10',
    extra: [],
  },
};

/** The style that a message about a patient has by default: one whose encoding has the patient's letters. */
export function styleOf(index: number): HisStyle {
  const byRegion = ['spanish', 'german', 'american', 'central'] as const;
  // Every third patient is of the system that keeps to the standard, in UTF-8.
  return index % 3 === 2 ? 'standard' : (byRegion[index % byRegion.length] ?? 'standard');
}

export function encodingOf(style: HisStyle): HisEncoding {
  return STYLES[style].encoding;
}

/** Text of a message, segments ended by CR. */
export function writeAdt(message: PlannedMessage, styleName: HisStyle, context: StyleContext): string {
  const style = STYLES[styleName];
  const { event, person, priorNumber, eventAtMs, controlId, number } = message;
  const time = style.offset ? timeWithOffset : context.localTime;
  const sentAt = time(context.sentAtMs);
  const eventAt = time(eventAtMs);
  const name = [escape(person.family), ...person.given.map(escape)].join('^');
  const names = styleName === 'german' ? `${name}^^^^^L~Synthetic-Geburtsname^^^^^^M` : name;
  const address = style.address(escape(person.street), escape(person.city), person.postalCode, person.country);
  const { diabetes } = person;
  const segments = [
    `MSH|^~\\&|HIS|HOSPITAL|DUCTUS|ROCHE|${sentAt}||${style.type(event)}|${controlId}|P|${style.version}||||||${style.characterSet}`,
    `EVN|${event}|${eventAt}`,
    `PID|1||${style.identifiers(person.number, person.index)}||${names}||${person.birthDate.replaceAll('-', '')}|${style.genders[person.gender]}|||${address}||${style.phone(markerOf(number), person.email)}`,
    ...(event === 'A40' ? [`MRG|${priorNumber ?? ''}^^^HOSP^MR`] : []),
    ...(event === 'A40' ? [] : style.extra.slice(0, 2)),
    ...(event === 'A40' ? [] : ['PV1|1|O|AMB^1']),
    ...(diabetes === undefined || event === 'A40'
      ? []
      : [`DG1|1||${codeOf(diabetes, style.codes)}|${diabetes.text}|${eventAt}|F`]),
    ...(event === 'A40' ? [] : style.extra.slice(2)),
  ];
  return segments.map((segment) => `${segment.replace(/\|+$/, '')}\r`).join('');
}

function codeOf(diabetes: NonNullable<PlannedMessage['person']['diabetes']>, system: Style['codes']): string {
  return `${system === 'SCT' ? diabetes.snomed : diabetes.icd10}^${diabetes.text}^${system}`;
}

/** HL7 v2.5.1 §2.7. */
function escape(text: string): string {
  return text.replace(/[|^~\\&]/g, (found) => `\\${ESCAPES[found] ?? ''}\\`);
}

const ESCAPES: Readonly<Record<string, string>> = { '|': 'F', '^': 'S', '~': 'R', '\\': 'E', '&': 'T' };

/** Synthetic patients of a HIS, and how they change. All of it from the seed; no name belongs to anybody. */
import { RandomStream } from '../random';

/** What the HIS knows of a patient at one time. */
export interface Person {
  /** Index of the patient. */
  readonly index: number;
  /** Number at the hospital (PID-3). */
  readonly number: string;
  readonly family: string;
  readonly given: readonly string[];
  /** `YYYY-MM-DD`. */
  readonly birthDate: string;
  readonly gender: 'male' | 'female' | 'other' | 'unknown';
  readonly street: string;
  readonly city: string;
  readonly postalCode: string;
  readonly country: string;
  readonly email?: string;
  /** SNOMED CT and ICD-10 of the diabetes; undefined: none was coded yet. */
  readonly diabetes?: Diabetes;
}

export interface Diabetes {
  readonly snomed: string;
  readonly icd10: string;
  readonly text: string;
}

const GENDERS = ['male', 'female', 'male', 'female', 'male', 'female', 'other', 'unknown'] as const;
const TYPE_1: Diabetes = { snomed: '46635009', icd10: 'E10.9', text: 'Type 1 diabetes mellitus' };
const TYPE_2: Diabetes = { snomed: '44054006', icd10: 'E11.9', text: 'Type 2 diabetes mellitus' };

interface Region {
  readonly families: readonly string[];
  readonly given: readonly (readonly string[])[];
  readonly streets: readonly string[];
  /** City and postal code. */
  readonly cities: readonly (readonly [string, string])[];
  readonly country: string;
}

/** Of the four regions whose systems are played; each in characters of its encoding. */
const REGIONS: readonly Region[] = [
  {
    families: ['Synthetic-García López', 'Synthetic-Núñez', 'Synthetic-Peña Ibáñez', 'Synthetic-Güell'],
    given: [['María', 'José'], ['Íñigo'], ['Begoña'], ['Ángel']],
    streets: ['C/ Alcalá & Goya', 'Plaza España', 'Avda. Coruña'],
    cities: [
      ['Madrid', '28001'],
      ['La Coruña', '15001'],
    ],
    country: 'ESP',
  },
  {
    families: ['Synthetic-Müller', 'Synthetic-Groß', 'Synthetic-Schäfer-Köhler', 'Synthetic-Özil'],
    given: [['Jürgen'], ['Käthe', 'Luise'], ['Björn'], ['Zoë']],
    streets: ['Hauptstraße', 'Am Mühlgraben', 'Königsallee'],
    cities: [
      ['Köln', '50667'],
      ['Düsseldorf', '40212'],
    ],
    country: 'DEU',
  },
  {
    families: ["Synthetic-O'Neil", 'Synthetic-Smith-Jones', 'Synthetic-Nguyen', 'Synthetic-Washington'],
    given: [['John', 'Q'], ['Mary Ann'], ['Wei'], ['Latoya']],
    streets: ['Main Street', 'Fifth Avenue', 'Oak ^ Elm'],
    cities: [
      ['Springfield', '62701'],
      ['Boston', '02108'],
    ],
    country: 'USA',
  },
  {
    families: ['Synthetic-Dvořák', 'Synthetic-Łukaszewicz', 'Synthetic-Kovács', 'Synthetic-Žižka'],
    given: [['Tomáš'], ['Zofia', 'Maria'], ['György'], ['Jiří']],
    streets: ['Náměstí míru', 'ulica Długa', 'Dlouhá třída'],
    cities: [
      ['Plzeň', '30100'],
      ['Łódź', '90001'],
    ],
    country: 'CZE',
  },
];

/** @param index from 0; the region is its remainder */
export function createPerson(seed: number, index: number): Person {
  const random = new RandomStream(seed, 'person', index);
  const region = regionOf(index);
  const [city, postalCode] = pickOf(random, region.cities);
  const kind = random.next();
  return {
    index,
    number: `SYN-${String(seed % 1000).padStart(3, '0')}-${String(index).padStart(5, '0')}`,
    family: pickOf(random, region.families),
    given: pickOf(random, region.given),
    birthDate: `${random.integer(1930, 2019)}-${two(random.integer(1, 12))}-${two(random.integer(1, 28))}`,
    gender: pickOf(random, GENDERS),
    street: `${pickOf(random, region.streets)} ${random.integer(1, 120)}`,
    city,
    postalCode,
    country: region.country,
    ...(random.next() < 0.4 ? { email: `synthetic.${index}@example.org` } : {}),
    ...(kind < 0.35 ? { diabetes: TYPE_1 } : kind < 0.85 ? { diabetes: TYPE_2 } : {}),
  };
}

/** The patient after one of the changes that bring a HIS to send a message: moved, married, diagnosed, mail changed. */
export function changePerson(person: Person, random: RandomStream): Person {
  const region = regionOf(person.index);
  const [city, postalCode] = pickOf(random, region.cities);
  switch (random.integer(0, 4)) {
    case 0:
      return { ...person, street: `${pickOf(random, region.streets)} ${random.integer(1, 120)}`, city, postalCode };
    case 1:
      return { ...person, family: pickOf(random, region.families) };
    case 2:
      return { ...person, diabetes: person.diabetes === TYPE_1 ? TYPE_1 : TYPE_2 };
    case 3:
      return { ...person, given: pickOf(random, region.given) };
    default:
      return person;
  }
}

/** Without an e-mail address: it is unique at Roche, and two records of one human have the same. */
export function withoutEmail(person: Person): Person {
  const { email: _, ...rest } = person;
  return rest;
}

function regionOf(index: number): Region {
  const region = REGIONS[index % REGIONS.length];
  if (region === undefined) {
    throw new Error('an index is a whole number from 0');
  }
  return region;
}

function pickOf<Value>(random: RandomStream, from: readonly Value[]): Value {
  const value = from[random.integer(0, from.length - 1)];
  if (value === undefined) {
    throw new Error('nothing to pick from');
  }
  return value;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

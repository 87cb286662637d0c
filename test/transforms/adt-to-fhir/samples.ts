/** Generated messages of a HIS: any delimiters, any text, fields there or not, right and wrong. */
import fc from 'fast-check';
import { adt } from './messages';

export interface Separators {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  readonly escape: string;
  readonly subcomponent: string;
}

const STANDARD: Separators = { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&' };

const separators: fc.Arbitrary<Separators> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(STANDARD) },
  {
    weight: 1,
    arbitrary: fc
      .shuffledSubarray(['|', '^', '~', '\\', '&', '$', '%', '*', '!', '@', '#', '§'], { minLength: 5, maxLength: 5 })
      .map(([field = '', component = '', repetition = '', escape = '', subcomponent = '']) => ({
        field,
        component,
        repetition,
        escape,
        subcomponent,
      })),
  },
);

/** Words with accents, of other scripts, with every character that has to be escaped, and with none. */
export const word = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'Müller',
      'Größe',
      'Díaz',
      "O'Rourke",
      'Łukasz',
      'Οδυσσέας',
      '李',
      'Anna-Lena',
      'de la Cruz',
    ),
  },
  { weight: 2, arbitrary: fc.constantFrom('A|B', 'A^B', 'A~B', 'A\\B', 'A&B', '$1', '50%', '""x', 'é|^~\\&', '#7 §') },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).map(plain) },
);

/** Text as it arrives: FHIR has no control characters. */
function plain(text: string): string {
  const clean = text
    .toWellFormed()
    .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim();
  return clean === '' || clean === '""' ? 'x' : clean;
}

/** Escapes a value under any separators. */
export function escaped(text: string, of: Separators): string {
  const names = new Map([
    [of.escape, 'E'],
    [of.field, 'F'],
    [of.component, 'S'],
    [of.subcomponent, 'T'],
    [of.repetition, 'R'],
  ]);
  return [...text]
    .map((character) => {
      const name = names.get(character);
      return name === undefined ? character : `${of.escape}${name}${of.escape}`;
    })
    .join('');
}

/** What a message says, as it must arrive. */
export interface Said {
  readonly number: string;
  readonly names: readonly { readonly family: string; readonly given: string }[];
  readonly city: string | undefined;
  readonly phones: readonly string[];
  readonly birthDate: string | undefined;
  readonly sex: string | undefined;
  readonly diagnosis: string | undefined;
}

export interface Sample {
  readonly text: string;
  readonly said: Said;
}

const said: fc.Arbitrary<Said> = fc.record({
  number: fc.string({ unit: fc.constantFrom(...'0123456789ABCX-./'), minLength: 1, maxLength: 64 }),
  names: fc.uniqueArray(fc.record({ family: word, given: word }), {
    minLength: 1,
    maxLength: 3,
    selector: ({ family, given }) => `${family}\n${given}`,
  }),
  city: fc.option(word, { nil: undefined }),
  phones: fc.uniqueArray(
    fc.string({ unit: fc.constantFrom(...'0123456789+()- /'), minLength: 3, maxLength: 15 }).map(plain),
    { maxLength: 3 },
  ),
  birthDate: fc.option(
    fc
      .date({ min: new Date('1900-01-01'), max: new Date('2026-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10)),
    { nil: undefined },
  ),
  sex: fc.constantFrom(undefined, 'F', 'M', 'O', 'U', 'A', 'N'),
  diagnosis: fc.constantFrom(undefined, 'E10.9', 'E11.65', 'E13', 'O24.4', 'E14.90', 'I10', 'J45.0'),
});

/** Messages that have to be taken, with what they say. */
export const anySample: fc.Arbitrary<Sample> = fc
  .record({
    said,
    of: separators,
    event: fc.constantFrom('A01', 'A04', 'A05', 'A08', 'A28', 'A31', 'A40'),
    version: fc.constantFrom('2.1', '2.2', '2.3', '2.3.1', '2.4', '2.5', '2.5.1', '2.6', '2.7', '2.8'),
    controlId: fc.string({ unit: fc.constantFrom(...'0123456789ABCDEF'), minLength: 1, maxLength: 20 }),
    others: fc.boolean(),
  })
  .map(({ said: what, of, event, version, controlId, others }) => {
    const write = (text: string) => escaped(text, of);
    const field = (values: readonly string[]) => values.join(of.field);
    const component = (...values: readonly string[]) => values.map(write).join(of.component);
    const header = [`MSH${of.field}${of.component}${of.repetition}${of.escape}${of.subcomponent}`];
    const pid = [
      'PID',
      '1',
      '',
      component(what.number, '', '', 'HOSP', 'MR') +
        (others ? of.repetition + component('999-99-9999', '', '', 'STATE', 'SS') : ''),
      '',
      what.names.map(({ family, given }) => component(family, given)).join(of.repetition),
      '',
      (what.birthDate ?? '').replaceAll('-', ''),
      what.sex ?? '',
      '',
      others ? 'RACE' : '',
      what.city === undefined ? '' : component('', '', what.city),
      '',
      what.phones.map((phone) => component(phone, 'PRN', 'PH')).join(of.repetition),
    ];
    return {
      said: what,
      text: adt(
        field([...header, 'HIS', 'KH', '', '', '20260301120000', '', component('ADT', event), controlId, 'P', version]),
        field(['EVN', event, '20260301115959.5+0100']),
        field(pid),
        ...(event === 'A40' ? [field(['MRG', component(`${what.number}0`, '', '', 'HOSP', 'MR')])] : []),
        ...(what.diagnosis === undefined
          ? []
          : [field(['DG1', '1', '', component(what.diagnosis, 'diagnosis', 'I10')])]),
        ...(others ? [field(['ZZZ', '1', 'anything'])] : []),
      ),
    };
  });

/** Messages with anything in any field. */
export const anyMessage: fc.Arbitrary<string> = fc
  .record({
    fields: fc.dictionary(
      fc.constantFrom('3', '5', '7', '8', '9', '11', '13', '15', '16', '24', '25', '29', '30', '40'),
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc
          .array(
            fc.constantFrom(
              '^',
              '~',
              '&',
              '\\',
              '""',
              'A',
              '1',
              '19840301',
              'MR',
              '\\X0D\\',
              '\\.br\\',
              'Müller',
              '\ud800',
            ),
          )
          .map((parts) => parts.join('')),
      ),
    ),
    dg1: fc.array(fc.string({ unit: fc.constantFrom(...'|^~\\&E101.90I') })),
    event: fc.constantFrom('A01', 'A08', 'A40', 'A03', ''),
    version: fc.constantFrom('2.3', '2.5', '2.9', ''),
  })
  .map(({ fields, dg1, event, version }) => {
    const pid = Array.from(
      { length: 41 },
      (_, position) => fields[String(position)] ?? (position === 3 ? '1^^^H^MR' : position === 5 ? 'A^B' : ''),
    );
    return adt(
      `MSH|^~\\&|||||20260301||ADT^${event}|1|P|${version}`,
      ['PID', ...pid.slice(1)].join('|'),
      ...(event === 'A40' ? [`MRG|${fields['3'] ?? '2'}`] : []),
      ...dg1.map((text) => `DG1|1||${text}`),
    );
  });

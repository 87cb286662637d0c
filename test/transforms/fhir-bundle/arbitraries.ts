/** Random bundles with what real and hostile senders write: every plane of Unicode, delimiters, long numbers, odd times. */
import fc from 'fast-check';
import { PATIENT, raw } from './bundles';

/** Text with delimiters, control characters and every plane, but no lone surrogates (they are no text). */
export const anyText = fc.string({
  minLength: 1,
  maxLength: 30,
  unit: fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom('|', '^', '&', '~', '\\', '\r', '\n', '\t', '\u000b', '\u001c', '\\E\\', '\\.br\\'),
    },
    { weight: 3, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
    { weight: 4, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }) },
  ),
});

const fhirId = fc.stringMatching(/^[A-Za-z0-9.-]{1,64}$/);

const digits = (from: number, to: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: from, maxLength: to });

/** A JSON number in any spelling: sign, up to 40 digits, zeros at the end, exponent. */
export const anyNumber = fc
  .tuple(
    fc.constantFrom('', '', '-'),
    fc.oneof(
      fc.constant('0'),
      fc.tuple(fc.constantFrom(...'123456789'), digits(0, 20)).map((parts) => parts.join('')),
    ),
    fc.option(digits(1, 20), { nil: undefined }),
    fc.option(fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.integer({ min: 0, max: 30 })), {
      nil: undefined,
      freq: 3,
    }),
  )
  .map(([sign, whole, fraction, exponent]) => {
    return (
      sign + whole + (fraction === undefined ? '' : `.${fraction}`) + (exponent === undefined ? '' : exponent.join(''))
    );
  });

const pad = (number: number, length = 2): string => String(number).padStart(length, '0');

/** A FHIR dateTime: year, month, day, or to the second or its fraction with or without offset. */
export const anyTime = fc
  .record({
    year: fc.integer({ min: 1900, max: 2099 }),
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.integer({ min: 1, max: 28 }),
    hour: fc.integer({ min: 0, max: 23 }),
    minute: fc.integer({ min: 0, max: 59 }),
    second: fc.integer({ min: 0, max: 59 }),
    fraction: fc.option(digits(1, 6), { nil: undefined }),
    offset: fc.constantFrom('', 'Z', '+01:00', '-09:30', '+14:00', '-00:00'),
    precision: fc.constantFrom('year', 'month', 'day', 'clock', 'clock', 'clock', 'clock'),
  })
  .map(({ year, month, day, hour, minute, second, fraction, offset, precision }) => {
    if (precision === 'year') return pad(year, 4);
    if (precision === 'month') return `${pad(year, 4)}-${pad(month)}`;
    const date = `${pad(year, 4)}-${pad(month)}-${pad(day)}`;
    if (precision === 'day') return date;
    return `${date}T${pad(hour)}:${pad(minute)}:${pad(second)}${fraction === undefined ? '' : `.${fraction}`}${offset}`;
  });

export interface Sample {
  readonly id: string;
  readonly number: string;
  readonly comparator: string | undefined;
  readonly unit: 'mg/dL' | 'mmol/L';
  readonly code: string;
  readonly display: string | undefined;
  readonly alternate: { readonly system: string; readonly code: string; readonly display: string } | undefined;
  readonly comment: string | undefined;
  readonly device: string | undefined;
  readonly time: string;
}

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

export const anySample: fc.Arbitrary<Sample> = fc.record({
  id: fhirId,
  number: anyNumber,
  comparator: fc.option(fc.constantFrom('<', '<=', '>', '>='), { nil: undefined, freq: 6 }),
  unit: fc.constantFrom('mg/dL', 'mmol/L'),
  code: fc.constantFrom('41653-7', '14743-9', '2344-0', '14745-4', '2339-0', '99504-3'),
  display: optional(anyText),
  alternate: optional(
    fc.record({ system: fc.constantFrom('http://snomed.info/sct', 'urn:x'), code: anyText, display: anyText }),
  ),
  comment: optional(anyText),
  device: optional(anyText),
  time: anyTime,
});

export const anyPatient = fc.record({
  system: fc.constantFrom(
    'urn:oid:2.999.1',
    'http://hospital.example/mrn',
    'urn:uuid:0b5d1f38-1111-4222-8333-444455556666',
  ),
  value: anyText,
  family: anyText,
  given: anyText,
});

export const anyBundle = fc.record({
  patient: anyPatient,
  samples: fc.uniqueArray(anySample, { selector: ({ id }) => id, minLength: 1, maxLength: 12 }),
});

/** Resources of a random bundle, as bundleBytes takes them. */
export function resourcesOf({
  patient,
  samples,
}: typeof anyBundle extends fc.Arbitrary<infer T> ? T : never): Record<string, unknown>[] {
  const { system, value, family, given } = patient;
  return [
    { ...PATIENT, identifier: [{ system, value }], name: [{ family, given: [given] }] },
    ...samples.map((sample) => ({
      resourceType: 'Observation',
      id: sample.id,
      status: 'final',
      code: {
        coding: [
          {
            system: 'http://loinc.org',
            code: sample.code,
            ...(sample.display === undefined ? {} : { display: sample.display }),
          },
          ...(sample.alternate === undefined ? [] : [sample.alternate]),
        ],
      },
      subject: { reference: 'Patient/p1' },
      effectiveDateTime: sample.time,
      valueQuantity: {
        value: raw(sample.number),
        unit: sample.unit,
        ...(sample.comparator === undefined ? {} : { comparator: sample.comparator }),
      },
      ...(sample.comment === undefined ? {} : { comment: sample.comment }),
      ...(sample.device === undefined ? {} : { device: { identifier: { value: sample.device } } }),
    })),
  ];
}

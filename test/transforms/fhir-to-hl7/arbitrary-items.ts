/** Random items of all kinds with what real and hostile senders write. */
import fc from 'fast-check';
import type { Item, ResultStatus } from '../../../src/transforms/model/item';
import type { PatientContext } from '../../../src/transforms/model/patient';
import type { Code, DeviceId, Finding, Reading, Report } from '../../../src/transforms/model/reading';
import { anyText, anyTime } from '../fhir-bundle/arbitraries';
import {
  carriedItem,
  code,
  deviceItem,
  EUI_64,
  LOINC,
  PERSON,
  RDC,
  readingItem,
  reportItem,
  SNOMED,
  time,
} from './items';

/** Which texts a sample holds. */
type Text = fc.Arbitrary<string>;

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

/** Digits as the readers give them: no exponent. */
const number = fc
  .tuple(fc.constantFrom('', '', '-'), fc.nat({ max: 99_999 }), optional(fc.stringMatching(/^\d{1,9}$/)))
  .map(([sign, whole, fraction]) => `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}`);

const status: fc.Arbitrary<ResultStatus> = fc.constantFrom('F', 'F', 'F', 'P', 'C', 'D');

const codeOf = (text: Text): fc.Arbitrary<Code> =>
  fc.record({
    system: fc.constantFrom(LOINC, SNOMED, RDC, 'urn:iso:std:iso:11073:10101', 'urn:x', undefined),
    code: text,
    display: optional(text),
  });

const deviceIdOf = (text: Text): fc.Arbitrary<DeviceId> =>
  fc.oneof(
    fc.record({ value: text, system: fc.constantFrom(undefined, 'urn:oid:2.999.1', 'http://maker.example/serial') }),
    fc.constantFrom(
      { value: '0060190000123456', system: EUI_64 },
      { value: '00-60-19-FF-FE-00-00-01', system: EUI_64 },
      { value: 'not an EUI-64', system: EUI_64 },
    ),
  );

const value = fc.record({
  number,
  comparator: fc.option(fc.constantFrom('<', '<=', '>', '>='), { nil: undefined, freq: 6 }),
});

/** What every kind of reading may have. */
const commonOf = (text: Text) =>
  fc
    .record({
      value,
      start: optional(anyTime),
      end: optional(anyTime),
      comments: fc.array(text, { maxLength: 2 }),
      device: optional(deviceIdOf(text)),
      interpretation: optional(
        fc.array(
          fc.oneof(
            fc.constantFrom('H', 'L', 'HH', '<').map((flag) => code(flag, undefined, 'http://hl7.org/fhir/v2/0078')),
            codeOf(text),
          ),
          { maxLength: 3 },
        ),
      ),
      referenceRange: optional(text),
      remarks: optional(fc.array(text, { maxLength: 2 })),
      further: fc.array(codeOf(text), { maxLength: 2 }),
    })
    .map(({ start, end, interpretation, referenceRange, remarks, ...rest }) => ({
      ...rest,
      start: start === undefined ? undefined : time(start),
      end: end === undefined ? undefined : time(end),
      ...(interpretation === undefined ? {} : { interpretation }),
      ...(referenceRange === undefined ? {} : { referenceRange }),
      ...(remarks === undefined ? {} : { remarks }),
    }));

/** Makes an item once its place in the list is known, since references differ by it. */
type Draft = (position: number, references: readonly string[]) => Item;

/** A deletion may come without all but its code. */
function bare<T extends Partial<Reading>>(
  reading: T,
  isBare: boolean,
): T | Pick<Reading, 'value' | 'unit' | 'start' | 'end'> {
  return isBare ? { ...reading, value: undefined, unit: undefined, start: undefined, end: undefined } : reading;
}

/** What a measurement found that is no number. */
const findingOf = (text: Text): fc.Arbitrary<Finding> =>
  fc.oneof(
    fc
      .record({ codes: fc.array(codeOf(text), { minLength: 1, maxLength: 3 }), words: optional(text) })
      .map(({ codes, words }) => ({ kind: 'codes' as const, codes, ...(words === undefined ? {} : { words }) })),
    fc.record({ kind: fc.constant('text' as const), text }),
  );

const observationOf = (text: Text): fc.Arbitrary<Draft> =>
  fc
    .record({
      kind: fc.constantFrom('glucose' as const, 'carbs' as const, 'measurement' as const),
      main: fc.constantFrom('41653-7', '14743-9', '99504-3', '9059-7', '29463-7'),
      display: optional(text),
      unit: fc.constantFrom('mg/dL', 'mmol/L', 'g', 'kg', '10*3/uL'),
      common: commonOf(text),
      status,
      isBare: fc.boolean(),
      members: optional(fc.array(fc.nat({ max: 11 }), { maxLength: 3 })),
      finding: fc.option(findingOf(text), { nil: undefined, freq: 2 }),
    })
    .map(({ kind, main, display, unit, common: { further, ...rest }, status, isBare, members, finding }) => {
      const found =
        kind === 'measurement' && finding !== undefined ? { value: undefined, unit: undefined, finding } : {};
      return (position, references) =>
        readingItem(
          kind,
          {
            ...bare({ unit, ...rest }, isBare && status === 'D'),
            ...found,
            codes: [code(main, display), ...further],
            ...(members === undefined ? {} : { members: members.flatMap((member) => references[member] ?? []) }),
          },
          { reference: references[position] ?? '', status, position },
        );
    });

const insulinOf = (text: Text): fc.Arbitrary<Draft> =>
  fc
    .record({
      main: fc.constantFrom('25305005', '411531001', '67866001'),
      common: commonOf(text),
      isRate: fc.boolean(),
      adminType: optional(
        fc.oneof(
          fc.constantFrom('bolusStd', 'bolusExt', 'bolusMul', 'basal').map((each) => code(each, undefined, RDC)),
          fc.constant(code('61968008', 'Syringe, device', SNOMED)),
          codeOf(text),
        ),
      ),
      status,
      isBare: fc.boolean(),
    })
    .map(({ main, common: { further, ...rest }, isRate, adminType, status, isBare }) => {
      return (position) =>
        readingItem(
          'insulin',
          {
            ...bare({ unit: isRate ? '[IU]/h' : '[iU]', ...rest }, isBare && status === 'D'),
            codes: [code(main, undefined, SNOMED), ...further],
            insulin: { isRate, adminType },
          },
          { reference: `MedicationAdministration/m-${position}`, status, position, patient: PERSON },
        );
    });

const deviceOf = (text: Text): fc.Arbitrary<Draft> =>
  fc
    .record({
      id: deviceIdOf(text),
      type: fc.array(codeOf(text), { maxLength: 3 }),
      manufacturer: optional(text),
      model: optional(text),
      serialNumber: optional(text),
      udi: optional(text),
      versions: fc.array(
        fc.record({ of: fc.oneof(fc.constantFrom(undefined, 'firmware', 'Software revision'), text), value: text }),
        { maxLength: 3 },
      ),
      metrics: fc.array(
        fc.record({
          type: fc.array(codeOf(text), { maxLength: 2 }),
          unit: optional(fc.constantFrom('mg/dL', '[iU]')),
          path: fc.constant('Bundle.entry[9].resource'),
        }),
        { maxLength: 2 },
      ),
      status,
    })
    .map(
      ({ status, ...rest }) =>
        (position) =>
          deviceItem(rest, { reference: `Device/d-${position}`, status, position }),
    );

const carriedOf = (text: Text): fc.Arbitrary<Draft> =>
  fc.record({ text: text, status }).map(({ text, status }) => (position) => {
    const raw = { resourceType: 'Basic', id: `b-${position}`, code: { text } };
    return carriedItem(raw, { reference: `Basic/b-${position}`, status, position });
  });

const documentIdOf = (text: Text) =>
  fc.record({
    root: fc.constantFrom('2.999.7', '0b5d1f38-1111-4222-8333-444455556666', 'a.name'),
    extension: optional(text),
  });

const reportOf = (text: Text): fc.Arbitrary<Draft> =>
  fc
    .record({
      report: fc.record<Report>({
        id: documentIdOf(text),
        set: optional(documentIdOf(text)),
        versionNumber: optional(fc.constantFrom('1', '2')),
        replaces: optional(documentIdOf(text)),
        type: codeOf(text),
        title: optional(text),
        time: optional(anyTime.map(time)),
        confidentiality: optional(fc.constantFrom('N', 'R', 'V', 'X')),
        language: optional(fc.constant('de-DE')),
        authors: fc.array(text, { maxLength: 3 }),
        organization: optional(text),
        bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }),
      }),
      status,
    })
    .map(({ report: found, status }) => (position) => {
      return reportItem(found, { reference: `ClinicalDocument/2.999.7|${position}`, status, position });
    });

const personOf = (text: Text): fc.Arbitrary<PatientContext> =>
  fc
    .record({
      value: text,
      family: text,
      given: text,
      hasDetails: fc.boolean(),
      emr: optional(
        fc.record({
          value: text,
          assigningAuthority: fc.constantFrom('', 'HIS&2.999.1&ISO'),
          identifierType: fc.constantFrom('', 'PI'),
        }),
      ),
    })
    .map(({ value, family, given, hasDetails, emr }) => ({
      ...PERSON,
      key: 'person',
      identifier: { system: 'urn:oid:2.999.1', value },
      details: hasDetails ? { name: [{ use: 'official', family, given: [given] }], gender: 'other' } : undefined,
      emr,
    }));

/** Items of one patient, of all kinds. */
export function itemsWith(text: Text): fc.Arbitrary<readonly Item[]> {
  const draft = fc.oneof(
    { weight: 3, arbitrary: observationOf(text) },
    { weight: 3, arbitrary: insulinOf(text) },
    deviceOf(text),
    carriedOf(text),
    reportOf(text),
  );
  return fc
    .record({ patient: personOf(text), drafts: fc.array(draft, { minLength: 1, maxLength: 12 }) })
    .map(({ patient, drafts }) => {
      const references = drafts.map((_, position) => `Observation/o-${position}`);
      return drafts.map((each, position) => ({ ...each(position, references), patient }));
    });
}

export const anyItems = itemsWith(anyText);

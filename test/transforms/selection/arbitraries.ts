/** Generated files for the selection: all kinds, states and policies. */
import fc from 'fast-check';
import type { FileContent, ParsedResource } from '../../../src/transforms/model/content';
import { device, patient, reading, resource } from './contents';

const time = fc
  .tuple(
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 0, max: 23 }),
    fc.integer({ min: 0, max: 59 }),
    fc.constantFrom('Z', '+01:00', ''),
  )
  .map(([day, hour, minute, zone]) => {
    const two = (number: number): string => String(number).padStart(2, '0');
    return `2024-03-${two(29 + day > 31 ? 28 : 29 + day)}T${two(hour)}:${two(minute)}:00${zone}`;
  });

const number = fc
  .tuple(fc.integer({ min: 0, max: 600 }), fc.constantFrom('', '.0', '.5', '.25'))
  .map(([whole, fraction]) => `${whole}${fraction}`);

export const anyReading = fc
  .record({
    kind: fc.constantFrom('glucose', 'carbs', 'insulin', 'measurement'),
    standing: fc.constantFrom('final', 'final', 'final', 'preliminary', 'deleted'),
    time: fc.option(time, { nil: undefined, freq: 10 }),
    number,
    comparator: fc.option(fc.constantFrom('<', '>'), { nil: undefined, freq: 2 }),
    moles: fc.boolean(),
    insulin: fc.constantFrom('25305005', '411531001'),
    isRate: fc.boolean(),
  })
  .map(({ kind, standing, time: start, number: digits, comparator, moles, insulin, isRate }) => {
    const isInsulin = kind === 'insulin';
    const unit = kind === 'carbs' ? 'g' : isInsulin ? (isRate ? '[IU]/h' : '[iU]') : moles ? 'mmol/L' : 'mg/dL';
    return reading(standing === 'deleted' ? start : (start ?? '2024-03-30T08:00:00Z'), {
      kind,
      standing,
      value: { number: digits, comparator },
      unit,
      ...(isInsulin
        ? {
            insulin: { adminType: undefined, isRate },
            codes: [{ system: 'http://snomed.info/sct', code: insulin, display: undefined }],
          }
        : {}),
    });
  });

const patients = fc.constantFrom('urn:p|anna', 'urn:p|ben').map((key) => patient(key));
const unread = fc.constantFrom<readonly string[]>([], [], ['Observation.bodySite']);

const anyMapped = fc.oneof(
  { weight: 8, arbitrary: anyReading.map((each) => ({ kind: 'reading', reading: each }) as const) },
  { weight: 1, arbitrary: fc.constantFrom('a', 'b').map((id) => device(id)) },
  { weight: 1, arbitrary: fc.constant({ kind: 'context' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'unmapped', why: 'unknown' } as const) },
);

const anyResources: fc.Arbitrary<ParsedResource[]> = fc
  .array(fc.tuple(anyMapped, patients, unread), { maxLength: 30 })
  .map((all) =>
    all.map(([mapping, subject, elements], position) =>
      resource(`Observation/${position}`, mapping, {
        subject: mapping.kind === 'reading' ? subject : undefined,
        unread: elements,
      }),
    ),
  );

const density = fc.constantFrom('all', 'latest-per-hour', 'daily-summary');

export const anyDelivery = fc.array(fc.constantFrom(undefined, undefined, 'current', 'newer', 'earlier'), {
  minLength: 30,
  maxLength: 30,
});

/** States by the position of the resource in the file. */
export function deliveredOf(states: readonly ('current' | 'newer' | 'earlier' | undefined)[]) {
  return new Map(
    states.flatMap((state, position) => (state === undefined ? [] : [[`Observation/${position}`, state] as const])),
  );
}

export const anyFile = fc
  .record({
    resources: anyResources,
    states: anyDelivery,
    left: fc.array(fc.integer({ min: 0, max: 29 }), { maxLength: 3 }),
    profile: fc.record({
      density: fc.record({ glucose: density, carbs: density, insulin: density }),
      glucoseUnit: fc.constantFrom('as-sent', 'mg/dL', 'mmol/L'),
      unmapped: fc.constantFrom('report', 'carry'),
      describeDevices: fc.boolean(),
      kinds: fc.constantFrom(
        ['glucose', 'carbs', 'insulin', 'measurement', 'device', 'report', 'carried', 'summary'] as const,
        ['glucose', 'insulin', 'carried', 'summary'] as const,
      ),
    }),
    redelivery: fc.boolean(),
  })
  .map(({ resources, states, left, profile, redelivery }) => {
    const content: FileContent = { resources, superseded: [] };
    const leaveOut = new Set(left.map((position) => `Observation/${position}`));
    return { content, profile, context: { delivered: deliveredOf(states), leaveOut, redelivery } };
  });

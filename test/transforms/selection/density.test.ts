/** The last of each hour, and summaries of days. */
import fc from 'fast-check';
import type { Density, SelectionProfile } from '../../../src/transforms/model/profile';
import type { FileContent } from '../../../src/transforms/model/content';
import type { MapContext, Selection } from '../../../src/transforms/model/message';
import { select } from '../../../src/transforms/selection/select';
import { testContext, testProfile } from '../fhir-to-hl7/profile';
import { anyDelivery, anyReading, deliveredOf } from './arbitraries';
import { file, LOINC, patient, reading, readingOf, resource } from './contents';

function at(
  glucose: Density,
  content: FileContent,
  context: Partial<MapContext> = {},
  changes: Partial<SelectionProfile> = {},
): Selection {
  const density = { glucose, carbs: glucose, insulin: glucose };
  return select(content, { ...testProfile({ density }).selection, ...changes }, testContext(context));
}

const sent = ({ items }: Selection): string[] => items.flatMap(({ references }) => references).toSorted();

describe('the last reading of each hour', () => {
  const early = resource('Observation/early', reading('2024-03-01T08:05:00+01:00'));
  const late = resource('Observation/late', reading('2024-03-01T08:55:00+01:00'));
  const next = resource('Observation/next', reading('2024-03-01T09:00:00+01:00'));

  it('should be sent, and the others counted as filtered', () => {
    const selection = at('latest-per-hour', file(early, late, next));
    expect(sent(selection)).toEqual(['Observation/late', 'Observation/next']);
    expect(selection.leftOut).toEqual([{ reference: 'Observation/early', why: 'filtered' }]);
  });

  it('should be found for each patient and each kind', () => {
    const carbs = resource('Observation/carbs', reading('2024-03-01T08:01:00+01:00', { kind: 'carbs', unit: 'g' }));
    const ben = resource('Observation/ben', early.mapping, { subject: patient('urn:p|ben') });
    expect(sent(at('latest-per-hour', file(early, late, carbs, ben)))).toEqual([
      'Observation/ben',
      'Observation/carbs',
      'Observation/late',
    ]);
  });

  it('should leave measurements of other kinds, and readings without a clock, alone', () => {
    const weight = (id: string) => resource(id, reading('2024-03-01T08:00:00Z', { kind: 'measurement', unit: 'kg' }));
    const day = (id: string) => resource(id, reading('2024-03-01'));
    expect(
      sent(
        at(
          'latest-per-hour',
          file(weight('Observation/1'), weight('Observation/2'), day('Observation/3'), day('Observation/4')),
        ),
      ),
    ).toHaveLength(4);
  });

  it('should always correct and delete what the destination has', () => {
    const gone = resource('Observation/gone', reading('2024-03-01T08:10:00+01:00', { standing: 'deleted' }));
    const delivered = new Map([
      ['Observation/early', 'earlier'],
      ['Observation/gone', 'earlier'],
    ] as const);
    const { items } = at('latest-per-hour', file(early, late, gone), { delivered });
    expect(items.map(({ reference, status }) => [reference, status])).toEqual([
      ['Observation/early', 'C'],
      ['Observation/late', 'F'],
      ['Observation/gone', 'D'],
    ]);
  });

  it('should send no second one of an hour when the file comes again', () => {
    const delivered = new Map([['Observation/late', 'current'] as const]);
    expect(sent(at('latest-per-hour', file(early, late), { delivered }))).toEqual([]);
    expect(sent(at('latest-per-hour', file(early, late), { leaveOut: new Set(['Observation/late']) }))).toEqual([]);
    // A file delivered again gives the same readings as corrections.
    const again = at('latest-per-hour', file(early, late), { delivered, redelivery: true });
    expect(again.items.map(({ reference, status }) => [reference, status])).toEqual([['Observation/late', 'C']]);
  });

  it('should tell apart the two hours that have the same name when clocks go back', () => {
    const first = resource('Observation/1', reading('2024-10-27T02:30:00+02:00'));
    const second = resource('Observation/2', reading('2024-10-27T02:10:00+01:00'));
    const utc = resource('Observation/3', reading('2024-10-27T01:05:00Z'));
    expect(sent(at('latest-per-hour', file(first, second, utc)))).toEqual(['Observation/1', 'Observation/2']);
  });

  it('should not depend on the order of the file', () => {
    const files = fc
      .array(anyReading, { maxLength: 25 })
      .map((all) => all.map((each, position) => resource(`Observation/${position}`, each)))
      .chain((resources) =>
        fc.tuple(fc.constant(resources), fc.shuffledSubarray(resources, { minLength: resources.length }), anyDelivery),
      );
    fc.assert(
      fc.property(files, ([resources, shuffled, states]) => {
        const delivered = deliveredOf(states);
        const leftOut = (selection: Selection) =>
          selection.leftOut.map(({ reference, why }) => `${reference} ${why}`).toSorted();
        const [one, other] = [resources, shuffled].map((each) => at('latest-per-hour', file(...each), { delivered }));
        if (one === undefined || other === undefined) throw new Error('nothing was selected');
        expect(sent(other)).toEqual(sent(one));
        expect(leftOut(other)).toEqual(leftOut(one));
      }),
    );
  });
});

describe('a summary of a day', () => {
  const noon = (id: string, number: string, changes: object = {}) =>
    resource(
      `Observation/${id}`,
      reading('2024-03-01T12:00:00Z', { value: { number, comparator: undefined }, ...changes }),
    );
  const summary = ({ items }: Selection) =>
    items.map((item) => {
      const { codes, value, unit, start } = readingOf(item);
      return [codes[0]?.code, value?.number, unit, start?.digits];
    });

  it('should be count, minimum, mean and maximum of glucose, with the references on the count', () => {
    const selection = at('daily-summary', file(noon('1', '100'), noon('2', '104'), noon('3', '97')));
    expect(summary(selection)).toEqual([
      ['GLU-COUNT', '3', '1', '20240301'],
      ['GLU-MIN', '97', 'mg/dL', '20240301'],
      ['GLU-MEAN', '100.3', 'mg/dL', '20240301'],
      ['GLU-MAX', '104', 'mg/dL', '20240301'],
    ]);
    const { items } = selection;
    expect(items.map(({ references }) => references.length)).toEqual([3, 0, 0, 0]);
    expect(items.map(({ beside }) => beside)).toEqual([undefined, 'Observation/1', 'Observation/1', 'Observation/1']);
    expect(new Set(items.map(({ reference }) => reference)).size).toBe(4);
    expect(items.every(({ kind, status }) => kind === 'summary' && status === 'F')).toBe(true);
    expect(readingOf(items[2]).remarks).toEqual([
      'Summary of 3 glucose readings of 2024-03-01 (Europe/Berlin) in one file of the sender, not of all readings of that day.',
      'Rounded to 1 decimal, halves away from zero.',
    ]);
    expect(items[2]?.raw).toMatchObject({
      resourceType: 'Observation',
      effectiveDateTime: '2024-03-01',
      valueQuantity: { value: '\u0001100.3', code: 'mg/dL' },
    });
  });

  it('should belong to the day of the organization’s zone', () => {
    const late = resource('Observation/1', reading('2024-03-01T23:30:00Z'));
    const local = resource('Observation/2', reading('2024-03-01T23:30:00'));
    const days = at('daily-summary', file(late, local)).items.map((item) => readingOf(item).start?.digits);
    expect(new Set(days)).toEqual(new Set(['20240302', '20240301']));
  });

  it('should be a sum of carbs, and of each insulin by itself; rates go as they are', () => {
    const insulin = (id: string, number: string, code: string, isRate = false) =>
      noon(id, number, {
        kind: 'insulin',
        unit: isRate ? '[IU]/h' : '[iU]',
        insulin: { adminType: undefined, isRate },
        codes: [{ system: 'http://snomed.info/sct', code, display: undefined }],
      });
    const selection = at(
      'daily-summary',
      file(
        noon('c1', '12.5', { kind: 'carbs', unit: 'g' }),
        noon('c2', '30', { kind: 'carbs', unit: 'g' }),
        insulin('i1', '4.5', '411531001'),
        insulin('i2', '20', '25305005'),
        insulin('i3', '3.25', '411531001'),
        insulin('i4', '0.8', '25305005', true),
      ),
    );
    expect(summary(selection)).toEqual([
      ['CARB-COUNT', '2', '1', '20240301'],
      ['CARB-SUM', '42.5', 'g', '20240301'],
      ['INS-COUNT', '2', '1', '20240301'],
      ['INS-SUM', '7.75', '[iU]', '20240301'],
      ['INS-COUNT', '1', '1', '20240301'],
      ['INS-SUM', '20', '[iU]', '20240301'],
      ['25305005', '0.8', '[IU]/h', '20240301120000'],
    ]);
    expect(readingOf(selection.items[3]).codes[1]?.code).toBe('411531001');
  });

  it('should not mix units, and mix them once they were converted', () => {
    const content = file(noon('1', '100'), noon('2', '5.0', { unit: 'mmol/L' }));
    expect(at('daily-summary', content).items).toHaveLength(8);
    const converted = at('daily-summary', content, {}, { glucoseUnit: 'mmol/L' });
    expect(summary(converted)).toEqual([
      ['GLU-COUNT', '2', '1', '20240301'],
      ['GLU-MIN', '5.0', 'mmol/L', '20240301'],
      ['GLU-MEAN', '5.30', 'mmol/L', '20240301'],
      ['GLU-MAX', '5.6', 'mmol/L', '20240301'],
    ]);
    expect(readingOf(converted.items[0]).remarks?.at(-1)).toBe(
      '1 of them was converted from another unit and rounded before.',
    );
  });

  it('should say what it corrects, what was deleted, and what is a bound', () => {
    const content = file(
      noon('1', '20', { value: { number: '20', comparator: '<' } }),
      noon('2', '600', { value: { number: '600', comparator: '>' } }),
      noon('3', '100', { standing: 'preliminary' }),
      noon('4', '100', { standing: 'deleted' }),
    );
    const delivered = new Map([
      ['Observation/2', 'earlier'],
      ['Observation/4', 'earlier'],
    ] as const);
    const { items } = at('daily-summary', content, { delivered });
    expect(readingOf(items[0])).toMatchObject({
      value: { number: '3' },
      remarks: [
        expect.stringContaining('Summary of 3 glucose readings'),
        '1 of them corrects one that was sent before.',
        '1 that was sent before was deleted and is not counted.',
        '1 of them is preliminary.',
        '2 of them are bounds (< or >), taken at the bound.',
      ],
    });
    expect([items[1], items[3]].map((item) => readingOf(item).value?.comparator)).toEqual(['<', '>']);
    expect(items[0]?.references).toHaveLength(4);
    expect(items.every(({ status }) => status === 'P')).toBe(true);
  });

  it('should be a count of none where all readings of the day were deleted', () => {
    const delivered = new Map([['Observation/1', 'earlier'] as const]);
    const selection = at('daily-summary', file(noon('1', '1', { standing: 'deleted' })), { delivered });
    expect(summary(selection)).toEqual([['GLU-COUNT', '0', '1', '20240301']]);
    expect(sent(selection)).toEqual(['Observation/1']);
  });

  it('should leave out a deletion of which nobody can say the day', () => {
    const delivered = new Map([['Observation/1', 'earlier'] as const]);
    const gone = resource(
      'Observation/1',
      reading(undefined, { standing: 'deleted', value: undefined, unit: undefined }),
    );
    expect(at('daily-summary', file(gone), { delivered })).toMatchObject({
      items: [],
      leftOut: [{ reference: 'Observation/1', why: 'filtered' }],
    });
  });

  it('should be a correction, under the same reference, when the file is delivered again', () => {
    const content = file(noon('1', '100'), noon('2', '104'));
    const first = at('daily-summary', content);
    const delivered = new Map([
      ['Observation/1', 'current'],
      ['Observation/2', 'current'],
    ] as const);
    const again = at('daily-summary', content, { delivered, redelivery: true });
    expect(again.items.map(({ reference }) => reference)).toEqual(first.items.map(({ reference }) => reference));
    expect(again.items.every(({ status }) => status === 'C')).toBe(true);
  });

  it('should have LOINC’s code for the mean of a sensor beside its own', () => {
    const codes = [{ system: LOINC, code: '99504-3', display: undefined }];
    const { items } = at('daily-summary', file(noon('1', '100', { codes }), noon('2', '104', { codes })));
    expect(readingOf(items[2]).codes.map(({ code }) => code)).toEqual(['GLU-MEAN', '97507-8']);
  });

  it('should hand its references on when the site leaves out the count', () => {
    const item: NonNullable<NonNullable<MapContext['site']>['item']> = (given) =>
      readingOf(given).codes[0]?.code === 'GLU-COUNT' ? undefined : given;
    const { items, leftOut } = at('daily-summary', file(noon('1', '100'), noon('2', '104')), { site: { item } });
    expect(items.map(({ references }) => references.length)).toEqual([2, 0, 0]);
    expect(leftOut).toEqual([]);
  });

  it('should add up, by another calculation', () => {
    const files = fc
      .array(anyReading, { maxLength: 25 })
      .map((all) => file(...all.map((each, position) => resource(`Observation/${position}`, each))));
    fc.assert(
      fc.property(files, (content) => {
        const { items } = at('daily-summary', content);
        for (const count of items.filter(({ references, kind }) => kind === 'summary' && references.length > 0)) {
          const members = content.resources
            .filter(({ reference }) => count.references.includes(reference))
            .map(({ mapping }) => (mapping.kind === 'reading' ? mapping.reading : undefined))
            .filter((each) => each !== undefined);
          expect(readingOf(count).value?.number).toBe(String(members.length));
          // All generated numbers have at most two decimals: hundredths are whole numbers.
          const hundredths = members.map(({ value }) => Math.round(Number(value?.number) * 100));
          const total = hundredths.reduce((sum, each) => sum + each, 0);
          const beside = items.filter((item) => item.beside === count.references[0]);
          for (const item of beside) {
            const { codes, value } = readingOf(item);
            const found = Number(value?.number) * 100;
            const code = codes[0]?.code ?? '';
            if (code.endsWith('SUM')) expect(Math.round(found)).toBe(total);
            if (code.endsWith('MIN')) expect(found).toBe(Math.min(...hundredths));
            if (code.endsWith('MAX')) expect(found).toBe(Math.max(...hundredths));
            if (code.endsWith('MEAN')) expect(Math.abs(found - total / members.length)).toBeLessThanOrEqual(5.0000001);
          }
          expect(beside).toHaveLength(
            items.find((item) => item.beside === count.references[0]) === undefined
              ? 0
              : members[0]?.kind === 'glucose'
                ? 3
                : 1,
          );
        }
      }),
    );
  });
});

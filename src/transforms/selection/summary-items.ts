/** The items of one daily summary: a count that holds the references, and what was calculated beside it. */
import type { Item, ResultStatus } from '../model/item';
import type { Code, Reading, Value } from '../model/reading';
import { shortHash } from '../model/short-hash';
import { parseFhirTime } from '../model/time';
import type { DayGroup } from './daily-summary';
import { addDecimals, compareDecimals, divideDecimals, formatDecimal, type Decimal } from './decimal';
import { isInterstitial } from './glucose-codes';
import { sensorMeanCode, STATISTICS, summaryCode, type Statistic } from './summary-codes';

/** UCUM: the unit of a number of things. */
const COUNT_UNIT = '1';
const ZERO: Decimal = { units: 0n, scale: 0 };
/** Marks a number in parsed JSON (fhir-bundle/lossless-json). */
const NUMBER_MARK = '\u0001';

/**
 * Makes the items of a group. All references of the day stand on the count, since each resource is delivered once, and
 * the count is the one item that is always there.
 * @param zoneName for the remark: whose day it is
 */
export function summaryItems(group: DayGroup, zoneName: string, redelivery: boolean): Item[] {
  const { kind, members, deleted, unit } = group;
  const sources = [...members.map(({ item }) => item), ...deleted];
  const [first] = sources;
  if (first === undefined) return [];
  const references = sources.map(({ reference }) => reference);
  const identity = JSON.stringify([first.patient.key, kind, group.day, unit, ...references.toSorted()]);
  const status = statusOf(sources, redelivery);
  const remarks = remarksOf(group, zoneName, redelivery);
  const patient = sources.find((item) => item.patient.details !== undefined)?.patient ?? first.patient;
  const ofWhat = whatIsMeasured(group);

  const make = (statistic: Statistic, value: Value, valueUnit: string, more: readonly string[]): Item => {
    const id = shortHash(`${statistic} ${identity}`, 26);
    const codes = [summaryCode(kind, statistic), ...codesBeside(group, statistic, ofWhat)];
    const reading: Reading = {
      kind: 'measurement',
      standing: status === 'P' ? 'preliminary' : 'final',
      codes,
      value,
      unit: valueUnit,
      start: parseFhirTime(group.day),
      end: undefined,
      comments: [],
      device: undefined,
      remarks: [...remarks, ...more],
      elements: {},
    };
    return {
      kind: 'summary',
      content: { kind: 'reading', reading },
      status,
      patient,
      reference: `Summary/${id}`,
      ...(statistic === 'count' ? { references } : { references: [], beside: references[0] }),
      path: first.path,
      resourceType: 'Observation',
      raw: asObservation(id, group.day, reading, patient.identifier),
    };
  };

  const count = make('count', { number: String(members.length), comparator: undefined }, COUNT_UNIT, []);
  if (members.length === 0) return [count];
  return [
    count,
    ...STATISTICS[kind].map((statistic) => {
      const { value, rounding } = calculate(statistic, members);
      return make(statistic, value, unit, rounding);
    }),
  ];
}

/**
 * A summary is a statement of its own. Only where a whole file is delivered again does it correct an earlier one: then
 * it is made of the same resources, and has the same reference.
 */
function statusOf(sources: readonly Item[], redelivery: boolean): ResultStatus {
  if (redelivery && sources.every(({ status }) => status === 'C' || status === 'D')) return 'C';
  return sources.some(({ status }) => status === 'P') ? 'P' : 'F';
}

function calculate(
  statistic: Exclude<Statistic, 'count'>,
  members: DayGroup['members'],
): { readonly value: Value; readonly rounding: readonly string[] } {
  switch (statistic) {
    case 'minimum':
      return { value: extreme(members, -1), rounding: [] };
    case 'maximum':
      return { value: extreme(members, 1), rounding: [] };
    case 'sum':
      return { value: plain(sumOf(members)), rounding: [] };
    case 'mean': {
      const digits = Math.max(...members.map(({ number }) => number.scale)) + 1;
      const mean = divideDecimals(sumOf(members), { units: BigInt(members.length), scale: 0 }, digits);
      const decimals = digits === 1 ? '1 decimal' : `${digits} decimals`;
      return { value: plain(mean), rounding: [`Rounded to ${decimals}, halves away from zero.`] };
    }
  }
}

/** The sender's digits and comparator. Of two equal numbers, the bound that reaches further. */
function extreme(members: DayGroup['members'], direction: 1 | -1): Value {
  const further = direction === 1 ? '>' : '<';
  let found: DayGroup['members'][number] | undefined;
  for (const member of members) {
    const difference = found === undefined ? 1 : compareDecimals(member.number, found.number) * direction;
    if (difference > 0 || (difference === 0 && member.reading.value?.comparator?.startsWith(further) === true)) {
      found = member;
    }
  }
  return found?.reading.value ?? plain(ZERO);
}

function sumOf(members: DayGroup['members']): Decimal {
  return members.reduce((sum, { number }) => addDecimals(sum, number), ZERO);
}

function plain(number: Decimal): Value {
  return { number: formatDecimal(number), comparator: undefined };
}

/** The sender's insulin code, which the sum is for; nothing for the other kinds. */
function whatIsMeasured({ kind, members }: DayGroup): readonly Code[] {
  return kind === 'insulin' ? (members[0]?.reading.codes.slice(0, 1) ?? []) : [];
}

function codesBeside(
  { kind, unit, members }: DayGroup,
  statistic: Statistic,
  ofWhat: readonly Code[],
): readonly Code[] {
  if (kind !== 'glucose' || statistic !== 'mean') return ofWhat;
  return members.every(({ reading }) => isInterstitial(reading.codes)) ? sensorMeanCode(unit) : [];
}

const NOUNS = { glucose: 'glucose readings', carbs: 'carbohydrate entries', insulin: 'insulin doses' } as const;

function remarksOf({ kind, day, members, deleted }: DayGroup, zoneName: string, redelivery: boolean): string[] {
  const remarks = [
    `Summary of ${members.length} ${NOUNS[kind]} of ${day} (${zoneName}) in one file of the sender, not of all readings of that day.`,
  ];
  const some = (count: number, one: string, many: string): void => {
    if (count > 0) remarks.push(count === 1 ? one : `${count} ${many}`);
  };
  some(
    // In a redelivery everything is a correction; that says nothing of the readings.
    redelivery ? 0 : members.filter(({ item }) => item.status === 'C').length,
    '1 of them corrects one that was sent before.',
    'of them correct ones that were sent before.',
  );
  some(
    deleted.length,
    '1 that was sent before was deleted and is not counted.',
    'that were sent before were deleted and are not counted.',
  );
  some(
    members.filter(({ item }) => item.status === 'P').length,
    '1 of them is preliminary.',
    'of them are preliminary.',
  );
  some(
    members.filter(({ reading }) => reading.value?.comparator !== undefined).length,
    '1 of them is a bound (< or >), taken at the bound.',
    'of them are bounds (< or >), taken at the bound.',
  );
  some(
    members.filter(({ reading }) => reading.remarks?.some((remark) => remark.startsWith('Converted ')) === true).length,
    '1 of them was converted from another unit and rounded before.',
    'of them were converted from another unit and rounded before.',
  );
  return remarks;
}

/** The summary as the forms that keep resources send it: an Observation of STU3, with its number marked. */
function asObservation(
  id: string,
  day: string,
  { standing, codes, value, unit, remarks }: Reading,
  { system, value: patient }: Item['patient']['identifier'],
): Item['raw'] {
  const coding = codes.map((code) => withoutUndefined({ ...code }));
  return {
    resourceType: 'Observation',
    id,
    status: standing === 'preliminary' ? 'preliminary' : 'final',
    code: { coding },
    subject: { identifier: withoutUndefined({ system, value: patient }) },
    effectiveDateTime: day,
    valueQuantity: withoutUndefined({
      value: NUMBER_MARK + (value?.number ?? '0'),
      comparator: value?.comparator,
      unit,
      system: 'http://unitsofmeasure.org',
      code: unit,
    }),
    comment: (remarks ?? []).join(' '),
  };
}

function withoutUndefined(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

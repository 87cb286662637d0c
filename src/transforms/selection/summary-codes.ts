/**
 * Codes of daily summaries. They are Ductus' own: LOINC's codes for the intake of 24 hours or a day's dose would claim
 * the whole day, while a summary stands for the readings of one file. A code map puts a hospital's own codes first.
 */
import type { GlucoseUnit } from '../model/profile';
import type { Code } from '../model/reading';
import { LOINC } from './glucose-codes';

/** A local coding system as HL7 table 0396 names them: `99` and letters. */
export const SUMMARY_SYSTEM = '99DUC';

/** What is calculated of a day's readings. */
export type Statistic = 'count' | 'minimum' | 'mean' | 'maximum' | 'sum';
export type SummarizedKind = 'glucose' | 'carbs' | 'insulin';

/** In the order in which they are sent; the count is the one that every summary has. */
export const STATISTICS: Readonly<Record<SummarizedKind, readonly Exclude<Statistic, 'count'>[]>> = {
  glucose: ['minimum', 'mean', 'maximum'],
  carbs: ['sum'],
  insulin: ['sum'],
};

const CODES: Readonly<Record<SummarizedKind, Readonly<Partial<Record<Statistic, readonly [string, string]>>>>> = {
  glucose: {
    count: ['GLU-COUNT', 'Number of glucose readings of a day'],
    minimum: ['GLU-MIN', 'Lowest glucose reading of a day'],
    mean: ['GLU-MEAN', 'Mean of the glucose readings of a day'],
    maximum: ['GLU-MAX', 'Highest glucose reading of a day'],
  },
  carbs: {
    count: ['CARB-COUNT', 'Number of carbohydrate entries of a day'],
    sum: ['CARB-SUM', 'Sum of the carbohydrate entries of a day'],
  },
  insulin: {
    count: ['INS-COUNT', 'Number of insulin doses of a day'],
    sum: ['INS-SUM', 'Sum of the insulin doses of a day'],
  },
};

/**
 * LOINC has a mean of sensor glucose over a period that the report names; HL7's CGM guide uses these codes for it. There
 * is none for meters.
 */
const SENSOR_MEAN: Readonly<Record<GlucoseUnit, Code>> = {
  'mg/dL': {
    system: LOINC,
    code: '97507-8',
    display: 'Average glucose [Mass/volume] in Interstitial fluid during Reporting Period',
  },
  'mmol/L': {
    system: LOINC,
    code: '105273-7',
    display: 'Average glucose [Moles/volume] in Interstitial fluid during Reporting Period',
  },
};

/** The main code of a statistic. */
export function summaryCode(kind: SummarizedKind, statistic: Statistic): Code {
  const [code, display] = CODES[kind][statistic] ?? [statistic.toUpperCase(), `${statistic} of a day`];
  return { system: SUMMARY_SYSTEM, code, display };
}

/** The LOINC code of the mean of sensor readings; none for another unit. */
export function sensorMeanCode(unit: string): readonly Code[] {
  return unit === 'mg/dL' || unit === 'mmol/L' ? [SENSOR_MEAN[unit]] : [];
}

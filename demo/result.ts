/** What a run with `--once` says at its end, and whether all is as it should be. */
import type { FlowCounts } from './scoreboard';

/** The line of `--json`. Times are in milliseconds. */
export interface FlowResult {
  readonly flow: 'data-sharing';
  readonly notified: number;
  readonly duplicates: number;
  readonly delivered: number;
  readonly acked: number;
  /** Without an ACK at the end, and the EMR lacks some of the data. */
  readonly parked: number;
  /** Parked on the way, and delivered after an operator's decision. */
  readonly repaired: number;
  readonly lost: number;
  readonly twice: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly readings: number;
  readonly seed: number;
}

export function flowResult(counts: FlowCounts, seed: number): FlowResult {
  const { notified, duplicates, delivered, acked, repaired, lost, twice, readings } = counts;
  return {
    flow: 'data-sharing',
    notified,
    duplicates,
    delivered,
    acked,
    parked: counts.open,
    repaired,
    lost,
    twice,
    p50Ms: Math.round(counts.p50Ms ?? 0),
    p95Ms: Math.round(counts.p95Ms ?? 0),
    readings,
    seed,
  };
}

/**
 * What is not as it should be, in words; nothing when all is well.
 * @param expected how many notifications the day has
 */
export function problems(result: FlowResult, expected: number): string[] {
  const { notified, duplicates, delivered, acked, parked, repaired, lost, twice } = result;
  const found: [boolean, string][] = [
    [notified !== expected, `${String(notified)} notifications went out, not ${String(expected)}`],
    [duplicates === 0, 'no notification came twice'],
    [delivered !== notified, `${String(notified - delivered)} files are not in the EMR`],
    [acked !== notified, `${String(notified - acked)} notifications have no ACK`],
    [parked > 0, `${String(parked)} files are parked`],
    [repaired === 0, 'no file was parked and repaired'],
    [lost > 0, `${String(lost)} readings are lost`],
    [twice > 0, `${String(twice)} readings came under two message ids`],
  ];
  return found.filter(([wrong]) => wrong).map(([, what]) => what);
}

/** What a run with `--once` says at its end, and whether all is as it should be. */
import type { FlowCounts, ItemCounts } from './scoreboard';
import { SAMPLE_KINDS, type SampleKind } from './shared-items';

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
  /** Versions of items that the EMR has: an item, its correction and its deletion are three. */
  readonly byType: Readonly<Record<SampleKind, number>>;
  /** Of those, what came as a correction, and what as a deletion. */
  readonly corrections: number;
  readonly deletions: number;
  /** Resources for which Ductus says that it has no mapping. */
  readonly unmapped: number;
  readonly seed: number;
}

/** @param unmapped Ductus's own count: the only one that the simulators cannot have */
export function flowResult(counts: FlowCounts, unmapped: number, seed: number): FlowResult {
  const { notified, duplicates, delivered, acked, repaired, lost, twice, received } = counts;
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
    byType: received.byKind,
    corrections: received.corrections,
    deletions: received.deletions,
    unmapped,
    seed,
  };
}

/** What a day brings. */
export interface Expected {
  readonly notifications: number;
  readonly corrections: number;
  readonly deletions: number;
}

/**
 * What is not as it should be, in words; nothing when all is well.
 * @param shared what Roche shared, by its own records
 */
export function problems(result: FlowResult, expected: Expected, shared: ItemCounts): string[] {
  const { notified, duplicates, delivered, acked, parked, repaired, lost, twice, corrections, deletions, unmapped } =
    result;
  const found: [boolean, string][] = [
    [
      notified !== expected.notifications,
      `${String(notified)} notifications went out, not ${String(expected.notifications)}`,
    ],
    [duplicates === 0, 'no notification came twice'],
    [delivered !== notified, `${String(notified - delivered)} files are not in the EMR`],
    [acked !== notified, `${String(notified - acked)} notifications have no ACK`],
    [parked > 0, `${String(parked)} files are parked`],
    [repaired === 0, 'no file was parked and repaired'],
    [lost > 0, `${String(lost)} items are lost`],
    [twice > 0, `${String(twice)} items came under two message ids`],
    ...SAMPLE_KINDS.map((kind): [boolean, string] => {
      const [has, wants] = [result.byType[kind], shared.byKind[kind]];
      return [has !== wants || has === 0, `the EMR has ${String(has)} of ${kind}, and ${String(wants)} were shared`];
    }),
    [
      corrections !== expected.corrections,
      `the EMR got ${String(corrections)} corrections, not ${String(expected.corrections)}`,
    ],
    [unmapped > 0, `${String(unmapped)} resources have no mapping`],
    [deletions !== expected.deletions, `the EMR got ${String(deletions)} deletions, not ${String(expected.deletions)}`],
  ];
  return found.filter(([wrong]) => wrong).map(([, what]) => what);
}

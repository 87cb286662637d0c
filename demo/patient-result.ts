/** What a run with `--once` says of the patients at its end, and whether all is as it should be. */
import type { PatientCounts } from './patient-counts';

/** The line of `--json`. Times are in milliseconds. */
export interface PatientResult {
  readonly flow: 'patient-sync';
  /** Messages that the HIS was answered AA. */
  readonly received: number;
  readonly created: number;
  readonly updated: number;
  readonly merged: number;
  /** Parked on the way, since Roche refused them; those that stayed so are lost. */
  readonly parked: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

export function patientResult(counts: PatientCounts): PatientResult {
  const { received, created, updated, merged, parked, missing, duplicated, outOfOrder } = counts;
  return {
    flow: 'patient-sync',
    received,
    created,
    updated,
    merged,
    parked,
    lost: missing.length,
    duplicated: duplicated.length,
    outOfOrder: outOfOrder.length,
    p50Ms: Math.round(counts.p50Ms ?? 0),
    p95Ms: Math.round(counts.p95Ms ?? 0),
  };
}

/** What a day brings. */
export interface ExpectedPatients {
  /** Messages of the HIS. */
  readonly messages: number;
  readonly patients: number;
  readonly merged: number;
  readonly parked: number;
}

/** What is not as it should be, in words; nothing when all is well. */
export function patientProblems(counts: PatientCounts, expected: ExpectedPatients): string[] {
  const { received, created, updated, merged, parked, missing, duplicated, outOfOrder, wrong } = counts;
  const found: [boolean, string][] = [
    [
      received !== expected.messages,
      `the HIS was answered AA ${String(received)} times, not ${String(expected.messages)}`,
    ],
    [created !== expected.patients, `Roche created ${String(created)} patients, not ${String(expected.patients)}`],
    [updated === 0, 'Roche updated no patient'],
    [merged !== expected.merged, `${String(merged)} merges are at Roche, not ${String(expected.merged)}`],
    [parked !== expected.parked, `Roche refused ${String(parked)} patients, not ${String(expected.parked)}`],
    [missing.length > 0, `Roche lacks the last state of ${missing.join(', ')}`],
    [duplicated.length > 0, `Roche has twice ${duplicated.join(', ')}`],
    [outOfOrder.length > 0, `out of order: ${outOfOrder.join(', ')}`],
    [wrong.length > 0, `not what the HIS sent: ${wrong.join(', ')}`],
  ];
  return found.filter(([isWrong]) => isWrong).map(([, what]) => what);
}

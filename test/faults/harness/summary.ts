/** The run in figures, for a person: from the simulators' records only. */
import type { EmrFrame } from '../../../simulators/emr/frames';
import type { EmrStats } from '../../../simulators/emr/tally';
import { isAccepted, type RocheStats } from '../../../simulators/roche-dc/statistics';
import { readingVersions } from '../../../simulators/roche-dc/sample-data';
import type { Killed } from './chaos';
import type { Comparison, Repeats } from './evidence';
import { KILL_KINDS, type PlannedFile } from './plan';

export interface RunRecord {
  readonly seed: number;
  readonly files: readonly PlannedFile[];
  readonly kills: readonly Killed[];
  readonly ownEnds: Readonly<Record<string, readonly string[]>>;
  readonly roche: RocheStats;
  readonly emr: EmrStats;
  readonly frames: readonly EmrFrame[];
  readonly comparison: Comparison;
  readonly repeats: Repeats;
  readonly faultsMs: number;
  readonly totalMs: number;
}

/** Text of the summary. */
export function summary(run: RunRecord): string {
  const { roche, emr, comparison, repeats } = run;
  const count = (of: Readonly<Record<string, number | undefined>>): string =>
    Object.entries(of)
      .filter(([, times]) => times !== undefined && times > 0)
      .map(([name, times]) => `${name} ${String(times)}`)
      .join(', ');
  const kills = Object.fromEntries(
    KILL_KINDS.map((kind) => [kind, run.kills.filter((kill) => kill.kind === kind).length]),
  );
  const { totals } = roche;
  const lines = [
    `seed            ${String(run.seed)}`,
    `time            ${seconds(run.faultsMs)} with faults and kills, ${seconds(run.totalMs)} until all was acknowledged`,
    `kills           ${count(kills)}`,
    `ended alone     ${Object.entries(run.ownEnds)
      .map(([name, ends]) => `${name} ${String(ends.length)}`)
      .join(', ')}`,
    `notifications   ${String(totals.notifications)}, POSTs ${String(totals.attempts)} (duplicates ${String(totals.duplicates)}, renotifications ${String(totals.renotifications)})`,
    `answers         ${count(answers(roche))}`,
    `acknowledged    ${String(totals.acknowledged)}, ACKs ${String(totals.acks)}, refused ACKs ${String(totals.refusedAcks)}`,
    `Roche's faults  ${count(roche.faults)}`,
    `EMR's answers   ${count(emr.byAnswer)}`,
    `EMR             frames ${String(emr.frames)}, messages ${String(emr.controlIds)}, ambiguous ${String(emr.ambiguous)} (stored ${String(emr.ambiguousAccepted)}), unanswered ${String(emr.unanswered)}, starts ${String(emr.starts)}`,
    `versions        ${String(comparison.versions)} shared, missing ${String(comparison.missing.length)}, twice ${String(comparison.twice.length)}, different ${String(comparison.different.length)}`,
    `repeats         ${String(repeats.total)}: injected ${String(repeats.injected)}, EMR killed ${String(repeats.emrKilled)}, worker killed ${String(repeats.workerKilled)}, unexplained ${String(repeats.unexplained.length)}`,
    ...stages(run).map(([name, times]) => `${name.padEnd(16)}${quantiles(times)}`),
  ];
  return lines.map((line) => `  ${line}\n`).join('');
}

function answers(roche: RocheStats): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const attempt of roche.notifications.flatMap((one) => one.attempts)) {
    const name = attempt.status === undefined ? (attempt.error ?? 'none') : String(attempt.status);
    counted[name] = (counted[name] ?? 0) + 1;
  }
  return counted;
}

/** Milliseconds of each leg of each notification, seen from outside. */
function stages({ files, roche, frames }: RunRecord): [string, number[]][] {
  const firstAt = new Map<string, number>();
  for (const frame of frames) {
    if (!frame.accepted) continue;
    for (const { observationId, status } of frame.observations) {
      const version = `${observationId} ${status}`;
      if (!firstAt.has(version)) firstAt.set(version, frame.receivedAtMs);
    }
  }
  const byId = new Map(roche.notifications.map((one) => [one.messageId, one]));
  const legs: Record<'POST → 202' | '202 → EMR' | 'EMR → ACK' | 'POST → ACK', number[]> = {
    'POST → 202': [],
    '202 → EMR': [],
    'EMR → ACK': [],
    'POST → ACK': [],
  };
  for (const file of files) {
    const one = byId.get(file.messageId);
    const sentAt = one?.firstNotifiedAtMs;
    const takenAt = Math.min(
      ...(one?.attempts ?? []).filter(isAccepted).map((attempt) => attempt.answeredAtMs ?? Infinity),
    );
    const acknowledgedAt = one?.acks[0]?.atMs;
    const storedAt = Math.max(
      ...readingVersions(file.bundle).map(
        ({ id, status }) =>
          firstAt.get(`${id} ${status === 'amended' ? 'C' : status === 'cancelled' ? 'D' : 'F'}`) ?? 0,
      ),
    );
    if (sentAt === undefined || acknowledgedAt === undefined || !Number.isFinite(takenAt)) continue;
    legs['POST → 202'].push(takenAt - sentAt);
    legs['202 → EMR'].push(storedAt - takenAt);
    legs['EMR → ACK'].push(acknowledgedAt - storedAt);
    legs['POST → ACK'].push(acknowledgedAt - sentAt);
  }
  return Object.entries(legs);
}

function quantiles(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): string =>
    seconds(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, longest ${at(1)}`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 0)} s`;
}

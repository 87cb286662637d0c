/**
 * Counts the patients from the simulators' side alone: what the HIS was answered AA by its ledger, and what Roche has by
 * its register and its log. Ductus's own claims play no part.
 */
import { judgeSync, messageOf } from '../simulators/his/judge';
import type { LedgerEntry } from '../simulators/his/ledger';
import type { AcceptedRequest, PatientStats } from '../simulators/roche-dc/patients-statistics';
import { percentile } from './scoreboard';

/** One hospital. */
export interface HisSide {
  readonly emrOid: string;
  readonly ledger: readonly LedgerEntry[];
}

export interface PatientCounts {
  /** Messages that the HIS was answered AA. */
  readonly received: number;
  /** Creates and updates that Roche stored. */
  readonly created: number;
  readonly updated: number;
  /** Merges (A40) whose survivor Roche has as the merge has it, or later. */
  readonly merged: number;
  /** Requests that Roche refused for what they said: each parks a patient until the HIS corrects it. */
  readonly parked: number;
  /** Patients whose last state Roche does not have: on the way, or parked; at the end lost. */
  readonly missing: readonly string[];
  /** Patients created twice, or there twice. */
  readonly duplicated: readonly string[];
  /** Requests that brought an older state after a newer one. */
  readonly outOfOrder: readonly string[];
  /** Elements that are not what the HIS sent, and patients whom it never sent. */
  readonly wrong: readonly string[];
  /** From the HIS's first try until Roche has stored the message, or a newer one in its place; undefined: none. */
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
}

/** Counts the hospitals together. */
export function countPatients(sides: readonly HisSide[], roche: PatientStats): PatientCounts {
  const each = sides.map(({ emrOid, ledger }) => {
    const own = <T extends { readonly emrOid: string }>(all: readonly T[]): T[] =>
      all.filter((one) => one.emrOid === emrOid);
    const accepted = own(roche.accepted);
    const taken = ledger.filter((entry) => entry.accepted);
    return {
      taken,
      accepted,
      refused: own(roche.refused),
      verdict: judgeSync(ledger, { patients: own(roche.patients), accepted }),
      stored: taken.map((entry) => ({ entry, atMs: storedAtMs(entry, taken, accepted) })),
    };
  });
  const stored = each.flatMap((side) => side.stored).filter(({ atMs }) => atMs !== undefined);
  const latencies = stored.map(({ entry, atMs = entry.firstSentAtMs }) => atMs - entry.firstSentAtMs);
  const requests = each.flatMap(({ accepted }) => accepted);
  return {
    received: sum(each.map(({ taken }) => taken.length)),
    created: requests.filter(({ operation }) => operation === 'create').length,
    updated: requests.filter(({ operation }) => operation === 'update').length,
    merged: stored.filter(({ entry }) => entry.event === 'A40').length,
    parked: sum(each.map(({ refused }) => refused.length)),
    missing: each.flatMap(({ verdict }) => verdict.lost),
    duplicated: each.flatMap(({ verdict }) => verdict.duplicated),
    outOfOrder: each.flatMap(({ verdict }) => verdict.outOfOrder),
    wrong: each.flatMap(({ verdict }) => [...verdict.different, ...verdict.unexpected]),
    p50Ms: percentile(latencies, 0.5),
    p95Ms: percentile(latencies, 0.95),
  };
}

/** When Roche first had this message, or a newer one about the same patient. */
function storedAtMs(
  entry: LedgerEntry,
  taken: readonly LedgerEntry[],
  accepted: readonly AcceptedRequest[],
): number | undefined {
  const numbers = new Set([entry.person.number]);
  // The number may have ended meanwhile: then the survivor has what was said of it.
  for (const { priorNumber, person } of taken) {
    if (priorNumber !== undefined && numbers.has(priorNumber)) numbers.add(person.number);
  }
  return accepted.find(
    ({ identifier, resources }) => numbers.has(identifier.value) && (messageOf(resources) ?? 0) >= entry.number,
  )?.storedAtMs;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}

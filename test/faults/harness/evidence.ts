/**
 * What the EMR's log says about what Roche shared: what is missing, what came twice, what came otherwise, and whether
 * each repeat of a frame has a cause that was injected.
 */
import type { EmrFrame } from '../../../simulators/emr/frames';
import { isAmbiguous } from '../../../simulators/emr/answers';
import { readingVersions } from '../../../simulators/roche-dc/sample-data';
import type { Killed } from './chaos';
import type { PlannedFile } from './plan';

/** OBX-11 of a version: as it was shared, and whether the EMR had an earlier one (SPECS §6.2). */
const STATUS: Readonly<Record<string, string>> = { final: 'F', amended: 'C', cancelled: 'D' };

export interface Comparison {
  readonly versions: number;
  /** Versions that the EMR never accepted. */
  readonly missing: readonly string[];
  /** Versions that nobody shared. */
  readonly unexpected: readonly string[];
  /** Versions that came under more than one MSH-10. */
  readonly twice: readonly string[];
  /** Versions with another value, unit or patient. */
  readonly different: readonly string[];
  /** MSH-10s under which different bytes came. */
  readonly changed: readonly string[];
  /** Corrections that the EMR accepted before what they correct. */
  readonly disordered: readonly string[];
}

/** Compares the accepted frames with the files. */
export function compare(files: readonly PlannedFile[], frames: readonly EmrFrame[]): Comparison {
  const shared = new Map<string, { value: string; unit: string; patientId: string }>();
  for (const file of files) {
    for (const version of readingVersions(file.bundle)) {
      shared.set(`${version.id} ${STATUS[version.status] ?? version.status}`, {
        value: String(version.value),
        unit: version.unit ?? '',
        patientId: file.patientId,
      });
    }
  }
  const controlIds = new Map<string, Set<string>>();
  const firstSeq = new Map<string, number>();
  const bytes = new Map<string, Buffer>();
  const different = new Set<string>();
  const unexpected = new Set<string>();
  const changed = new Set<string>();
  for (const frame of frames.filter((one) => one.accepted)) {
    if (!(bytes.get(frame.controlId) ?? frame.bytes).equals(frame.bytes)) changed.add(frame.controlId);
    bytes.set(frame.controlId, frame.bytes);
    for (const observation of frame.observations) {
      const version = `${observation.observationId} ${observation.status}`;
      const expected = shared.get(version);
      if (expected === undefined) {
        unexpected.add(version);
        continue;
      }
      const same =
        observation.value === expected.value &&
        observation.unit === expected.unit &&
        frame.patientIds.includes(expected.patientId);
      if (!same) different.add(version);
      controlIds.set(version, (controlIds.get(version) ?? new Set()).add(frame.controlId));
      if (!firstSeq.has(version)) firstSeq.set(version, frame.seq);
    }
  }
  const corrections = [...firstSeq].filter(([version]) => !version.endsWith(' F'));
  return {
    versions: shared.size,
    missing: [...shared.keys()].filter((version) => !controlIds.has(version)),
    unexpected: [...unexpected],
    twice: [...controlIds].filter(([, ids]) => ids.size > 1).map(([version]) => version),
    different: [...different],
    changed: [...changed],
    disordered: corrections
      .filter(([version, seq]) => seq < (firstSeq.get(version.replace(/ .$/, ' F')) ?? Infinity))
      .map(([version]) => version),
  };
}

export interface Pools {
  /** Connections of one worker's pool: each has one message in flight. */
  readonly connections: number;
  readonly workers: number;
}

export interface Repeats {
  readonly total: number;
  /** After an answer of the EMR that says nothing about the message: dropped, wrong MSA-2, garbage, silence. */
  readonly injected: number;
  /** The answer never left the EMR, which was killed before. */
  readonly emrKilled: number;
  /** The worker was killed before the answer came, or before it had written it down. */
  readonly workerKilled: number;
  /** No cause: there may be none of these. */
  readonly unexplained: readonly string[];
}

/**
 * Finds a cause for each repeat. A repeat is an accepted frame whose MSH-10 was accepted before; what the frame before
 * it met decides. A kill explains as many as there were messages in flight: one a connection, so `connections` for a
 * worker, and those of all workers for the EMR. A kill of Temporal, of the API or of PostgreSQL explains none: the
 * workers live on and know what was answered.
 */
export function explainRepeats(
  frames: readonly EmrFrame[],
  kills: readonly Killed[],
  { connections, workers }: Pools,
): Repeats {
  const left = new Map(kills.map((kill) => [kill, kill.kind === 'emr' ? connections * workers : connections]));
  const causeOf = (kind: 'emr' | 'worker', earlier: EmrFrame, frame: EmrFrame): boolean => {
    const kill = kills.find(
      (one) =>
        one.kind === kind &&
        one.goneAtMs >= earlier.receivedAtMs &&
        one.atMs <= frame.receivedAtMs &&
        (left.get(one) ?? 0) > 0,
    );
    if (kill !== undefined) left.set(kill, (left.get(kill) ?? 0) - 1);
    return kill !== undefined;
  };
  const before = new Map<string, EmrFrame>();
  const counts = { total: 0, injected: 0, emrKilled: 0, workerKilled: 0 };
  const unexplained: string[] = [];
  for (const frame of frames.filter((one) => one.accepted)) {
    const earlier = before.get(frame.controlId);
    before.set(frame.controlId, frame);
    if (earlier === undefined) continue;
    counts.total += 1;
    if (isAmbiguous(earlier.answer.kind)) counts.injected += 1;
    else if (earlier.answeredAtMs === undefined && causeOf('emr', earlier, frame)) counts.emrKilled += 1;
    else if (causeOf('worker', earlier, frame)) counts.workerKilled += 1;
    else
      unexplained.push(
        `${frame.controlId}: accepted at ${at(earlier.receivedAtMs)}, answered at ${at(earlier.answeredAtMs)}, again at ${at(frame.receivedAtMs)}`,
      );
  }
  return { ...counts, unexplained };
}

function at(epochMs: number | undefined): string {
  return epochMs === undefined ? 'never' : new Date(epochMs).toISOString().slice(11, 23);
}

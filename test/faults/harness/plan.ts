/** What is shared when, and what is killed when: all of it from the seed. */
/// <reference types="fhir" />
import { RandomStream, drawUuid } from '../../../simulators/random';
import { bgBundle, correctionBundle, samplePatient } from '../../../simulators/roche-dc/sample-data';
import { ORGANIZATIONS } from './stage';

export interface PlannedFile {
  readonly index: number;
  readonly messageId: string;
  /** `emrOid`. */
  readonly organization: string;
  readonly option: 'access-point' | 'presigned-url';
  readonly patientId: string;
  readonly bundle: fhir.Bundle;
  /** Milliseconds after the start of the run. */
  readonly atMs: number;
  /** The file whose readings this one corrects: shared only when that one is acknowledged, as edits come later in life. */
  readonly corrects: number | undefined;
}

export interface FilePlan {
  readonly seed: number;
  readonly count: number;
  readonly overMs: number;
  /** In each organization. */
  readonly patients: number;
}

/** Share of files that correct an earlier one, and how far back that lies at least. */
const CORRECTION_SHARE = 0.1;
const CORRECTION_DISTANCE = 60;
/** Most deltas hold a day or two of readings; a few are the upload of a meter's whole memory. */
const LARGE_SHARE = 0.04;

/** Plans the files. */
export function planFiles({ seed, count, overMs, patients }: FilePlan): PlannedFile[] {
  const random = new RandomStream(seed, 'files');
  const times = Array.from({ length: count }, () => random.integer(0, overMs)).sort((one, other) => one - other);
  const files: PlannedFile[] = [];
  const corrected = new Set<number>();
  for (let index = 0; index < count; index += 1) {
    const common = {
      index,
      messageId: drawUuid(seed, 'fault run', index),
      option: random.next() < 0.5 ? ('access-point' as const) : ('presigned-url' as const),
      atMs: times[index] ?? overMs,
    };
    const old = files.filter(
      (file) => file.index <= index - CORRECTION_DISTANCE && file.corrects === undefined && !corrected.has(file.index),
    );
    const previous = random.next() < CORRECTION_SHARE ? old[random.integer(0, old.length - 1)] : undefined;
    if (previous !== undefined) {
      corrected.add(previous.index);
      files.push({
        ...common,
        organization: previous.organization,
        patientId: previous.patientId,
        bundle: correctionBundle(previous.bundle, {
          seed: seed + index,
          corrected: random.integer(1, 3),
          cancelled: random.integer(0, 1),
        }),
        corrects: previous.index,
      });
      continue;
    }
    const organization = random.integer(0, ORGANIZATIONS.length - 1);
    // Patients of different hospitals have different numbers here, so that a frame shows whose it is.
    const patient = samplePatient(1 + organization * patients + random.integer(0, patients - 1));
    const size = random.next() < LARGE_SHARE ? random.integer(200, 400) : random.integer(5, 60);
    files.push({
      ...common,
      organization: ORGANIZATIONS[organization]?.emrOid ?? '',
      patientId: patient.id,
      bundle: bgBundle({ patient, count: size, seed: seed + index, unit: 'mixed' }),
      corrects: undefined,
    });
  }
  return files;
}

export const KILL_KINDS = ['api', 'worker', 'emr', 'temporal', 'postgres'] as const;
export type KillKind = (typeof KILL_KINDS)[number];

export interface PlannedKill {
  readonly kind: KillKind;
  /** Milliseconds after the start of the run. */
  readonly atMs: number;
  /** How long it stays away before it is started again. */
  readonly downMs: number;
  /** Which of several. */
  readonly which: number;
}

/** Plans the kills: each kind's spread over the time, at random within its part of it. */
export function planKills(seed: number, counts: Readonly<Record<KillKind, number>>, overMs: number): PlannedKill[] {
  const random = new RandomStream(seed, 'kills');
  return KILL_KINDS.flatMap((kind) =>
    Array.from({ length: counts[kind] }, (_, index) => ({
      kind,
      atMs: Math.floor(((index + random.next()) / counts[kind]) * overMs),
      downMs: random.integer(200, 3000),
      which: random.integer(0, 1_000),
    })),
  ).sort((one, other) => one.atMs - other.atMs);
}

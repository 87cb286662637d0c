/** Merges (A40) on the way to Roche: entering them in the registry, and handing on what came under a number that has ended. */
import { v5 as uuidV5 } from 'uuid';
import { patientMarks } from '../domain/audit';
import type { KeyedHash, OrganizationId } from '../domain/identifiers';
import { LIMITS } from '../domain/limits';
import { ChangeState } from '../domain/patient-sync';
import type { PatientChange, PatientKey, SendPatientResult } from '../domain/patient-sync';
import { patientSyncWorkflowId } from '../domain/workflow-ids';
import type { PatientSyncConfig } from '../runtime/config/schema';
import { forgetWaiter } from '../store/destinations';
import { closeChanges } from '../store/patient-changes';
import { applyMerge, settlePrior } from '../store/patient-merges';
import type { Claim, CrossReferenceLine, RegistryPatient } from '../store/patient-registry';
import type { ActivityDependencies, PatientServices } from './dependencies';
import type { PatientMapping } from './patient-sync-mapping';
import { waitUntil } from './patient-sync-retry';

/** Namespace of our UUIDv5 request ids and of the ids of forwarded changes. Never changes. */
export const PATIENT_SYNC_NAMESPACE = '0f1c8f2d-7a44-4a0b-9d0c-5b6a3b0e8d31';

/** What the merges need of an attempt to send. */
export interface MergeParts {
  readonly sync: PatientSyncConfig;
  readonly services: PatientServices;
  readonly mapping: PatientMapping;
  /** `x-origin-request-id` of a step. */
  readonly requestId: (step: string) => string;
  readonly signal: AbortSignal;
}

/** Marks of a patient in the audit. */
export function marksOf(
  { hash }: Pick<ActivityDependencies, 'hash'>,
  organization: OrganizationId,
  { system, number }: { readonly system: string; readonly number: string },
): readonly string[] {
  return patientMarks(hash, organization, { key: `${system}|${number}`, numbers: [number] });
}

/** Where the cross-reference leads: the configured authority, else the one that the HIS sends. */
export function lineOf(
  { identifier }: PatientSyncConfig,
  { assigningAuthority }: { readonly assigningAuthority: string },
): CrossReferenceLine {
  return {
    assigningAuthority: identifier.assigningAuthority ?? assigningAuthority,
    identifierType: identifier.type,
  };
}

/**
 * Enters the merges, and wakes the patients whose numbers ended.
 * @returns ids of merges that a later one has undone
 */
export async function enterMerges(
  deps: ActivityDependencies,
  parts: MergeParts,
  key: Claim,
  changes: readonly PatientChange[],
  patient: RegistryPatient,
): Promise<readonly string[]> {
  const { organization, patient: survivor, claim } = key;
  const overtaken: string[] = [];
  for (const change of changes) {
    const { prior } = change;
    if (prior === undefined || prior === survivor) continue;
    const priorNumber = parts.mapping.prior(change);
    const merge = {
      organization,
      survivor,
      prior,
      priorNumber,
      changeId: change.id,
      eventAtMs: change.eventAtMs,
      connection: change.origin.connection,
      claim,
      line: lineOf(parts.sync, patient),
      marks: [...marksOf(deps, organization, patient), ...marksOf(deps, organization, priorNumber)],
    };
    let merged = await applyMerge(deps.store, merge);
    if (merged.status === 'prior-creating') {
      await lookUpPrior(deps, parts, { ...key, prior }, merged);
      merged = await applyMerge(deps.store, merge);
    }
    if (merged.status === 'overtaken') overtaken.push(change.id);
    // Also when it was done before: an attempt may have ended between both.
    if (merged.status === 'done') await deps.workflows.patientMerged(patientSyncWorkflowId(organization, prior));
  }
  return overtaken;
}

/** A create of the old number may be on its way: it is waited for, and then looked up. */
async function lookUpPrior(
  { store }: ActivityDependencies,
  { sync, services, requestId, signal }: MergeParts,
  key: Claim & { readonly prior: KeyedHash },
  { sentAt, number, system }: { readonly sentAt: Date; readonly number: string; readonly system: string },
): Promise<void> {
  waitUntil(sentAt.getTime() + Math.max(LIMITS.rocheSettleMs, sync.createTimeoutMs));
  const found = await services.client.find({ system, value: number }, requestId('find-prior'), signal);
  await settlePrior(store, key, found?.patientId);
}

/** The number leads to another patient: what waits is the person's, and goes there. */
export async function forwardChanges(
  deps: ActivityDependencies,
  key: PatientKey,
  changes: readonly PatientChange[],
  survivor: KeyedHash,
  overtaken: readonly string[],
): Promise<SendPatientResult> {
  const { organization } = key;
  const forwarded = changes.filter((change) => !overtaken.includes(change.id));
  for (const change of forwarded) {
    // The same again is the same change there.
    const id = uuidV5(`${change.id}>${survivor}`, PATIENT_SYNC_NAMESPACE);
    await deps.workflows.patientChanged({ organization, patient: survivor }, { ...change, id, forwarded: true });
  }
  const ids = forwarded.map((change) => change.id);
  const counts = new Map([
    [ChangeState.forwarded, await closeChanges(deps.store, key, ids, ChangeState.forwarded)],
    [ChangeState.superseded, await closeChanges(deps.store, key, overtaken, ChangeState.superseded)],
  ] as const);
  await forgetWaiter(deps.store, patientSyncWorkflowId(organization, key.patient));
  deps.metrics.patientChanges(organization, counts);
  return { status: 'forwarded' };
}

/**
 * Every workflow id that Ductus makes, in one file. An id never holds a patient's identifier in clear
 * (ADR 0006): what points at a person is a keyed hash.
 */
import { DestinationIdSchema } from './identifiers';
import type { DestinationId, KeyedHash, NotificationId, OrganizationId } from './identifiers';

/** One Roche notification of one organization. */
export function dataSharingWorkflowId(organization: OrganizationId, notification: NotificationId): string {
  return `data-sharing/${organization}/${notification}`;
}

/**
 * Other content that came under a notification id already in use: handled beside the first, never instead of it.
 * @param sourceHash first 12 hexadecimal digits of the hash of the other content's address
 */
export function conflictingWorkflowId(
  organization: OrganizationId,
  notification: NotificationId,
  sourceHash: string,
): string {
  return `data-sharing/${organization}/${notification}~${sourceHash.slice(0, 12)}`;
}

/**
 * A delivered file that is sent once more after a fix of the mapping.
 * @param variant of the delivered work; @param digest of what was signed off
 */
export function redeliveryWorkflowId(
  organization: OrganizationId,
  notification: NotificationId,
  variant: string,
  digest: string,
): string {
  return `redelivery/${organization}/${notification}${variant}/${digest.slice(0, DIGEST_PART)}`;
}

/** How much of a digest stands in ids and in the ledger: 48 bits, as of the hash of a conflicting notification. */
const DIGEST_PART = 12;

/** The variant of the ledger for a redelivery of a work: `r` and part of the digest, behind the variant of that work. */
export function redeliveryVariant(variant: string, digest: string): string {
  return `${variant}r${digest.slice(0, DIGEST_PART)}`;
}

/** Reads a variant. @returns undefined when it is not that of a redelivery */
export function redeliveryOf(variant: string): { readonly variant: string; readonly digest: string } | undefined {
  const [, of, digest] = /^(|~[0-9a-f]+)r([0-9a-f]+)$/.exec(variant) ?? [];
  return of === undefined || digest === undefined ? undefined : { variant: of, digest };
}

/** The comparison of what a destination has with what it would get today; also approves and starts. */
export function redeliveryPlanWorkflowId(name: string): string {
  return `redelivery-plan/${name}`;
}

/** All changes of one patient, one after the other. @param patient keyed hash of the patient's number */
export function patientSyncWorkflowId(organization: OrganizationId, patient: KeyedHash): string {
  return `patient-sync/${organization}/${patient}`;
}

/** Roche's patient services of one organization, as a destination: paused, held and drained like an EMR. */
export function rocheDestination(organization: OrganizationId): DestinationId {
  return DestinationIdSchema.parse(`${ROCHE_DESTINATION_PREFIX}${organization}`);
}

/** No destination of the configuration may begin so. */
export const ROCHE_DESTINATION_PREFIX = 'roche-';

/** The one workflow that pauses, holds, probes and drains a destination; runs only while the destination is not open. */
export function destinationWorkflowId(destination: DestinationId): string {
  return `destination/${destination}`;
}

/** The Schedule that deletes blobs whose time is over, and the prefix of its workflows. */
export const HOUSEKEEPING_SCHEDULE_ID = 'housekeeping';

/** The Schedule that looks for conditions to alert people of, and the prefix of its workflows. */
export const WATCH_SCHEDULE_ID = 'watch';

/**
 * Every workflow id that Ductus makes, in one file. An id never holds a patient's identifier in clear
 * (ADR 0006): what points at a person is a keyed hash.
 */
import type { DestinationId, NotificationId, OrganizationId } from './identifiers';

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

/** The one workflow that pauses, holds, probes and drains a destination; runs only while the destination is not open. */
export function destinationWorkflowId(destination: DestinationId): string {
  return `destination/${destination}`;
}

/** The Schedule that deletes blobs whose time is over, and the prefix of its workflows. */
export const HOUSEKEEPING_SCHEDULE_ID = 'housekeeping';

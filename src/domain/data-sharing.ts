/**
 * What the entry point, the workflow and the activities of the data-sharing flow say to each other.
 * Everything here can stand in a Temporal history: no bundle, no credential. Receipt handles and
 * pre-signed URLs do travel in it, and are encrypted there by the payload codec.
 */
import type { WithheldReason } from './consent';
import type { DestinationId, NotificationId, OrganizationId } from './identifiers';
import type { ErrorCode } from './errors';
import type { Outcome, Stage } from './stages';

/** Where Roche put the file (SPECS §1.3). */
export type FileSource =
  | { readonly kind: 'access-point'; readonly accessPoint: string; readonly objectKey: string }
  | { readonly kind: 'presigned-url'; readonly url: string };

/** One notification as the entry point took it. */
export interface Notification {
  readonly source: FileSource;
  /** Hash of the address of the file (access point and key, or URL without its query): tells a duplicate from a conflict. */
  readonly sourceHash: string;
  readonly messageType: 'Clinical Data' | 'Clinical Report';
  /** `MessageCreatedAt`, epoch milliseconds. */
  readonly createdAtMs: number;
  readonly receivedAtMs: number;
  /** `MessageReceiptHandle`: changes with each repeat; the ACK needs the newest. */
  readonly receiptHandle: string;
  /** Header `x-operation-id`; the ACK sends it back. */
  readonly operationId: string;
}

/** Input of the workflow. The notification itself comes by signal, so that a repeat takes the same door. */
export interface DataSharingInput {
  readonly organization: OrganizationId;
  readonly notificationId: NotificationId;
  /** Set for other content under an id already in use: the work starts parked. */
  readonly conflict?: boolean;
}

/** Key of one piece of work in the ledger. */
export interface WorkKey {
  readonly organization: OrganizationId;
  readonly notificationId: NotificationId;
  /** Empty for the usual work; `~` and part of the source hash for a conflicting one. */
  readonly variant: string;
}

/** A file in the blob store. */
export interface BlobRef {
  readonly key: string;
  readonly sha256: string;
  readonly bytes: number;
}

export type RepairStep = 'retrieve' | 'transform' | 'deliver' | 'acknowledge';

/** What an operator may decide about parked work. `by` and `reason` go to the ledger and the history. */
export type Repair =
  | { readonly action: 'retry'; readonly from?: RepairStep; readonly by: string; readonly reason: string }
  | {
      readonly action: 'skip';
      /** FHIR references (`Observation/123`) to leave out; none: those of the message that failed, or that would go to another patient. */
      readonly resources: readonly string[];
      readonly by: string;
      readonly reason: string;
    }
  | { readonly action: 'discard'; readonly by: string; readonly reason: string };

/** Answer of the repair update. */
export interface RepairResult {
  readonly accepted: true;
  readonly stage: Stage;
}

/** Answer of the `status` query: where the work stands, for people. */
export interface DataSharingStatus {
  readonly stage: Stage;
  readonly outcome?: Outcome;
  readonly errorCode?: ErrorCode;
  readonly errorMessage?: string;
  readonly failedStep?: RepairStep;
  readonly notifications: number;
  readonly flags: readonly string[];
}

/** What the ledger knows about a notification when a run begins. */
export type OpenResult =
  | { readonly disposition: 'new' }
  /** Dealt with in an earlier run: acknowledge with the newest handle, deliver nothing. */
  | { readonly disposition: 'closed'; readonly outcome: Outcome }
  /** The id was used for another file. */
  | { readonly disposition: 'conflict' };

export type RetrieveResult =
  | { readonly status: 'stored'; readonly blob: BlobRef }
  /** The same object, byte for byte, was delivered under another notification id. */
  | { readonly status: 'already-delivered'; readonly notificationId: NotificationId };

/** Result of the transform step for the destinations of the organization. */
export type TransformResult =
  | {
      readonly status: 'ready';
      /** Destinations that still have something to send. */
      readonly destinations: readonly DestinationId[];
      readonly messages: number;
      readonly observations: number;
      /** Resources without a mapping, by resource type: counted and shown, never silent. */
      readonly unmapped: Readonly<Record<string, number>>;
    }
  /** An earlier file of the same patient is still on its way. */
  | { readonly status: 'blocked'; readonly behind: string }
  /** The consent policy keeps the file from every destination. */
  | { readonly status: 'refused'; readonly reasons: readonly WithheldReason[] };

export type DeliverResult =
  | { readonly status: 'delivered' }
  /** All connections are taken: a quick try waits for none of them, the patient one does. */
  | { readonly status: 'busy' }
  /** The destination is paused, held or draining; it sends the signal `released` when it is this work's turn. */
  | { readonly status: 'waiting' };

export interface AcknowledgeInput extends WorkKey {
  readonly receiptHandle: string;
  readonly operationId: string;
  /** Number of this notification in the run; makes the origin request id of the ACK (UUIDv5) stable over retries. */
  readonly attempt: number;
}

/** The parked state, for the ledger. */
export interface ParkedRecord extends WorkKey {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string;
  readonly failedStep: RepairStep;
}

/** One delivery of the file's messages to one destination. */
export interface DeliverInput extends WorkKey {
  readonly destination: DestinationId;
  /** The destination let this work through although it is not open. */
  readonly released: boolean;
  /** An operator decided that a message of unknown outcome goes again. */
  readonly resendAmbiguous: boolean;
}

export interface CloseInput extends WorkKey {
  readonly outcome: Outcome;
  readonly flags: readonly string[];
}

/** A condition that people are told about once when it begins and once when it ends. */
export interface Alert {
  /** Same key, same condition. No PHI. */
  readonly key: string;
  readonly code:
    | ErrorCode
    | 'DUCTUS_DEADLINE'
    | 'DUCTUS_DESTINATION_DOWN'
    | 'DUCTUS_NO_TRAFFIC'
    | 'DUCTUS_CERTIFICATE_EXPIRES'
    | 'DUCTUS_WORK_OLD';
  readonly text: string;
}

/** Result of the workflow. */
export interface DataSharingResult {
  readonly outcome: Outcome;
}

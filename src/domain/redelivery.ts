/**
 * What operators, workflows and activities of a redelivery say to each other: delivered files that are sent once more
 * after a fix of the mapping (ADR 0012). All of it can stand in a Temporal history: values are in an encrypted blob.
 */
import type { BlobRef, WorkKey } from './data-sharing';
import type { DestinationId, NotificationId, OrganizationId } from './identifiers';
import type { RedeliveryReport } from './redelivery-report';

/** Which delivered files are looked at. */
export interface RedeliverySelection {
  readonly destination: DestinationId;
  readonly organization?: OrganizationId;
  /** ISO 8601; delivered (or, when it is not, received) at or after this. */
  readonly since?: string;
  /** ISO 8601; before this. Always set, so that a sign-off looks at the same files. */
  readonly until: string;
  readonly notifications?: readonly NotificationId[];
  /** Also what has no difference. */
  readonly all: boolean;
}

/** Who signs which difference off. */
export interface RedeliveryApproval {
  readonly digest: string;
  readonly by: string;
  readonly reason: string;
}

/** How far a comparison is. */
export interface RedeliveryProgress {
  readonly planId: string;
  /** Files of the selection. */
  readonly files: number;
  readonly done: number;
  readonly pages: number;
  /** The last file that was looked at; they are in the order of their keys. */
  readonly cursor?: WorkKey;
  readonly report?: BlobRef;
}

export interface RedeliveryPlanInput {
  readonly selection: RedeliverySelection;
  readonly approve?: RedeliveryApproval;
  /** Where an earlier run of this workflow has stopped. */
  readonly progress?: RedeliveryProgress;
}

export type RedeliveryPlanResult =
  | {
      readonly status: 'compared';
      readonly planId: string;
      readonly report: BlobRef;
      /** Absent: there is nothing to send. */
      readonly digest?: string;
    }
  /** Signed off: every file is a workflow of its own by now. */
  | { readonly status: 'approved'; readonly digest: string; readonly files: number; readonly by: string }
  /** What would be sent is not what was signed off: nothing was started. */
  | { readonly status: 'changed'; readonly digest?: string };

/** Input of the workflow that sends one file again; `variant` is that of the delivered work. */
export interface RedeliveryInput extends WorkKey {
  readonly destination: DestinationId;
  readonly planId: string;
  /** Of all files that were signed off together. */
  readonly digest: string;
  /** Of what was signed off for this file. */
  readonly fileDigest: string;
  readonly all: boolean;
  readonly by: string;
  readonly reason: string;
  readonly approvedAtMs: number;
}

/** What an operator sees of a comparison or a sign-off. */
export type RedeliveryState =
  | { readonly status: 'running'; readonly files: number; readonly done: number }
  | { readonly status: 'compared'; readonly digest?: string; readonly report: RedeliveryReport }
  | Exclude<RedeliveryPlanResult, { readonly status: 'compared' }>
  | { readonly status: 'failed'; readonly message: string };

/** What the destination workflow and its activities say to each other. */
import type { DestinationId } from './identifiers';
import type { ErrorCode } from './errors';

/** State of a destination, kept in the store so that a delivery can look before it sends. */
export const DestinationState = {
  /** Deliveries go straight through. No destination workflow runs. */
  open: 'open',
  /** It failed repeatedly: one delivery at a time tries, after growing waits. */
  paused: 'paused',
  /** An operator holds it: nothing is sent until `resume`. */
  held: 'held',
  /** It works again: what waits goes out in order at a limited rate, and new work queues behind. */
  draining: 'draining',
} as const;
export type DestinationState = (typeof DestinationState)[keyof typeof DestinationState];

export interface DestinationInput {
  readonly destination: DestinationId;
  /** Carried over continue-as-new: failures in a row, an operator's hold, a drain under way. */
  readonly failures?: number;
  readonly held?: DestinationOrder;
  readonly draining?: boolean;
}

/** A delivery's report to the destination workflow. */
export type DestinationReport = { readonly kind: 'failing'; readonly code: ErrorCode } | { readonly kind: 'succeeded' };

/** An operator's hold or resume. */
export interface DestinationOrder {
  readonly by: string;
  readonly reason: string;
  /** The same again is the same order. Absent in orders of earlier versions. */
  readonly id?: string;
}

/** Waits and rates of a destination, read from the configuration by an activity so that a replay never reads it. */
export interface DestinationPace {
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  readonly drainPerSecond: number;
  /** How long a probe may take before it counts as failed. */
  readonly probeTimeoutMs: number;
}

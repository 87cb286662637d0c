/**
 * How work stands at one moment, as counts and ages: what gauges show and alerts judge. Every name in it is of the
 * configuration or of a table of codes, so that nothing here points at a person.
 */
import type { DestinationState } from './destinations';
import type { ErrorCode } from './errors';
import type { DestinationId, OrganizationId } from './identifiers';
import type { Stage } from './stages';

/** Flows that the ledger holds; the first part of a workflow id. */
export const LEDGER_FLOWS = ['data-sharing', 'patient-sync', 'redelivery'] as const;
export type LedgerFlow = (typeof LEDGER_FLOWS)[number];

export interface OpenWork {
  readonly flow: LedgerFlow;
  readonly organization: OrganizationId;
  readonly stage: Stage;
  readonly count: number;
  /** Seconds since the oldest of it was received, by the clock of the database. */
  readonly oldestSeconds: number;
}

export interface ParkedCount {
  readonly flow: LedgerFlow;
  readonly organization: OrganizationId;
  readonly code: ErrorCode;
  readonly count: number;
}

export interface DestinationStanding {
  readonly destination: DestinationId;
  readonly state: DestinationState;
  /** Seconds in this state; undefined for one that never failed. */
  readonly stateSeconds: number | undefined;
  /** Deliveries that wait for it. */
  readonly queued: number;
  /** Seconds since the notification of the oldest of them came; undefined when none waits. */
  readonly oldestQueuedSeconds: number | undefined;
  /** Messages that were sent and not answered: nobody knows whether they arrived. */
  readonly ambiguous: number;
}

export interface Traffic {
  readonly organization: OrganizationId;
  /** When its last new notification came; a repeat of an old one is none. */
  readonly lastAt: Date;
  readonly quietSeconds: number;
}

export interface Standing {
  readonly open: readonly OpenWork[];
  readonly parked: readonly ParkedCount[];
  readonly destinations: readonly DestinationStanding[];
  /** Organizations that ever had a notification. */
  readonly traffic: readonly Traffic[];
  /** Alerts that are raised and not cleared, by code. */
  readonly alerts: Readonly<Record<string, number>>;
}

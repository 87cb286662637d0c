/**
 * Tables of the store, as Kysely types. The ledger is the memory of what was done; what is under way lives in
 * Temporal. Clinical values are in no table: a resource is known by a keyed hash of its id.
 */
import type { ColumnType, Generated } from 'kysely';

type Timestamp = ColumnType<Date, Date | string, Date | string>;
type Json<T> = ColumnType<T, string, string>;

/** One notification of one organization: what came, how far it got, how it ended. */
export interface NotificationTable {
  organization: string;
  notification_id: string;
  /** Empty; or `~` and part of the source hash for other content under an id already in use. */
  variant: string;
  workflow_id: string;
  message_type: string;
  source_hash: string;
  object_key: string | null;
  etag: string | null;
  content_sha256: string | null;
  blob_key: string | null;
  blob_bytes: number | null;
  blob_delete_after: Timestamp | null;
  stage: string;
  outcome: string | null;
  error_code: string | null;
  error_message: string | null;
  failed_step: string | null;
  flags: Json<readonly string[]>;
  unmapped: Json<Readonly<Record<string, number>>>;
  observations: Generated<number>;
  left_out: Generated<number>;
  /** Runs that found the work done and only acknowledged again. */
  repeats: Generated<number>;
  created_at: Timestamp;
  received_at: Timestamp;
  delivered_at: Timestamp | null;
  closed_at: Timestamp | null;
  decided_by: string | null;
  decided_reason: string | null;
}

/** One HL7 message to one destination. */
export interface MessageTable {
  organization: string;
  notification_id: string;
  variant: string;
  destination: string;
  sequence: number;
  control_id: string;
  blob_key: string;
  blob_sha256: string;
  blob_bytes: number;
  /** Which message of the blob: all messages of a file to one destination stand in one blob. */
  blob_index: number;
  /** prepared → sending → accepted | rejected | left-out; `sending` found by a later attempt is an ambiguous outcome. */
  state: string;
  attempts: Generated<number>;
  /** Times that the same bytes went out again without knowing whether the first arrived. */
  possible_repeats: Generated<number>;
  error_code: string | null;
  resource_hashes: readonly string[];
  resource_versions: readonly string[];
  sent_at: Timestamp | null;
  settled_at: Timestamp | null;
}

/** Last version of a resource that a destination accepted. */
export interface DeliveredResourceTable {
  destination: string;
  resource_hash: string;
  version: string;
  control_id: string;
  delivered_at: Timestamp;
}

/** Resources that an operator left out, so that a later duplicate leaves them out as well. */
export interface LeftOutTable {
  organization: string;
  notification_id: string;
  variant: string;
  resource_hash: string;
}

/** Place of a notification in the queue of a patient at a destination. */
export interface TurnTable {
  destination: string;
  patient_hash: string;
  organization: string;
  notification_id: string;
  variant: string;
  workflow_id: string;
  ticket: number;
  parked: Generated<boolean>;
  /** Over, and holds nobody back; stays until those behind it were woken. */
  released: Generated<boolean>;
}

export interface DestinationTable {
  destination: string;
  state: string;
  error_code: string | null;
  failures: Generated<number>;
  since: Timestamp;
  next_attempt_at: Timestamp | null;
  held_by: string | null;
  held_reason: string | null;
}

/** A delivery that waits until its destination works again. */
export interface DestinationWaiterTable {
  destination: string;
  workflow_id: string;
  /** When its notification came: the order of the queue. */
  received_at: Timestamp;
  /** It was let through, and has not queued again since. */
  woken: Generated<boolean>;
}

export interface AlertTable {
  key: string;
  code: string;
  text: string;
  raised_at: Timestamp;
  cleared_at: Timestamp | null;
  /** People were told of the present state (raised or cleared). */
  told: Generated<boolean>;
}

export interface DecisionTable {
  id: Generated<number>;
  organization: string | null;
  notification_id: string | null;
  destination: string | null;
  action: string;
  by: string;
  reason: string;
  details: Json<Readonly<Record<string, unknown>>>;
  at: Timestamp;
}

export interface Database {
  notification: NotificationTable;
  message: MessageTable;
  delivered_resource: DeliveredResourceTable;
  left_out: LeftOutTable;
  turn: TurnTable;
  destination: DestinationTable;
  destination_waiter: DestinationWaiterTable;
  alert: AlertTable;
  decision: DecisionTable;
}

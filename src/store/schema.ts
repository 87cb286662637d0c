/**
 * Tables of the store, as Kysely types. The ledger is the memory of what was done; what is under way lives in
 * Temporal. Clinical values are in no table: a resource is known by a keyed hash of its id. Only the cross-reference of
 * patients holds numbers of patients in clear.
 */
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { AuditOrigin } from '../domain/audit';
import type { RedeliverySelection } from '../domain/redelivery';

type Timestamp = ColumnType<Date, Date | string, Date | string>;
type Json<T> = ColumnType<T, string, string>;
/** With a default in the table. */
type DefaultedJson<T> = ColumnType<T, string | undefined, string>;

/** One notification of one organization: what came, how far it got, how it ended. */
export interface NotificationTable {
  organization: string;
  notification_id: string;
  /** Empty; `~` and part of the source hash for other content under an id already in use; `r` and part of a digest behind it for a redelivery. */
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
  /** Resource types and elements without a mapping, with how often. */
  unmapped: Json<Readonly<Record<string, number>>>;
  observations: Generated<number>;
  /** Items in the messages, by kind. */
  kinds: DefaultedJson<Readonly<Record<string, number>>>;
  left_out: Generated<number>;
  left_out_reasons: DefaultedJson<Readonly<Record<string, number>>>;
  /** Runs that found the work done and only acknowledged again. */
  repeats: Generated<number>;
  created_at: Timestamp;
  received_at: Timestamp;
  delivered_at: Timestamp | null;
  closed_at: Timestamp | null;
  decided_by: string | null;
  decided_reason: string | null;
  /** Hashes of the resources for which the work is parked with DUCTUS_PATIENT_CHANGED. */
  moved_resources: Generated<readonly string[]>;
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
  /** Marks of the patient whose data it holds; see `patientMarks`. None for messages made before there was an audit. */
  patients: Generated<readonly string[]>;
  resource_versions: readonly string[];
  /** Keyed hash of the patient as the destination knows it; see `recipientMarks`. Null for messages made before it was kept. */
  patient_hash: string | null;
  sent_at: Timestamp | null;
  settled_at: Timestamp | null;
}

/** Last version of a resource that a destination accepted. */
export interface DeliveredResourceTable {
  destination: string;
  resource_hash: string;
  version: string;
  control_id: string;
  /** Of the patient under whom it was delivered; null: not known. */
  patient_hash: string | null;
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

/** A comparison of what a destination has with what it would get, and who signed it off (ADR 0012). */
export interface RedeliveryTable {
  plan_id: string;
  destination: string;
  selection: Json<RedeliverySelection>;
  /** Of all that would be sent; null while it is compared, and when nothing would be sent. */
  digest: string | null;
  report_key: string | null;
  report_sha256: string | null;
  report_bytes: number | null;
  made_at: Timestamp | null;
  delete_after: Timestamp;
  approved_by: string | null;
  approved_reason: string | null;
  approved_at: Timestamp | null;
}

/** One file that would be sent again. */
export interface RedeliveryFileTable {
  plan_id: string;
  organization: string;
  notification_id: string;
  variant: string;
  /** Of what would be sent of this file. */
  digest: string;
  resources: number;
  /** For each resource 16 bytes of its keyed hash and 16 of that of what is said about it. */
  signatures: Buffer;
}

/** The hospital's number of a patient, by the number that Roche gives. Numbers stand in clear (ADR 0013). */
export interface PatientIdentifierTable {
  organization: string;
  source_system: string;
  source_value: string;
  emr_value: string;
  assigning_authority: string;
  identifier_type: string;
  updated_at: Timestamp;
  updated_by: string;
}

/** A patient whom the HIS has named: what Roche has of them, and whether their data may come back. */
export interface PatientTable {
  organization: string;
  /** Keyed hash of assigning authority and number. */
  patient: string;
  /** The hospital's number, in clear: it goes to Roche and into PID-3. */
  number: string;
  /** URI of the number's system, as Roche gets it. */
  system: string;
  /** HD of PID-3.4 as the HIS sent it: `NAME`, or `NAME&universal id&type`. */
  assigning_authority: string;
  /** new, creating, active, merged. */
  state: string;
  roche_patient_id: string | null;
  roche_bundle_id: string | null;
  /** When a create was sent whose answer is not known. */
  create_sent_at: Timestamp | null;
  /** When an update was sent whose answer is not known: the next request waits until Roche has surely finished it. */
  update_sent_at: Timestamp | null;
  /** Keyed hash of the patient to whom the number leads; never one that is merged. */
  merged_into: string | null;
  /** Time and connection of that merge: an older one that comes late does not undo it. */
  merged_at: Timestamp | null;
  merged_connection: string | null;
  /** The attempt that may send for this patient: another one that is overtaken finds its own gone. */
  claim: string | null;
  /** Of the last change that Roche accepted. */
  version_at: Timestamp | null;
  version_connection: string | null;
  version_sequence: number | null;
  /** Keyed hash of what Roche has, without times and ids of messages. */
  content_hash: string | null;
  /** given, withdrawn, missing. */
  consent: Generated<string>;
  consent_from: Timestamp | null;
  consent_until: Timestamp | null;
  consent_by: string | null;
  consent_at: Timestamp | null;
  created_at: Timestamp;
  updated_at: Timestamp;
}

/** One message of the HIS about a patient: what became of it. Its content is in Temporal only. */
export interface PatientChangeTable {
  organization: string;
  change_id: string;
  patient: string;
  workflow_id: string;
  source: string;
  control_id: string;
  /** SHA-256 of the bytes, keyed. */
  digest: string;
  event: string;
  /** upsert, merge. */
  kind: string;
  event_at: Timestamp;
  received_at: Timestamp;
  /** See `ChangeState`. */
  state: string;
  /** The change that was sent in its place. */
  replaced_by: string | null;
  attempts: Generated<number>;
  /** Times that it went out again without knowing whether the first arrived. */
  possible_repeats: Generated<number>;
  error_code: string | null;
  error_message: string | null;
  /** The element that Roche named. */
  element: string | null;
  sent_at: Timestamp | null;
  closed_at: Timestamp | null;
  decided_by: string | null;
  decided_reason: string | null;
}

/** What happened to data of patients, and who did it. Append-only; numbers of patients as keyed hashes (ADR 0014). */
export interface AuditEventTable {
  id: GeneratedAlways<number>;
  event_id: string;
  at: Generated<Date>;
  kind: string;
  action: string;
  outcome: number;
  organization: string | null;
  destination: string | null;
  work: string | null;
  control_id: string | null;
  by: string;
  origin: DefaultedJson<AuditOrigin>;
  /** The marks of each patient, one behind the other; see `patientMarks`. */
  patients: Generated<readonly string[]>;
  details: DefaultedJson<Readonly<Record<string, string | number | boolean>>>;
}

/** Closes events of the audit under a keyed hash that holds the seal before it. */
export interface AuditSealTable {
  number: number;
  /** Multirange of the ids of its events. */
  ids: string;
  events: number;
  last_at: Timestamp;
  digest: string;
  previous: string;
  seal: string;
  sealed_at: Generated<Date>;
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
  patient_identifier: PatientIdentifierTable;
  patient: PatientTable;
  patient_change: PatientChangeTable;
  redelivery: RedeliveryTable;
  redelivery_file: RedeliveryFileTable;
  audit_event: AuditEventTable;
  audit_seal: AuditSealTable;
}

/**
 * What the doors of the HIS, the workflow and the activities of the patient-sync flow say to each other. Everything here
 * stands in a Temporal history: the content of a change is a person's data, and is encrypted there by the payload codec.
 */
import type { ErrorCode } from './errors';
import type { KeyedHash, OrganizationId } from './identifiers';
import type { Stage } from './stages';

/** Events that a HIS may send (SPECS §6.1), and the two of the FHIR door. */
export const PATIENT_EVENTS = ['A01', 'A04', 'A05', 'A08', 'A28', 'A31', 'A40', 'fhir-create', 'fhir-update'] as const;
export type PatientEvent = (typeof PATIENT_EVENTS)[number];

/** HL7 trigger events among them. */
export const ADT_EVENTS = ['A01', 'A04', 'A05', 'A08', 'A28', 'A31', 'A40'] as const;
export type AdtEvent = (typeof ADT_EVENTS)[number];

/** Where a change came from: tells a repeat from new work, and orders the changes of one patient. */
export interface ChangeOrigin {
  /** Name of the listener or of the HTTP door; a control id is unique within it. */
  readonly source: string;
  /** One TCP connection, or one HTTP request. Changes of one connection are in order, whatever their times say. */
  readonly connection: string;
  /** Place within the connection. */
  readonly sequence: number;
  /** MSH-10, or the id of the HTTP request. */
  readonly controlId: string;
  /** SHA-256 of the bytes as they came, hexadecimal. */
  readonly digest: string;
}

/**
 * What a change says about the patient: the segments or resources that the mapping reads, and no others. Mapped when it is
 * sent, so that a corrected mapping also serves what waits.
 */
export type PatientContent =
  /** Segments ended by carriage returns, decoded by MSH-18. */
  | { readonly form: 'hl7'; readonly text: string }
  /** A Bundle of Patient and Condition as JSON text. */
  | { readonly form: 'fhir'; readonly version: 'R4' | 'STU3'; readonly json: string };

/** One message of the HIS about one patient. */
export interface PatientChange {
  /** UUIDv5 of organization, source, control id and digest: the same message has the same id. */
  readonly id: string;
  readonly origin: ChangeOrigin;
  readonly event: PatientEvent;
  /** A merge names a second patient, whose number leads to this one from now on. */
  readonly kind: 'upsert' | 'merge';
  /** EVN-2, else MSH-7; meta.lastUpdated; else when it came. */
  readonly eventAtMs: number;
  readonly receivedAtMs: number;
  readonly content: PatientContent;
  /** Of a merge: the patient whose number ends. */
  readonly prior?: KeyedHash;
  /** It came under a number that leads to this patient since (A40): its content is the person's, its number is not. */
  readonly forwarded?: true;
}

/** A change without what it says about the patient: all that its order and the ledger need. */
export type ChangeHeader = Omit<PatientChange, 'content'>;

/** The place of a change in the order of its patient. */
export interface PatientVersion {
  readonly eventAtMs: number;
  readonly connection: string;
  readonly sequence: number;
}

/** A patient in the registry. */
export interface PatientKey {
  readonly organization: OrganizationId;
  /** Keyed hash of assigning authority and number (`patientHash`). */
  readonly patient: KeyedHash;
}

/**
 * Keyed hash of a patient's number.
 * @param hash keyed hash of the runtime; @param number what makes it unique, and the number
 */
export function patientHash(
  hash: (value: string) => KeyedHash,
  organization: OrganizationId,
  { namespace, value }: { readonly namespace: string; readonly value: string },
): KeyedHash {
  return hash(JSON.stringify(['patient', organization, namespace, value]));
}

/** Input of the workflow of one patient. The changes come by signal. */
export interface PatientSyncInput extends PatientKey {
  /** Carried over continue-as-new: came, and were not looked at. */
  readonly waiting?: readonly PatientChange[];
  /** Carried over: taken up and not sent, oldest to newest. */
  readonly taken?: readonly PatientChange[];
  /** Carried over: why the taken ones are parked. */
  readonly parked?: PatientFailure;
  /** Carried over: reports that the registration desk did not get yet. */
  readonly reports?: readonly DeskReport[];
}

/** Why changes are parked. No values of the patient. */
export interface PatientFailure {
  readonly code: ErrorCode;
  readonly message: string;
  /** The element that Roche named, as in `Patient.name.family`. */
  readonly element?: string;
  readonly sinceMs: number;
}

/** What the registration desk is told of a patient whom Roche refuses. No data of the patient: the desk has its own. */
export interface DeskReport extends PatientKey {
  readonly changeId: string;
  /** MSH-10: by it the HIS finds the patient. */
  readonly controlId: string;
  readonly source: string;
  readonly event: PatientEvent;
  readonly code: ErrorCode;
  readonly element?: string;
  readonly atMs: number;
}

/** What taking up a change found. `repeat`: it was taken before; the others are states. */
export type TakeUpVerdict = 'taken' | 'repeat' | 'stale' | 'conflict';

/** One try to bring what waits for a patient to Roche. */
export interface SendPatientInput extends PatientKey {
  /** Oldest to newest. */
  readonly changes: readonly PatientChange[];
  /** The destination let it through although it is not open. */
  readonly released: boolean;
}

export type SendPatientResult =
  | { readonly status: 'accepted'; readonly state: 'created' | 'updated' | 'unchanged' | 'merged' }
  /** The number leads to another patient, who has the changes now. */
  | { readonly status: 'forwarded' }
  /** Roche's services are paused, held or draining; the signal `released` says when it is this patient's turn. */
  | { readonly status: 'waiting' };

/** Answer of the `status` query. */
export interface PatientSyncStatus {
  readonly stage: Stage;
  /** Changes that are taken up and not sent. */
  readonly waiting: number;
  readonly errorCode?: ErrorCode;
  readonly errorMessage?: string;
  readonly element?: string;
}

/** Result of a run. */
export interface PatientSyncResult {
  /** Changes that this run took up. */
  readonly changes: number;
}

/** How a change ended; also its state in the store. */
export const ChangeState = {
  /** The workflow has it: it is being sent, or waits. */
  taken: 'taken',
  created: 'created',
  updated: 'updated',
  /** Roche has exactly this already: nothing was sent. */
  unchanged: 'unchanged',
  /** A newer one that waited as well was sent in its place. */
  superseded: 'superseded',
  /** Older than what Roche has. */
  stale: 'stale',
  /** A merge that is in the registry and at Roche. */
  merged: 'merged',
  /** Its patient was merged: handed to the survivor. */
  forwarded: 'forwarded',
  parked: 'parked',
  discarded: 'discarded',
  /** Its control id was used for other bytes before. */
  conflict: 'conflict',
} as const;
export type ChangeState = (typeof ChangeState)[keyof typeof ChangeState];

/** State of a patient in the registry. */
export const PatientState = {
  /** Known here, not at Roche. */
  new: 'new',
  /** A create was sent and its answer is not known: looked up before it is sent again. */
  creating: 'creating',
  /** Roche has the patient. */
  active: 'active',
  /** The number leads to another patient (A40). */
  merged: 'merged',
} as const;
export type PatientState = (typeof PatientState)[keyof typeof PatientState];

/** Whether the patient's data may come back from Roche. */
export const Consent = { given: 'given', withdrawn: 'withdrawn', missing: 'missing' } as const;
export type Consent = (typeof Consent)[keyof typeof Consent];

/** What reading a message of the HIS and writing Roche's Bundle take and give. */
import type { Hl7Control } from '../../protocols/hl7-v2/control';
import type { AdtEvent, PatientContent, PatientEvent } from '../../domain/patient-sync';
import type { TimeZone } from '../model/time-zone';
import type { MessageBundle } from './stu3';

/** The parts of `organizations.*.patientSync` that decide about content. */
export interface PatientSyncConfigured {
  readonly identifier: {
    /** System of the patient number at Roche. */
    readonly system: string;
    /** PID-3.5 of the repetition that is the patient number. */
    readonly type: string;
    /** First part of PID-3.4 of that repetition; an `identifier.system` at the FHIR door. */
    readonly authority?: string | undefined;
  };
  readonly events: readonly AdtEvent[];
  /** Table 0103; default: P alone, so that a training system that is connected by mistake changes nothing. */
  readonly processingIds?: readonly string[] | undefined;
  readonly requireCondition: boolean;
  /** `I10|E10.9` → SNOMED code. */
  readonly diagnoses: Readonly<Record<string, string>>;
}

/** {@link PatientSyncConfigured}, made ready once for an organization by `patientSyncSettings`. */
export interface PatientSyncSettings {
  readonly identifier: PatientSyncConfigured['identifier'];
  readonly events: ReadonlySet<string>;
  readonly processingIds: ReadonlySet<string>;
  readonly requireCondition: boolean;
  /** `system|code` → SNOMED code; the system as it is after HL7 names were mapped. */
  readonly diagnoses: ReadonlyMap<string, string>;
  /** Zone of the organization, for times without offset. */
  readonly timeZone: TimeZone;
}

/** A number of the hospital for a patient. */
export interface PatientNumber {
  readonly value: string;
  /**
   * What makes the value unique: the configured authority, else the first part of PID-3.4 (the universal id where that is
   * empty), else ''; at the FHIR door the system. With the value it is what `patientHash` is made of.
   */
  readonly namespace: string;
  /** PID-3.4 as the HIS sent it, `NAME` or `NAME&universal id&type`; '' where it sent none. For messages to the EMR. */
  readonly assigningAuthority: string;
  /** PID-3.5 as sent, else the configured type. */
  readonly type: string;
}

/** What a message of the HIS says. */
export interface ReadChange {
  readonly event: PatientEvent;
  readonly kind: 'upsert' | 'merge';
  /** MSH-10; '' at the FHIR door, where the request has the id. */
  readonly controlId: string;
  /** EVN-2, else MSH-7; meta.lastUpdated. Undefined: when it came counts. */
  readonly eventAtMs?: number;
  readonly number: PatientNumber;
  /** Of a merge: the number that ends. */
  readonly prior?: PatientNumber;
  /** What the mapping reads and nothing else. */
  readonly content: PatientContent;
}

/** Table 0357, as far as it is used. */
export type Hl7ErrorCode = '100' | '101' | '102' | '103' | '200' | '201' | '202' | '203' | '207';

/** Where in the message (ERR-2). */
export interface Hl7Location {
  readonly segment: string;
  /** Which of the segments of that name, from 1. */
  readonly sequence: number;
  readonly field?: number;
  /** Repetition, from 1. */
  readonly repetition?: number;
  readonly component?: number;
}

/** Why a message is not taken, as far as it is about the content. */
export type Hl7Problem = Pick<Hl7Refusal, 'answer' | 'errorCode' | 'location' | 'text'>;

/** Why a message is not taken. Holds no value of the message outside `control`. */
export interface Hl7Refusal {
  readonly answer: 'AE' | 'AR';
  readonly errorCode: Hl7ErrorCode;
  readonly location?: Hl7Location;
  /** For a person; no values of the message. */
  readonly text: string;
  /** For the acknowledgment; undefined when it is no message. */
  readonly control: Hl7Control | undefined;
}

export type AdtReading =
  | { readonly ok: true; readonly change: ReadChange; readonly control: Hl7Control }
  | { readonly ok: false; readonly refusal: Hl7Refusal };

/** Issue codes of FHIR (value set issue-type) that a refusal may have. */
export type FhirIssueCode =
  'structure' | 'required' | 'value' | 'invalid' | 'too-long' | 'not-supported' | 'business-rule';

/** One issue of an OperationOutcome. */
export interface FhirIssue {
  readonly severity: 'error';
  readonly code: FhirIssueCode;
  /** Paths like `Bundle.entry[0].resource.name[0].family` or `Patient.identifier`. */
  readonly expression: readonly string[];
  /** For a person; no values of the resource. */
  readonly diagnostics: string;
}

export interface FhirRefusal {
  readonly issues: readonly FhirIssue[];
}

export type FhirReading =
  { readonly ok: true; readonly change: ReadChange } | { readonly ok: false; readonly refusal: FhirRefusal };

/** What a Bundle holds beside the patient. */
export interface RocheContext {
  /** Roche's OID of the organization. */
  readonly organizationOid: string;
  /** MessageHeader.timestamp. */
  readonly timestampMs: number;
  /** MessageHeader.id; a UUID. Default: made of the content and the time. */
  readonly messageId?: string;
  /** The patient's number, when it is another than that of the newest content: that came under a number that was merged. */
  readonly number?: string;
}

/** The message Bundle for Roche. */
export interface RocheBundle {
  readonly bundle: MessageBundle;
  /** Canonical JSON of what the Bundle says about the patient, without times and ids of the message. */
  readonly contentHashInput: string;
  /**
   * True when all that is known of the patient is a number and a name: the PID of some merges (A40) has no more, and sent as
   * an update it would empty what Roche has.
   */
  readonly namesOnly: boolean;
}

/**
 * What is audited: every time data of patients leaves Ductus, is looked at or changed, and every decision of an operator
 * (ADR 0014). `audit-event.ts` writes an entry as a FHIR AuditEvent.
 */
import type { KeyedHash } from './identifiers';

/** Kinds of events. The names stand in the table and in exports, so that one is never reused for something else. */
export const AUDIT_KINDS = [
  /** An attempt to deliver a message: it was accepted, refused, or its outcome is not known. */
  'delivery',
  /** A decision on parked work. */
  'repair',
  /** A destination was held or resumed. */
  'destination-order',
  /** A difference was signed off, and its files are sent again. */
  'redelivery-approval',
  /** The patient cross-reference, a consent or a merge was written. */
  'patients-change',
  /** Numbers of patients, or one patient of the registry, were shown. */
  'patients-read',
  /** The difference before a redelivery was shown; it has values of patients. */
  'difference-read',
  /** Payloads of a history or a blob were decoded for a person. */
  'payload-read',
  /** The audit itself was read, exported or verified. */
  'audit-read',
  /** A wrong token at the operators' API. */
  'sign-in-failure',
  /** A known operator asked for something without the right to it. */
  'access-refused',
] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

/** http://hl7.org/fhir/R4/valueset-audit-event-action.html */
export type AuditAction = 'C' | 'R' | 'U' | 'D' | 'E';

/** http://hl7.org/fhir/R4/valueset-audit-event-outcome.html: success, minor failure, serious failure. */
export type AuditOutcome = 0 | 4 | 8;

/** How somebody came in. */
export interface AuditOrigin {
  readonly via?: 'cli' | 'http' | 'web-ui';
  /** Network address, or the name of the machine for the command line. */
  readonly address?: string;
}

/** Who looks at something. */
export interface Viewer {
  readonly by: string;
  readonly origin?: AuditOrigin;
}

/** Who acts when no person does. */
export const DUCTUS_ITSELF = 'ductus';

/** One event, as it is written down. Numbers of patients stand in it as marks only; see `patientMarks`. */
export interface AuditEntry {
  /** UUID; the same again is the same event, so that a step can be repeated. Default: a random one. */
  readonly id?: string;
  readonly kind: AuditKind;
  readonly action: AuditAction;
  /** Default: success. */
  readonly outcome?: AuditOutcome;
  readonly organization?: string;
  readonly destination?: string;
  /** Workflow id of the work that it is about. */
  readonly work?: string;
  /** MSH-10, or what stands for it. */
  readonly controlId?: string;
  readonly by: string;
  readonly origin?: AuditOrigin;
  readonly patients?: readonly string[];
  /** Reasons, counts, codes. Never a value or a number of a patient. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/** An entry of the table. */
export interface AuditRecord extends AuditEntry {
  readonly id: string;
  readonly at: Date;
  readonly outcome: AuditOutcome;
}

/** Stands before the hash of a bare number; one without it begins the next patient. */
const NUMBER_SIGN = '=';

/**
 * The marks of a patient in the audit: the keyed hash that delivery takes turns by, and those of each number alone, so that
 * somebody who has only the number finds the events.
 * @param hash keyed hash of the runtime; @param key `system|value`, as `PatientContext.key`
 */
export function patientMarks(
  hash: (value: string) => KeyedHash,
  organization: string,
  patient: { readonly key: string; readonly numbers: readonly string[] },
): readonly string[] {
  return [
    patientLane(hash, organization, patient.key),
    ...new Set(patient.numbers.map((number) => numberMark(hash, organization, number))),
  ];
}

/** Keyed hash of a patient: what delivery takes turns by. */
export function patientLane(hash: (value: string) => KeyedHash, organization: string, key: string): KeyedHash {
  return hash(`${organization}|patient|${key}`);
}

/** The mark of a number of the hospital or of Roche, whatever its system. */
export function numberMark(hash: (value: string) => KeyedHash, organization: string, number: string): string {
  return `${NUMBER_SIGN}${hash(`${organization}|number|${number}`)}`;
}

/** The patients of a list of marks, each with the hashes of its numbers. */
export function patientsOfMarks(
  marks: readonly string[],
): readonly { readonly lane: string; readonly numbers: readonly string[] }[] {
  const patients: { lane: string; numbers: string[] }[] = [];
  for (const mark of marks) {
    if (!mark.startsWith(NUMBER_SIGN)) patients.push({ lane: mark, numbers: [] });
    else patients.at(-1)?.numbers.push(mark.slice(NUMBER_SIGN.length));
  }
  return patients;
}

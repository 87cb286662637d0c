/** The parts of FHIR STU3 that a Bundle for Roche has (SPECS §1.2). */

export interface Extension {
  readonly url: string;
  readonly valueString: string;
}

export interface ElementWithExtensions {
  readonly extension: readonly Extension[];
}

export interface HumanName {
  readonly use?: string;
  readonly text?: string;
  readonly family?: string;
  readonly _family?: ElementWithExtensions;
  readonly given?: readonly string[];
  readonly prefix?: readonly string[];
  readonly suffix?: readonly string[];
}

export interface ContactPoint {
  readonly system: string;
  readonly value: string;
  readonly use?: string;
}

export interface Address {
  readonly use?: string;
  readonly type?: string;
  readonly text?: string;
  readonly line?: readonly string[];
  readonly city?: string;
  readonly district?: string;
  readonly state?: string;
  readonly postalCode?: string;
  readonly country?: string;
}

export interface Coding {
  readonly system?: string;
  readonly code?: string;
  readonly display?: string;
}

export interface CodeableConcept {
  readonly coding?: readonly Coding[];
  readonly text?: string;
}

/** What is said about the patient; the rest of the resource is the same for all. */
export interface PatientElements {
  /** Left out: true. */
  readonly active?: boolean;
  readonly name?: readonly HumanName[];
  readonly telecom?: readonly ContactPoint[];
  readonly gender?: string;
  readonly birthDate?: string;
  readonly deceasedBoolean?: boolean;
  readonly deceasedDateTime?: string;
  readonly address?: readonly Address[];
  readonly maritalStatus?: CodeableConcept;
  readonly multipleBirthBoolean?: boolean;
  readonly multipleBirthInteger?: number;
  readonly communication?: readonly { readonly language: CodeableConcept }[];
}

/** What is said about a diagnosis. */
export interface ConditionElements {
  /** SNOMED code of a kind of diabetes. */
  readonly snomed: string;
  readonly text?: string;
  readonly onsetDateTime?: string;
  readonly assertedDate?: string;
}

export interface Stu3Resource {
  readonly resourceType: 'MessageHeader' | 'Patient' | 'Condition';
  readonly id: string;
  readonly [element: string]: unknown;
}

export interface MessageBundle {
  readonly resourceType: 'Bundle';
  readonly type: 'message';
  readonly entry: readonly { readonly fullUrl: string; readonly resource: Stu3Resource }[];
}

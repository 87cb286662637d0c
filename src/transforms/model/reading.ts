/**
 * The clinical model between the forms: what a resource says, without the syntax of FHIR on one side and of HL7 v2, FHIR
 * R4 or JSON on the other. Readers of a format make it (fhir-bundle, cda), the selection changes it for a destination,
 * writers write it. All types here are plain data.
 */
import type { FhirTime } from './time';

/** A code as FHIR writes it. */
export interface Code {
  /** URI of the code system, as in `http://loinc.org`. */
  readonly system: string | undefined;
  readonly code: string;
  readonly display: string | undefined;
}

/** What the sender says about a statement: it stands, it is not verified yet, or it must go. */
export type Standing = 'final' | 'preliminary' | 'deleted';

/** A number with its digits as they were written; `comparator` is `<`, `<=`, `>` or `>=`. */
export interface Value {
  readonly number: string;
  readonly comparator: string | undefined;
}

/** A value that is no number: codes, the main one first, with the words beside them; or words alone. */
export type Finding =
  | { readonly kind: 'codes'; readonly codes: readonly Code[]; readonly words?: string }
  | { readonly kind: 'text'; readonly text: string };

/** The number by which a person can find the device that measured. */
export interface DeviceId {
  readonly value: string;
  readonly system: string | undefined;
}

/** What kinds of readings there are (SPECS §1.5). `measurement`: any other Observation with a quantity, a code or words. */
export type ReadingKind = 'glucose' | 'carbs' | 'insulin' | 'measurement';

/** How insulin was given: Roche's `admin-type` and what kind of dose it was. */
export interface InsulinDelivery {
  /** Code of `medication-administration-dosage/admin-type`: bolusStd, bolusExt, bolusMul, basal, syringe (SNOMED 61968008). */
  readonly adminType: Code | undefined;
  /** True for a rate (`[IU]/h`), as of a basal profile. */
  readonly isRate: boolean;
}

/**
 * Where each part of a reading stood, relative to its resource, as in `valueQuantity.value`. Constants shared by all
 * readings of a shape: thousands of readings must not hold thousands of these.
 */
export type Elements = Readonly<Partial<Record<ElementName, string>>>;
export type ElementName =
  | 'identifier'
  | 'status'
  | 'codes'
  | 'value'
  | 'comparator'
  | 'unit'
  | 'start'
  | 'end'
  | 'comments'
  | 'device'
  | 'adminType'
  | 'interpretation'
  | 'referenceRange'
  | 'related'
  | 'subject';

/** One value at one time. */
export interface Reading {
  readonly kind: ReadingKind;
  readonly standing: Standing;
  /** The sender's codes, the main one first; never empty. */
  readonly codes: readonly Code[];
  /** The sender's words beside the codes, where no code has them for a name: the brand of an insulin, say. */
  readonly codeText?: string;
  /** Absent in a deletion, and where there is a finding. */
  readonly value: Value | undefined;
  /** What a `measurement` found, when it is no number. */
  readonly finding?: Finding;
  /** UCUM code. Absent where the value is. */
  readonly unit: string | undefined;
  readonly start: FhirTime | undefined;
  readonly end: FhirTime | undefined;
  readonly comments: readonly string[];
  readonly device: DeviceId | undefined;
  /** Set for `insulin`. */
  readonly insulin?: InsulinDelivery;
  /** Codes of the FHIR value set observation-interpretation, as in `H`. */
  readonly interpretation?: readonly Code[];
  /** Text for OBX-7, as in `70-180`. */
  readonly referenceRange?: string;
  /** References of resources that belong to it: carbs eaten with a measurement (`related`, has-member). */
  readonly members?: readonly string[];
  /** What Ductus did to it: stated beside the value, as in `Converted from 104 mg/dL; rounded to 1 decimal.` */
  readonly remarks?: readonly string[];
  readonly elements: Elements;
}

/** A device that the bundle describes: Device with its DeviceComponents and DeviceMetrics. */
export interface DeviceDescription {
  readonly id: DeviceId;
  readonly type: readonly Code[];
  readonly manufacturer: string | undefined;
  readonly model: string | undefined;
  readonly serialNumber: string | undefined;
  readonly udi: string | undefined;
  /** Versions with what they are of, as the sender says it (`firmware`), or undefined. */
  readonly versions: readonly { readonly of: string | undefined; readonly value: string }[];
  /** What it measures: the DeviceMetrics that lead to it. */
  readonly metrics: readonly {
    readonly type: readonly Code[];
    readonly unit: string | undefined;
    /** Relative to the bundle. */
    readonly path: string;
  }[];
  /** `entered-in-error` is a deletion; an `inactive` device has measured all the same. */
  readonly standing: Standing;
}

/** A document (CDA, `Clinical Report`): what its header says, and its bytes. */
export interface Report {
  /** `id` of the document: root, and extension when there is one. */
  readonly id: { readonly root: string; readonly extension: string | undefined };
  /** `setId` and `versionNumber`: the same set, a higher number = a replacement. */
  readonly set: { readonly root: string; readonly extension: string | undefined } | undefined;
  readonly versionNumber: string | undefined;
  /** `relatedDocument` of type RPLC. */
  readonly replaces: { readonly root: string; readonly extension: string | undefined } | undefined;
  readonly type: Code;
  /** Further codes of the type: the sender's, when a code map put another first. */
  readonly otherTypes?: readonly Code[];
  readonly title: string | undefined;
  /** When it was made. */
  readonly time: FhirTime | undefined;
  readonly confidentiality: string | undefined;
  readonly language: string | undefined;
  readonly authors: readonly string[];
  readonly organization: string | undefined;
  /** The XML as it came. */
  readonly bytes: Uint8Array;
}

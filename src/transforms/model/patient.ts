/** Who an item is about, as far as a message tells it. */
import type { EmrIdentity } from './profile';

export interface HumanName {
  readonly use?: string | undefined;
  readonly text?: string | undefined;
  readonly family?: string | undefined;
  /** null where only an extension stands (FHIR JSON). */
  readonly given?: readonly (string | null)[] | undefined;
  readonly prefix?: readonly (string | null)[] | undefined;
  readonly suffix?: readonly (string | null)[] | undefined;
}

/** What the input says about a person. */
export interface PatientDetails {
  readonly name?: readonly HumanName[] | undefined;
  readonly gender?: string | undefined;
  readonly birthDate?: string | undefined;
}

export interface PatientContext {
  /** `system|value` of the identifier, else the reference: what delivery order is keyed on. */
  readonly key: string;
  /** The number that the input gives. */
  readonly identifier: {
    readonly system: string | undefined;
    readonly value: string;
    /** Code of table 0203, where the input says it. */
    readonly type?: string | undefined;
  };
  /** The Patient resource, when the bundle has it. */
  readonly details: PatientDetails | undefined;
  /** Element path of the Patient resource, or of the reference that names the patient. */
  readonly path: string;
  /** The hospital's own number, from the registry; absent: the input's number is used. */
  readonly emr?: EmrIdentity | undefined;
}

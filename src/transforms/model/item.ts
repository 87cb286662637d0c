/** What goes to one destination: the result of the selection and the input of the writers. */
import type { ContextResource } from './content';
import type { DeviceDescription, Reading, Report } from './reading';
import type { PatientContext } from './patient';

export type Content =
  | { readonly kind: 'reading'; readonly reading: Reading }
  | { readonly kind: 'device'; readonly device: DeviceDescription }
  | { readonly kind: 'report'; readonly report: Report }
  /** A resource without a mapping, carried as it is by the policy `unmapped: carry`. */
  | { readonly kind: 'carried' };

/** The kinds by which people count: `summary` is one for a day of readings. */
export const ITEM_KINDS = [
  'glucose',
  'carbs',
  'insulin',
  'measurement',
  'device',
  'report',
  'carried',
  'summary',
] as const;
export type ItemKind = (typeof ITEM_KINDS)[number];

/**
 * What the destination shall do with it. `F` final, `P` preliminary, `C` correction of what it has, `D` deletion of what
 * it has. Codes of HL7 table 0085 (SPECS §6.2); a form that has other codes translates them.
 */
export type ResultStatus = 'F' | 'P' | 'C' | 'D';

export interface Item {
  readonly kind: ItemKind;
  readonly content: Content;
  readonly status: ResultStatus;
  readonly patient: PatientContext;
  /** The resource whose version the ledger keeps, as in `Observation/123`; names the item in OBX-21. */
  readonly reference: string;
  /**
   * All resources that the item stands for: more than one for a summary. None where another item stands for them, as
   * the count of a summary does for its mean: each is delivered once.
   */
  readonly references: readonly string[];
  /** First reference of the item that it goes with, when it has no references itself. */
  readonly beside?: string | undefined;
  /** Element path of the resource, as in `Bundle.entry[3].resource`. */
  readonly path: string;
  readonly resourceType: string;
  /** The resource as it was parsed: for forms that keep all of it. Numbers are lossless (fhir-bundle/lossless-json). */
  readonly raw: Readonly<Record<string, unknown>>;
  /** `Bundle.entry.fullUrl`: other resources may refer to it by this. */
  readonly fullUrl?: string | undefined;
  /** Device resources of the file that it leads to. */
  readonly context?: readonly ContextResource[] | undefined;
}

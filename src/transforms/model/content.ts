/** A file as the readers give it to the selection: its resources, whom they are about, and what was found in each. */
import type { PatientContext } from './patient';
import type { DeviceDescription, Reading, Report } from './reading';

/** What was found in a resource. */
export type Mapping =
  | { readonly kind: 'reading'; readonly reading: Reading }
  | { readonly kind: 'device'; readonly device: DeviceDescription }
  | { readonly kind: 'report'; readonly report: Report }
  /** Explains others and holds no health data of its own. */
  | { readonly kind: 'context' }
  | { readonly kind: 'unmapped'; readonly why: string };

/** A resource that explains others: a DeviceMetric, the DeviceComponent and the Device behind it. */
export interface ContextResource {
  /** As in `Device/1`. */
  readonly reference: string;
  /** `Bundle.entry.fullUrl`: other resources may refer to it by this. */
  readonly fullUrl?: string | undefined;
  readonly path: string;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** A resource of a file, as delivery and ledger see it, with what the reader found in it. */
export interface ParsedResource {
  /** `Observation/abc`; without id `Observation?identifier=system|value`; else `Observation?sha256=…`. */
  readonly reference: string;
  readonly type: string;
  /** `meta.versionId`, else `meta.lastUpdated`, else the content hash. */
  readonly version: string;
  readonly lastUpdated: string | undefined;
  /** SHA-256 (hexadecimal) of the content, whatever the order of its members. */
  readonly contentHash: string;
  /** `system|value` of the patient's identifier, or the reference; what delivery order is keyed on. */
  readonly patient: string | undefined;
  readonly mapping: Mapping;
  readonly subject: PatientContext | undefined;
  /** Element path, as in `Bundle.entry[3].resource`. */
  readonly path: string;
  readonly raw: Readonly<Record<string, unknown>>;
  /** Elements and extensions that hold something and that no mapping reads, as in `Observation.bodySite`. */
  readonly unread: readonly string[];
  /** `Bundle.entry.fullUrl`: other resources may refer to it by this. */
  readonly fullUrl?: string | undefined;
  /** Device resources of the file that it leads to; the same array for all readings of a device. */
  readonly context?: readonly ContextResource[] | undefined;
}

export interface FileContent {
  /** One for each reference: the newest, in the order of the file. */
  readonly resources: readonly ParsedResource[];
  /** References of older versions and repeats of the above in the same file. */
  readonly superseded: readonly string[];
}

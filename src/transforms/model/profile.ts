/** What differs from destination to destination: made of the configuration by the activities, pure data here. */
import type { ItemKind } from './item';
import type { Code } from './reading';

/** Values of MSH-18 that Ductus writes (HL7 table 0211). */
export type CharacterSet = 'UNICODE UTF-8' | '8859/1' | '8859/15';

export type GlucoseUnit = 'mg/dL' | 'mmol/L';

/** One row of a code map. */
export interface CodeMapping {
  readonly from: { readonly system: string; readonly code: string };
  /** Only for readings with this UCUM unit. */
  readonly unit?: string | undefined;
  /** The code to send. In HL7 v2 `system` may be a name of table 0396 or a local one (`99LAB`), in FHIR a URI. */
  readonly to: Code;
}

export interface SelectionProfile {
  /** Kinds that the destination takes; what is not among them is left out and counted. */
  readonly kinds: readonly ItemKind[];
  /** `all`, the last of each hour, or min, mean and max of each day: by kind of reading. */
  readonly density: Readonly<Partial<Record<'glucose' | 'carbs' | 'insulin', Density>>>;
  readonly glucoseUnit: 'as-sent' | GlucoseUnit;
  readonly codeMappings: readonly CodeMapping[];
  /** What happens to resources, codes and elements without a mapping. */
  readonly unmapped: 'report' | 'carry' | 'park';
  /** IANA zone of times that come without an offset, and of the days and hours of a summary. */
  readonly timeZone: string;
  /** Where the patient's number comes from. */
  readonly identity: 'as-sent' | 'registry';
  /** With `registry`: what happens to a patient without an entry. Absent: `as-sent`. */
  readonly unknownPatient?: 'park' | 'as-sent' | undefined;
  /** False: a device only stands in its readings, so that its own resource is context. Absent: true. */
  readonly describeDevices?: boolean | undefined;
}
export type Density = 'all' | 'latest-per-hour' | 'daily-summary';

export interface Hl7Profile {
  /** `2.5.1`, or the IHE PCD-01 profile of HL7 v2.6. */
  readonly version: '2.5.1' | 'pcd-01';
  /** MSH-3 to MSH-6: `NAME`, or `NAME^universal id^type`. */
  readonly sendingApplication: string;
  readonly sendingFacility: string;
  readonly receivingApplication: string;
  readonly receivingFacility: string;
  /** MSH-11. */
  readonly processingId: 'P' | 'T' | 'D';
  /** MSH-18. */
  readonly characterSet: CharacterSet;
  /** PID-3.4: `NAME`, or `NAME&universal id&type`; empty: made of the identifier's system. */
  readonly patientAssigningAuthority: string;
  /** PID-3.5, table 0203. */
  readonly patientIdentifierType: string;
  /**
   * `panel` (default): one OBR for all observations of a message. `observation`: an OBR for each, with the
   * resource id in OBR-3, for receivers that find the result to correct or delete by its filler number.
   */
  readonly grouping: 'panel' | 'observation';
  /** OBX-11 of a deletion: `D` or `W` (table 0085). */
  readonly deletionStatus: 'D' | 'W';
  /** Insulin as OBX of an ORU^R01, or as RAS^O17. */
  readonly insulin: 'oru' | 'ras';
  /** A device only as OBX-18 of its readings, or also described by OBX of its own. */
  readonly devices: 'reference' | 'describe';
  /** PV1, when the destination wants one. Components are written as they are configured. */
  readonly visit?:
    { readonly patientClass: string; readonly location: string; readonly visitNumber: string } | undefined;
  /** OBR-16 (and ORC-12), an XCN: `id^family^given`. Empty: none. */
  readonly orderingProvider: string;
  readonly maxObservationsPerMessage: number;
}

export interface FhirProfile {
  /**
   * `conditional`: PUT `Type?identifier=…` without an id, for any server. `id`: PUT `Type/<UUIDv5>`, for servers that
   * let clients choose ids.
   */
  readonly upsert: 'conditional' | 'id';
  /** Most entries of a transaction. */
  readonly maxEntriesPerBundle: number;
  /** Of the hospital's own numbers that come without one: `NAME&universal id&type`, as in `Hl7Profile`. */
  readonly patientAssigningAuthority?: string | undefined;
}

/** Everything about one destination that the mapping needs. */
export interface MappingProfile {
  readonly form: 'hl7' | 'fhir' | 'json';
  readonly selection: SelectionProfile;
  readonly hl7: Hl7Profile;
  readonly fhir: FhirProfile;
}

/**
 * What the destination has of a resource, by its reference: `current` = this very version (leave out), `newer` = a
 * later one (leave out), `earlier` = an earlier one (send as correction, or as deletion when it was
 * cancelled). Absent = never sent.
 */
export type DeliveryState = ReadonlyMap<string, 'current' | 'newer' | 'earlier'>;

/** The hospital's own number of a patient: what goes to PID-3. */
export interface EmrIdentity {
  readonly value: string;
  /** `NAME`, or `NAME&universal id&type`; empty: that of the destination. */
  readonly assigningAuthority: string;
  /** Table 0203; empty: that of the destination. */
  readonly identifierType: string;
}

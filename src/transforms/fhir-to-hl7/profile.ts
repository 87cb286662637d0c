/** What differs from EMR to EMR in the messages, and what the EMR has already. */
import type { CharacterSet } from './character-set';

export interface Hl7Profile {
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
  /** IANA zone of device times that come without an offset. */
  readonly timeZone: string;
  readonly maxObservationsPerMessage: number;
  /** What happens to resources without a mapping: only reported; carried as they are in an ED observation; or the file stops. */
  readonly unmapped: 'report' | 'carry' | 'park';
  /**
   * `panel` (default): one OBR for all observations of a message. `observation`: an OBR for each, with the
   * resource id in OBR-3, for receivers that find the result to correct or delete by its filler number.
   */
  readonly grouping?: 'panel' | 'observation';
}

/**
 * What the EMR has of a resource, by its reference: `current` = this very version (leave out), `newer` = a
 * later one (leave out), `earlier` = an earlier one (send as correction, or as deletion when it was
 * cancelled). Absent = never sent.
 */
export type DeliveryState = ReadonlyMap<string, 'current' | 'newer' | 'earlier'>;

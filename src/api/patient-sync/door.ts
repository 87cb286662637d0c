/** What the doors of the HIS need of what is behind them, and what they tell of themselves. */
import type { KeyedHash, OrganizationId } from '../../domain/identifiers';
import type { PatientChange } from '../../domain/patient-sync';
import type { HisMetrics } from '../../runtime/telemetry/his-metrics';
import type { Logger } from '../../runtime/telemetry/logger';
import type { PatientSyncSettings } from '../../transforms/adt-to-fhir';
import type { ControlIds } from './control-ids';

/** A change on its way to the workflow of its patient. */
export interface AcceptInput {
  readonly organization: OrganizationId;
  readonly patient: KeyedHash;
  readonly change: PatientChange;
}

export interface PatientSyncDoor {
  /** Stores the change in Temporal. @throws DuctusError when it is not stored */
  readonly accept: (input: AcceptInput) => Promise<'stored'>;
  readonly hash: (value: string) => KeyedHash;
  /** The change that was taken under a control id within `LIMITS.controlIdWindowMs`; its digest is a keyed hash. */
  readonly earlier: (
    organization: OrganizationId,
    source: string,
    controlId: string,
  ) => Promise<{ readonly digest: string } | undefined>;
  readonly metrics: HisMetrics;
  readonly logger: Logger;
  /** What this process has answered lately; one for all of its doors. */
  readonly answered: ControlIds;
}

/** The side of one organization, made ready once. */
export interface HisOrganization {
  readonly organization: OrganizationId;
  readonly settings: PatientSyncSettings;
}

/** Where a message came in. */
export interface Arrival {
  /** Name of the listener or of the HTTP door. */
  readonly source: string;
  /** A random UUID for a TCP connection or a request. */
  readonly connection: string;
  readonly sequence: number;
  readonly receivedAtMs: number;
}

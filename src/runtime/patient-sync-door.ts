/** What is behind the doors of the HIS: Temporal, which stores the work, and the ledger, which knows of earlier messages. */
import type { AcceptInput, PatientSyncDoor } from '../api/patient-sync/door';
import { ControlIds } from '../api/patient-sync/control-ids';
import { controlIdLookup } from '../api/patient-sync/control-id-lookup';
import { earlierChange } from '../queries/patient-changes';
import type { Store } from '../store/database';
import { createKeyedHash } from './codec/keyed-hash';
import type { Config } from './config/schema';
import type { Logger } from './telemetry/logger';
import type { Metrics } from './telemetry/metrics';

export interface DoorParts {
  readonly config: Config;
  readonly store: Store;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Resolves when Temporal has stored the change. @throws DuctusError DUCTUS_TEMPORAL_UNAVAILABLE */
  readonly notify: (input: AcceptInput) => Promise<void>;
}

/** One for all doors of a process: they share what was answered. */
export function createPatientSyncDoor({ config, store, metrics, logger, notify }: DoorParts): PatientSyncDoor {
  return {
    accept: async (input) => {
      await notify(input);
      return 'stored';
    },
    hash: createKeyedHash(config.encryption.hashKey),
    earlier: controlIdLookup(
      (organization, source, controlId) => earlierChange(store, organization, source, controlId),
      (error) => logger.warn({ err: error }, 'earlier messages of the HIS cannot be looked up; going on without'),
    ),
    metrics: metrics.his,
    logger,
    answered: new ControlIds(),
  };
}

/** What the activities need of the world. The runtime builds it once a process; tests build it from real parts. */
import type { Logger } from '../runtime/telemetry/logger';
import type { Metrics } from '../runtime/telemetry/metrics';
import type { BlobStore } from '../runtime/blob-store';
import type { ByteBudget } from '../runtime/byte-budget';
import type { Config, DestinationConfig, OrganizationConfig, PatientSyncConfig } from '../runtime/config/schema';
import type { RochePatientsClient } from '../connectors/roche/patients-client';
import type { RocheServicesClient } from '../connectors/roche/services-client';
import type { CredentialCache } from '../connectors/s3/credentials';
import type { S3ObjectReader } from '../connectors/s3/object-reader';
import type { PresignedReader } from '../connectors/s3/presigned-reader';
import type { EmrConnection } from '../connectors/emr/connection';
import type { WaitingLine } from '../connectors/emr/waiting-line';
import type { Notification, WorkKey } from '../domain/data-sharing';
import type { DestinationReport } from '../domain/destinations';
import { DuctusError } from '../domain/errors';
import type { DestinationId, KeyedHash, OrganizationId } from '../domain/identifiers';
import type { PatientChange, PatientKey } from '../domain/patient-sync';
import type { RedeliveryInput } from '../domain/redelivery';
import type { Store } from '../store/database';
import type { CodeMapping } from '../transforms/model/profile';
import type { SiteMapping } from '../transforms/model/site-mapping';

/** Outside systems of one organization. */
export interface RocheConnection {
  readonly services: RocheServicesClient;
  readonly credentials: CredentialCache;
  readonly objects: S3ObjectReader;
  readonly presigned: PresignedReader;
}

/** Roche's patient services of one organization. */
export interface PatientServices {
  readonly client: RochePatientsClient;
  /** Places for requests at once. */
  readonly line: WaitingLine;
}

/** Messages from activities to workflows, by Temporal's client. */
export interface WorkflowMessenger {
  /** An earlier file of the patient is out of the way. A workflow that is over is left alone. */
  turn(workflowId: string): Promise<void>;
  /** The destination lets a delivery through. @returns false when that workflow is over */
  released(workflowId: string, destination: DestinationId): Promise<boolean>;
  /** Starts the destination workflow where it does not run, and reports. */
  report(destination: DestinationId, report: DestinationReport): Promise<void>;
  /** Starts the destination workflow where it does not run. */
  ensureDestination(destination: DestinationId): Promise<void>;
  /** Starts the workflow for other content under an id already in use. */
  conflict(key: WorkKey, notification: Notification): Promise<void>;
  /** Gives a change to another patient: the one to whom its number leads. Starts the workflow where it does not run. */
  patientChanged(key: PatientKey, change: PatientChange): Promise<void>;
  /** The number of that patient leads to another since. A workflow that is over is left alone. */
  patientMerged(workflowId: string): Promise<void>;
  /** Starts the workflow that sends a delivered file again; one that runs is left alone. */
  redeliver(input: RedeliveryInput): Promise<void>;
}

/** What a site has written for one destination, beside the configuration. */
export interface SiteFiles {
  readonly codeMappings: readonly CodeMapping[];
  readonly mapping: SiteMapping | undefined;
}

export interface ActivityDependencies {
  readonly config: Config;
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly budget: ByteBudget;
  readonly hash: (value: string) => KeyedHash;
  /** @throws DuctusError DUCTUS_ORGANIZATION_REMOVED */
  readonly roche: (organization: OrganizationId) => RocheConnection;
  /** @throws DuctusError DUCTUS_ORGANIZATION_REMOVED */
  readonly emr: (destination: DestinationId) => EmrConnection;
  /** @throws DuctusError DUCTUS_ORGANIZATION_REMOVED */
  readonly patients: (organization: OrganizationId) => PatientServices;
  /** Code maps and mapping module of a destination, read when the worker started. */
  readonly site: (destination: DestinationId) => SiteFiles;
  readonly workflows: WorkflowMessenger;
  /** Tells people: log, metric, webhook. @returns false when the webhook did not take it: it is to be told again */
  readonly tell: (event: {
    readonly kind: 'raised' | 'cleared';
    readonly key: string;
    readonly code: string;
    readonly text: string;
  }) => Promise<boolean>;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** The organization's configuration, or an error that says that it is gone. */
export function organizationConfig(config: Config, organization: OrganizationId): OrganizationConfig {
  const found = Object.hasOwn(config.organizations, organization) ? config.organizations[organization] : undefined;
  if (found === undefined) {
    throw new DuctusError(
      'DUCTUS_ORGANIZATION_REMOVED',
      `The organization "${organization}" is no longer in the configuration.`,
    );
  }
  return found;
}

/** The organization's patient-sync flow, or an error that says that it is gone. */
export function patientSyncConfig(config: Config, organization: OrganizationId): PatientSyncConfig {
  const { patientSync } = organizationConfig(config, organization);
  if (patientSync === undefined) {
    throw new DuctusError(
      'DUCTUS_ORGANIZATION_REMOVED',
      `The organization "${organization}" has no patientSync in the configuration any more.`,
    );
  }
  return patientSync;
}

/** The destination's configuration, or an error that says that it is gone. */
export function destinationConfig(config: Config, destination: DestinationId): DestinationConfig {
  const found = Object.hasOwn(config.destinations, destination) ? config.destinations[destination] : undefined;
  if (found === undefined) {
    throw new DuctusError(
      'DUCTUS_ORGANIZATION_REMOVED',
      `The destination "${destination}" is no longer in the configuration.`,
    );
  }
  return found;
}

/** Builds what the activities need from the configuration: one set of connections a process. */
import { request } from 'undici';
import { randomUUID } from 'node:crypto';
import type {
  ActivityDependencies,
  PatientServices,
  RocheConnection,
  WorkflowMessenger,
} from '../activities/dependencies';
import { destinationConfig, organizationConfig, patientSyncConfig } from '../activities/dependencies';
import type { EmrConnection } from '../connectors/emr/connection';
import { openConnection } from '../connectors/emr/open-connection';
import { WaitingLine } from '../connectors/emr/waiting-line';
import type { RocheServicesClient } from '../connectors/roche/services-client';
import { CredentialCache, type CredentialFetch } from '../connectors/s3/credentials';
import { assumeRoleSource, webIdentitySource } from '../connectors/s3/sts';
import { DuctusError } from '../domain/errors';
import type { DestinationId, OrganizationId } from '../domain/identifiers';
import { LIMITS } from '../domain/limits';
import type { Store } from '../store/database';
import { createBlobStore } from './blob-store';
import { ByteBudget } from './byte-budget';
import { createKeyedHash } from './codec/keyed-hash';
import type { Config, OrganizationConfig, PatientSyncConfig } from './config/schema';
import { loadSiteFiles } from './site/site-files';
import type { Logger } from './telemetry/logger';
import type { Metrics } from './telemetry/metrics';
import {
  tracedConnection,
  TracedObjectReader,
  TracedPresignedReader,
  TracedRochePatients,
  TracedRocheServices,
} from './telemetry/traced-connections';

export interface Parts {
  readonly config: Config;
  readonly store: Store;
  readonly workflows: WorkflowMessenger;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface BuiltDependencies {
  readonly deps: ActivityDependencies;
  /** Closes the connections to the outside. The store is the caller's. */
  close(): Promise<void>;
}

/** One webhook call; alerts also stand in the log and in the store. */
const WEBHOOK_TIMEOUT_MS = 5_000;

/**
 * Builds the dependencies. Connections are opened at first use; the site's own files are read at once.
 * @throws DuctusError DUCTUS_CONFIG_INVALID when one of them cannot be used
 */
export function buildDependencies(parts: Parts): BuiltDependencies {
  const { config, logger, metrics } = parts;
  const roche = new Map<OrganizationId, RocheConnection>();
  const patients = new Map<OrganizationId, PatientServices>();
  const connections = new Map<DestinationId, EmrConnection>();

  const blobs = createBlobStore(config);
  const deps: ActivityDependencies = {
    ...parts,
    blobs,
    budget: new ByteBudget(config.dataSharing.maxBytesInFlight),
    hash: createKeyedHash(config.encryption.hashKey),
    roche: (id) => {
      let connection = roche.get(id);
      if (connection === undefined) {
        connection = connectRoche(organizationConfig(config, id));
        roche.set(id, connection);
      }
      return connection;
    },
    emr: (id) => {
      let connection = connections.get(id);
      if (connection === undefined) {
        connection = tracedConnection(id, openConnection(destinationConfig(config, id)));
        connections.set(id, connection);
      }
      return connection;
    },
    patients: (id) => {
      let services = patients.get(id);
      if (services === undefined) {
        const organization = organizationConfig(config, id);
        services = connectPatients(organization, patientSyncConfig(config, id));
        patients.set(id, services);
      }
      return services;
    },
    site: loadSiteFiles(config),
    tell: async (event) => {
      const isTold = (): true => {
        if (event.kind === 'raised') metrics.alert(event.code);
        return true;
      };
      logger[event.kind === 'raised' ? 'error' : 'warn']({ alert: event }, event.text);
      if (config.alerts.webhook === undefined) return isTold();
      try {
        const answer = await request(config.alerts.webhook, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ ...event, at: new Date().toISOString() }),
          signal: AbortSignal.timeout(WEBHOOK_TIMEOUT_MS),
        });
        await answer.body.dump();
        if (answer.statusCode < 300) return isTold();
        logger.warn({ status: answer.statusCode }, 'the alert webhook refused an alert');
      } catch (error) {
        // A webhook that is down must not stop deliveries; the alert is in the log and in the store.
        logger.warn({ err: error }, 'the alert webhook could not be reached');
      }
      return false;
    },
  };

  return {
    deps,
    close: async () => {
      blobs.close();
      await Promise.all([...connections.values()].map((connection) => connection.close()));
      await Promise.all(
        [...roche.values()].map(async ({ services, objects, presigned }) => {
          await services.close();
          objects.close();
          await presigned.close();
        }),
      );
      for (const { client, line } of patients.values()) {
        await line.close();
        await client.close();
      }
    },
  };
}

/** Clients of the outside systems of one organization; nothing is connected before the first request. */
export function connectRoche(organization: OrganizationConfig): RocheConnection {
  const services = new TracedRocheServices({ emrOid: organization.emrOid, config: organization.roche });
  const credentials = new CredentialCache(credentialSource(organization, services), {
    refreshBeforeMs:
      organization.retrieval.credentials.source === 'roche-token'
        ? LIMITS.tokenRefreshBeforeMs
        : LIMITS.stsRefreshBeforeMs,
  });
  return {
    services,
    credentials,
    objects: new TracedObjectReader({ retrieval: organization.retrieval, credentials }),
    presigned: new TracedPresignedReader({ retrieval: organization.retrieval }),
  };
}

/** Roche's patient services of one organization; nothing is connected before the first request. */
function connectPatients(organization: OrganizationConfig, patientSync: PatientSyncConfig): PatientServices {
  const { emrOid, roche } = organization;
  return {
    client: new TracedRochePatients({ emrOid, roche, patientSync }),
    line: new WaitingLine(
      patientSync.concurrency,
      () => new DuctusError('DUCTUS_ROCHE_UNREACHABLE', 'The worker is shutting down; it goes on elsewhere.'),
    ),
  };
}

function credentialSource(organization: OrganizationConfig, services: RocheServicesClient): CredentialFetch {
  const { credentials } = organization.retrieval;
  switch (credentials.source) {
    case 'roche-token':
      return (signal) => services.fetchToken(randomUUID(), signal);
    case 'assume-role':
      return assumeRoleSource(credentials);
    case 'web-identity':
      return webIdentitySource(credentials);
  }
}

/** The clients of the outside systems with a span around each request. */
import type { EmrConnection } from '../../connectors/emr/connection';
import { RochePatientsClient } from '../../connectors/roche/patients-client';
import { RocheServicesClient } from '../../connectors/roche/services-client';
import { S3ObjectReader } from '../../connectors/s3/object-reader';
import { PresignedReader } from '../../connectors/s3/presigned-reader';
import type { DestinationId } from '../../domain/identifiers';
import { traced } from './span';

const client = { kind: 'client' } as const;

export class TracedRocheServices extends RocheServicesClient {
  override fetchToken(
    ...args: Parameters<RocheServicesClient['fetchToken']>
  ): ReturnType<RocheServicesClient['fetchToken']> {
    return traced('Roche token', client, () => super.fetchToken(...args));
  }

  override acknowledge(...args: Parameters<RocheServicesClient['acknowledge']>): Promise<void> {
    return traced('Roche acknowledge', client, () => super.acknowledge(...args));
  }
}

export class TracedRochePatients extends RochePatientsClient {
  override create(...args: Parameters<RochePatientsClient['create']>): ReturnType<RochePatientsClient['create']> {
    return traced('Roche patient create', client, () => super.create(...args));
  }

  override update(...args: Parameters<RochePatientsClient['update']>): Promise<void> {
    return traced('Roche patient update', client, () => super.update(...args));
  }

  override find(...args: Parameters<RochePatientsClient['find']>): ReturnType<RochePatientsClient['find']> {
    return traced('Roche patient look-up', client, () => super.find(...args));
  }
}

export class TracedObjectReader extends S3ObjectReader {
  override read(...args: Parameters<S3ObjectReader['read']>): ReturnType<S3ObjectReader['read']> {
    return traced('S3 object', client, () => super.read(...args));
  }
}

export class TracedPresignedReader extends PresignedReader {
  override read(...args: Parameters<PresignedReader['read']>): ReturnType<PresignedReader['read']> {
    return traced('S3 pre-signed URL', client, () => super.read(...args));
  }
}

/** A connection to a destination with a span around each message. */
export function tracedConnection(destination: DestinationId, connection: EmrConnection): EmrConnection {
  return {
    send: (message, options) =>
      traced('EMR message', { ...client, destination }, () => connection.send(message, options)),
    get stats() {
      return connection.stats;
    },
    close: () => connection.close(),
  };
}

/** The connection to Temporal for starters and operators, and what Ductus registers there by itself. */
import {
  Client,
  Connection,
  isGrpcServiceError,
  type ConnectionOptions,
  type WorkflowClientInterceptor,
} from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { DuctusError } from '../../domain/errors';
import { SEARCH_ATTRIBUTES } from '../../domain/messages';
import { createDataConverter } from '../codec/data-converter';
import type { Config } from '../config/schema';

export interface TemporalClient {
  readonly client: Client;
  close(): Promise<void>;
}

/** What both of Temporal's connections take. */
export interface ServerOptions {
  readonly address: string;
  readonly tls?: Exclude<ConnectionOptions['tls'], boolean | null | undefined>;
  readonly apiKey?: string;
}

/** TLS and API key in the form that both of Temporal's connections take. */
export function connectionOptions(config: Config, address: string): ServerOptions {
  const { tls, apiKey } = config.temporal;
  return {
    address,
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...(tls.serverName === undefined ? {} : { serverNameOverride: tls.serverName }),
            ...(tls.ca === undefined ? {} : { serverRootCACertificate: Buffer.from(tls.ca.reveal()) }),
            ...(tls.cert === undefined || tls.key === undefined
              ? {}
              : { clientCertPair: { crt: Buffer.from(tls.cert.reveal()), key: Buffer.from(tls.key.reveal()) } }),
          },
        }),
    ...(apiKey === undefined ? {} : { apiKey: apiKey.reveal() }),
  };
}

/**
 * Makes a client. It connects at its first call and again after the server was away, so that the entry point starts,
 * and answers 503, while Temporal is down.
 */
export function createTemporalClient(
  config: Config,
  address: string,
  interceptors: readonly WorkflowClientInterceptor[] = [],
): TemporalClient {
  const connection = Connection.lazy(connectionOptions(config, address));
  const client = new Client({
    connection,
    namespace: config.temporal.namespace,
    dataConverter: createDataConverter(config),
    interceptors: { workflow: [...interceptors] },
  });
  return { client, close: () => connection.close() };
}

const ALREADY_EXISTS = 6;

/**
 * Registers the custom search attributes. Safe to repeat.
 * @throws DuctusError DUCTUS_TEMPORAL_UNAVAILABLE when the server can't be reached or does not let us
 */
export async function registerSearchAttributes(client: Client, namespace: string): Promise<void> {
  const { connection } = client;
  if (!(connection instanceof Connection)) return;
  const KEYWORD = temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
  try {
    const known = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = Object.values(SEARCH_ATTRIBUTES).filter((name) => !Object.hasOwn(known.customAttributes, name));
    if (missing.length === 0) return;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
    });
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === ALREADY_EXISTS) return;
    throw new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE', 'The search attributes could not be registered.', {
      cause: error,
    });
  }
}

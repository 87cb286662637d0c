/**
 * The connection to PostgreSQL: one driver (`pg`) for the embedded and for a real server.
 */
import { Kysely, PostgresDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Pool, TypeOverrides } from 'pg';
import { DuctusError } from '../domain/errors';
import { ledgerMigration } from './migrations/0001-ledger';
import { patientsMigration } from './migrations/0002-patients';
import { transformCountsMigration } from './migrations/0003-transform-counts';
import { redeliveryMigration } from './migrations/0004-redelivery';
import { auditMigration } from './migrations/0005-audit';
import { standingMigration } from './migrations/0006-standing';
import { patientHashMigration } from './migrations/0007-patient-hash';
import { patientRegistryMigration } from './migrations/0008-patient-registry';
import type { Database } from './schema';

export type Store = Kysely<Database>;

export interface StoreOptions {
  /** `postgres://…` */
  readonly url: string;
  readonly poolSize: number;
  /** Told of errors on idle connections, which the pool replaces by itself. */
  readonly onIdleError?: (error: Error) => void;
}

/** bigint (oid 20) as a number: tickets and counters stay far below 2^53. */
const BIGINT_OID = 20;

/** Opens the pool. Nothing is connected before the first query. */
export function openStore(options: StoreOptions): Store {
  const overrides = new TypeOverrides();
  overrides.setTypeParser(BIGINT_OID, Number);
  const pool = new Pool({
    connectionString: options.url,
    max: options.poolSize,
    connectionTimeoutMillis: 5_000,
    // A query that hangs longer than this is a broken server: give the connection up and retry.
    query_timeout: 30_000,
    keepAlive: true,
    types: overrides,
  });
  pool.on('error', (error) => options.onIdleError?.(error));
  // The pool listens only while a connection is idle. One that breaks between two statements of a transaction would end
  // the process; the next statement fails, and that is how it is learned.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

/**
 * Brings the schema up to date. Safe to call from several processes at once (Kysely takes a lock).
 * @throws DuctusError DUCTUS_STORE_UNAVAILABLE with the name of the migration that failed
 */
export async function migrateStore(store: Store): Promise<void> {
  const migrator = migratorOf(store);
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'the start';
    throw new DuctusError('DUCTUS_STORE_UNAVAILABLE', `The store could not be migrated: ${failed} failed.`, {
      cause: error,
    });
  }
}

/** Names of the migrations that the store does not have yet. Changes nothing. */
export async function pendingMigrations(store: Store): Promise<readonly string[]> {
  const migrations = await migratorOf(store).getMigrations();
  return migrations.filter(({ executedAt }) => executedAt === undefined).map(({ name }) => name);
}

function migratorOf(store: Store): Migrator {
  return new Migrator({
    db: store,
    provider: {
      getMigrations: () =>
        Promise.resolve({
          '0001-ledger': ledgerMigration,
          '0002-patients': patientsMigration,
          '0003-transform-counts': transformCountsMigration,
          '0004-redelivery': redeliveryMigration,
          '0005-audit': auditMigration,
          '0006-standing': standingMigration,
          '0007-patient-hash': patientHashMigration,
          '0008-patient-registry': patientRegistryMigration,
        }),
    },
  });
}

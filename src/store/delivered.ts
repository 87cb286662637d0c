/** What destinations have of resources, and which resources are held back because they would go to another patient. */
import { sql } from 'kysely';
import type { WorkKey } from '../domain/data-sharing';
import type { ErrorCode } from '../domain/errors';
import type { DestinationId } from '../domain/identifiers';
import type { Store } from './database';
import { workColumns } from './ledger';

/** What a destination has of a resource. */
export interface DeliveredVersion {
  readonly version: string;
  /** MSH-10 with which it came. */
  readonly controlId: string;
  /** Keyed hash of the patient under whom it was delivered; undefined: not known. */
  readonly patientHash: string | undefined;
}

/** What the destination has of these resources, by their hashes. */
export async function deliveredVersions(
  store: Store,
  destination: DestinationId,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, DeliveredVersion>> {
  if (hashes.length === 0) return new Map();
  const { rows } = await sql<{
    resource_hash: string;
    version: string;
    control_id: string;
    patient_hash: string | null;
  }>`
    select resource_hash, version, control_id, patient_hash from delivered_resource
    where destination = ${destination} and resource_hash = any(${hashes}::text[])
  `.execute(store);
  return new Map(
    rows.map((row) => [
      row.resource_hash,
      { version: row.version, controlId: row.control_id, patientHash: row.patient_hash ?? undefined },
    ]),
  );
}

/** Notes the resources for which a work is parked with DUCTUS_PATIENT_CHANGED: `leaveOut` takes them. */
export async function recordMoved(store: Store, key: WorkKey, hashes: readonly string[]): Promise<void> {
  await store
    .updateTable('notification')
    .set({ moved_resources: hashes })
    .where((eb) => eb.and(workColumns(key)))
    .execute();
}

/** Hashes of the resources for which the work is parked with DUCTUS_PATIENT_CHANGED; none when it is not. */
export async function movedResources(store: Store, key: WorkKey): Promise<readonly string[]> {
  const code: ErrorCode = 'DUCTUS_PATIENT_CHANGED';
  const row = await store
    .selectFrom('notification')
    .select('moved_resources')
    .where((eb) => eb.and({ ...workColumns(key), error_code: code }))
    .executeTakeFirst();
  return row?.moved_resources ?? [];
}

/** What the ledger of the HIS's messages knows of a control id. */
import { LIMITS } from '../domain/limits';
import { ChangeState } from '../domain/patient-sync';
import type { Store } from '../store/database';

/**
 * The change that was taken under a control id of a door, within `LIMITS.controlIdWindowMs`. What was refused because the
 * id was in use does not count, or the first message could not be repeated any more.
 * @returns its digest: the keyed hash of the SHA-256 of its bytes
 */
export async function earlierChange(
  store: Store,
  organization: string,
  source: string,
  controlId: string,
  nowMs = Date.now(),
): Promise<{ readonly digest: string } | undefined> {
  return store
    .selectFrom('patient_change')
    .select('digest')
    .where('organization', '=', organization)
    .where('source', '=', source)
    .where('control_id', '=', controlId)
    .where('received_at', '>', new Date(nowMs - LIMITS.controlIdWindowMs))
    .where('state', '<>', ChangeState.conflict)
    .orderBy('received_at', 'desc')
    .limit(1)
    .executeTakeFirst();
}

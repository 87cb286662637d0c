/** Parked work, as operators list it: from the ledger, which needs no history and outlives Temporal's retention. */
import { isErrorCode, type ErrorCode } from '../domain/errors';
import { ChangeState } from '../domain/patient-sync';
import { Stage } from '../domain/stages';
import type { Store } from '../store/database';

export interface ParkedFilter {
  readonly organization?: string | undefined;
  readonly code?: ErrorCode | undefined;
  /** Only what was received at or after this time. */
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  readonly limit?: number | undefined;
}

export interface ParkedWork {
  readonly workflowId: string;
  readonly organization: string;
  /** Of a notification; for a message of the HIS its control id (MSH-10). */
  readonly notificationId: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly step: string;
  readonly receivedAt: Date;
}

const DEFAULT_LIMIT = 1000;

/** Lists parked work of all flows, oldest first. */
export async function listParked(store: Store, filter: ParkedFilter = {}): Promise<readonly ParkedWork[]> {
  const [notifications, patients] = await Promise.all([
    parkedNotifications(store, filter),
    parkedPatients(store, filter),
  ]);
  return [...notifications, ...patients]
    .sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime())
    .slice(0, filter.limit ?? DEFAULT_LIMIT);
}

async function parkedNotifications(store: Store, filter: ParkedFilter): Promise<readonly ParkedWork[]> {
  let query = store
    .selectFrom('notification')
    .select([
      'workflow_id',
      'organization',
      'notification_id',
      'variant',
      'error_code',
      'error_message',
      'failed_step',
      'received_at',
    ])
    .where('stage', '=', Stage.parked)
    .where('closed_at', 'is', null)
    .orderBy('received_at')
    .limit(filter.limit ?? DEFAULT_LIMIT);
  if (filter.organization !== undefined) query = query.where('organization', '=', filter.organization);
  if (filter.code !== undefined) query = query.where('error_code', '=', filter.code);
  if (filter.since !== undefined) query = query.where('received_at', '>=', filter.since);
  if (filter.until !== undefined) query = query.where('received_at', '<', filter.until);
  const rows = await query.execute();
  return rows.map((row) => ({
    workflowId: row.workflow_id,
    organization: row.organization,
    notificationId: row.notification_id + row.variant,
    code: isErrorCode(row.error_code) ? row.error_code : 'DUCTUS_INTERNAL',
    message: row.error_message ?? '',
    step: row.failed_step ?? '',
    receivedAt: row.received_at,
  }));
}

/** Patients of whom a message is parked: one message stands for all that wait for the patient. */
async function parkedPatients(store: Store, filter: ParkedFilter): Promise<readonly ParkedWork[]> {
  let query = store
    .selectFrom('patient_change')
    .select(['workflow_id', 'organization', 'control_id', 'error_code', 'error_message', 'received_at'])
    .where('state', '=', ChangeState.parked)
    .where('closed_at', 'is', null)
    .orderBy('received_at')
    .limit(filter.limit ?? DEFAULT_LIMIT);
  if (filter.organization !== undefined) query = query.where('organization', '=', filter.organization);
  if (filter.code !== undefined) query = query.where('error_code', '=', filter.code);
  if (filter.since !== undefined) query = query.where('received_at', '>=', filter.since);
  if (filter.until !== undefined) query = query.where('received_at', '<', filter.until);
  const rows = await query.execute();
  return rows.map((row) => ({
    workflowId: row.workflow_id,
    organization: row.organization,
    notificationId: row.control_id,
    code: isErrorCode(row.error_code) ? row.error_code : 'DUCTUS_INTERNAL',
    message: row.error_message ?? '',
    step: 'send',
    receivedAt: row.received_at,
  }));
}

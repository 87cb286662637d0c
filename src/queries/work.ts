/** One piece of work with its messages: what came, what went where, and what is left. No clinical values. */
import { OrganizationIdSchema } from '../domain/identifiers';
import { ChangeState } from '../domain/patient-sync';
import { Stage } from '../domain/stages';
import { rocheDestination } from '../domain/workflow-ids';
import type { Store } from '../store/database';

export interface WorkMessage {
  readonly destination: string;
  readonly sequence: number;
  readonly controlId: string;
  readonly state: string;
  readonly attempts: number;
  readonly possibleRepeats: number;
  readonly resources: number;
  readonly code: string | null;
  readonly settledAt: Date | null;
}

export interface Work {
  readonly workflowId: string;
  readonly organization: string;
  readonly notificationId: string;
  readonly messageType: string;
  readonly objectKey: string | null;
  readonly stage: string;
  readonly outcome: string | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly step: string | null;
  readonly flags: readonly string[];
  readonly observations: number;
  /** Items in the messages, by kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Resource types (`Basic`) and elements (`Observation.bodySite`) without a mapping. */
  readonly unmapped: Readonly<Record<string, number>>;
  readonly leftOut: number;
  readonly leftOutReasons: Readonly<Record<string, number>>;
  readonly repeats: number;
  readonly receivedAt: Date;
  readonly deliveredAt: Date | null;
  readonly closedAt: Date | null;
  readonly decidedBy: string | null;
  readonly decidedReason: string | null;
  readonly messages: readonly WorkMessage[];
}

/** Finds work by its workflow id: that of a notification, or of a patient. */
export async function findWork(store: Store, workflowId: string): Promise<Work | undefined> {
  const row = await store
    .selectFrom('notification')
    .selectAll()
    .where('workflow_id', '=', workflowId)
    .executeTakeFirst();
  if (row === undefined) return patientWork(store, workflowId);
  const messages = await store
    .selectFrom('message')
    .select([
      'destination',
      'sequence',
      'control_id',
      'state',
      'attempts',
      'possible_repeats',
      'error_code',
      'settled_at',
    ])
    .select((eb) => eb.fn<number>('cardinality', ['resource_hashes']).as('resources'))
    .where('organization', '=', row.organization)
    .where('notification_id', '=', row.notification_id)
    .where('variant', '=', row.variant)
    .orderBy('destination')
    .orderBy('sequence')
    .execute();
  return {
    workflowId: row.workflow_id,
    organization: row.organization,
    notificationId: row.notification_id + row.variant,
    messageType: row.message_type,
    objectKey: row.object_key,
    stage: row.stage,
    outcome: row.outcome,
    code: row.error_code,
    message: row.error_message,
    step: row.failed_step,
    flags: row.flags,
    observations: row.observations,
    kinds: row.kinds,
    unmapped: row.unmapped,
    leftOut: row.left_out,
    leftOutReasons: row.left_out_reasons,
    repeats: row.repeats,
    receivedAt: row.received_at,
    deliveredAt: row.delivered_at,
    closedAt: row.closed_at,
    decidedBy: row.decided_by,
    decidedReason: row.decided_reason,
    messages: messages.map((message) => ({
      destination: message.destination,
      sequence: message.sequence,
      controlId: message.control_id,
      state: message.state,
      attempts: message.attempts,
      possibleRepeats: message.possible_repeats,
      resources: message.resources,
      code: message.error_code,
      settledAt: message.settled_at,
    })),
  };
}

/** Messages of a patient that are shown, the newest. */
const CHANGES_SHOWN = 20;

/** The messages of the HIS about a patient, in the form of work: each went to Roche's patient services, or waits. */
async function patientWork(store: Store, workflowId: string): Promise<Work | undefined> {
  const [flow, organization = '', patient = ''] = workflowId.split('/');
  if (flow !== 'patient-sync') return undefined;
  const changes = await store
    .selectFrom('patient_change')
    .selectAll()
    .where('organization', '=', organization)
    .where('patient', '=', patient)
    .where('workflow_id', '=', workflowId)
    .orderBy('received_at', 'desc')
    .orderBy('change_id')
    .limit(CHANGES_SHOWN)
    .execute();
  const [newest] = changes;
  const destination = rocheDestinationOf(organization);
  if (newest === undefined || destination === undefined) return undefined;
  const parked = changes.find((change) => change.state === ChangeState.parked);
  const open = changes.find((change) => change.closed_at === null);
  const shown = parked ?? open ?? newest;
  const last = changes.find((change) => change.state === ChangeState.created || change.state === ChangeState.updated);
  return {
    workflowId,
    organization,
    notificationId: shown.control_id,
    messageType: shown.event,
    objectKey: null,
    stage: parked === undefined ? (open === undefined ? Stage.done : Stage.delivering) : Stage.parked,
    outcome: shown.closed_at === null ? null : shown.state,
    code: shown.error_code,
    message: shown.error_message,
    step: parked === undefined ? null : 'send',
    flags: shown.element === null ? [] : [`element ${shown.element}`],
    observations: 0,
    kinds: {},
    unmapped: {},
    leftOut: 0,
    leftOutReasons: {},
    repeats: 0,
    receivedAt: shown.received_at,
    deliveredAt: last?.closed_at ?? null,
    closedAt: open === undefined ? newest.closed_at : null,
    decidedBy: shown.decided_by,
    decidedReason: shown.decided_reason,
    messages: changes.toReversed().map((change, index) => ({
      destination,
      sequence: index + 1,
      controlId: change.control_id,
      state: change.state,
      attempts: change.attempts,
      possibleRepeats: change.possible_repeats,
      resources: 1,
      code: change.error_code,
      settledAt: change.closed_at,
    })),
  };
}

function rocheDestinationOf(organization: string): string | undefined {
  const id = OrganizationIdSchema.safeParse(organization);
  return id.success ? rocheDestination(id.data) : undefined;
}

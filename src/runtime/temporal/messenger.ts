/** Messages from activities to workflows, and the start of workflows from activities. */
import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { WorkflowMessenger } from '../../activities/dependencies';
import type { DataSharingInput, Notification } from '../../domain/data-sharing';
import type { DestinationInput } from '../../domain/destinations';
import { DuctusError } from '../../domain/errors';
import type { DestinationId, NotificationId, OrganizationId } from '../../domain/identifiers';
import type { PatientChange, PatientKey, PatientSyncInput } from '../../domain/patient-sync';
import type { RedeliveryPlanInput } from '../../domain/redelivery';
import { LIMITS } from '../../domain/limits';
import { SEARCH_ATTRIBUTES, SIGNALS, WORKFLOW_TYPES } from '../../domain/messages';
import { Stage } from '../../domain/stages';
import {
  conflictingWorkflowId,
  dataSharingWorkflowId,
  destinationWorkflowId,
  patientSyncWorkflowId,
  redeliveryPlanWorkflowId,
  redeliveryWorkflowId,
} from '../../domain/workflow-ids';

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
export const FLOW = keyword(SEARCH_ATTRIBUTES.flow);
const ORGANIZATION = keyword(SEARCH_ATTRIBUTES.organization);
const STAGE = keyword(SEARCH_ATTRIBUTES.stage);

/**
 * Starts the workflow of a notification, or joins the one that runs: signal-with-start, so that the first notification
 * and a repeat take the same way, and nothing is answered before Temporal has stored it.
 */
export async function notifyDataSharing(
  client: Client,
  taskQueue: string,
  input: {
    readonly organization: OrganizationId;
    readonly notificationId: NotificationId;
    readonly notification: Notification;
  },
  conflict = false,
): Promise<void> {
  const { organization, notificationId, notification } = input;
  const workflowInput: DataSharingInput = { organization, notificationId, ...(conflict ? { conflict } : {}) };
  await client.workflow.signalWithStart(WORKFLOW_TYPES.dataSharing, {
    workflowId: conflict
      ? conflictingWorkflowId(organization, notificationId, notification.sourceHash)
      : dataSharingWorkflowId(organization, notificationId),
    taskQueue,
    args: [workflowInput],
    signal: SIGNALS.notified,
    signalArgs: [notification],
    // With the rejecting policies, a signal to a closed run throws (ADR 0006); the ledger tells a repeat from new work.
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    typedSearchAttributes: [
      { key: FLOW, value: 'data-sharing' },
      { key: ORGANIZATION, value: organization },
      { key: STAGE, value: Stage.received },
    ],
    staticSummary: `Roche notification for ${organization}`,
    staticDetails: `From token to ACK. The whole story: \`ductus trace ${notificationId}\``,
  });
}

/**
 * Gives a change to the workflow of its patient, which is started where it does not run. When this resolves, Temporal has
 * stored it.
 */
export async function notifyPatientChange(
  client: Client,
  taskQueue: string,
  { organization, patient, change }: PatientKey & { readonly change: PatientChange },
): Promise<void> {
  const input: PatientSyncInput = { organization, patient };
  const workflowId = patientSyncWorkflowId(organization, patient);
  await client.workflow.signalWithStart(WORKFLOW_TYPES.patientSync, {
    workflowId,
    taskQueue,
    args: [input],
    signal: SIGNALS.changed,
    signalArgs: [change],
    // With the rejecting policies, a signal to a closed run throws (ADR 0006); the registry tells a repeat from new work.
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    typedSearchAttributes: [
      { key: FLOW, value: 'patient-sync' },
      { key: ORGANIZATION, value: organization },
      { key: STAGE, value: Stage.received },
    ],
    staticSummary: `Patient of ${organization}`,
    staticDetails: `From the HIS to Roche. The whole story: \`ductus trace ${workflowId}\``,
  });
}

/**
 * Runs a call of an activity on Temporal within a time limit.
 * @throws DuctusError DUCTUS_TEMPORAL_UNAVAILABLE, which passes: a server that is away must not park work
 */
async function reached<T>(client: Client, call: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + LIMITS.signalWithStartMs, call);
  } catch (error) {
    throw new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE', undefined, { cause: error });
  }
}

/** The messenger on a client. */
export function createWorkflowMessenger(client: Client, taskQueue: string): WorkflowMessenger {
  const start = (destination: DestinationId) => {
    const input: DestinationInput = { destination };
    return {
      workflowId: destinationWorkflowId(destination),
      taskQueue,
      args: [input],
      typedSearchAttributes: [{ key: FLOW, value: 'destination' }],
      staticSummary: `Destination ${destination}`,
    };
  };
  const signal = (workflowId: string, name: string, ...args: unknown[]): Promise<boolean> =>
    reached(client, async () => {
      try {
        await client.workflow.getHandle(workflowId).signal(name, ...args);
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    });
  return {
    turn: async (workflowId) => void (await signal(workflowId, SIGNALS.turn)),
    released: (workflowId, destination) => signal(workflowId, SIGNALS.released, destination),
    report: async (destination, report) => {
      if (report.kind === 'succeeded') {
        // Good news starts nothing: a workflow that has opened the destination meanwhile would pause it again.
        await signal(destinationWorkflowId(destination), SIGNALS.report, report);
        return;
      }
      await reached(client, () =>
        client.workflow.signalWithStart(WORKFLOW_TYPES.destination, {
          ...start(destination),
          signal: SIGNALS.report,
          signalArgs: [report],
        }),
      );
    },
    ensureDestination: async (destination) => {
      await reached(client, () =>
        client.workflow.start(WORKFLOW_TYPES.destination, {
          ...start(destination),
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      );
    },
    conflict: (key, notification) =>
      reached(client, () => notifyDataSharing(client, taskQueue, { ...key, notification }, true)),
    patientChanged: (key, change) => reached(client, () => notifyPatientChange(client, taskQueue, { ...key, change })),
    patientMerged: async (workflowId) => void (await signal(workflowId, SIGNALS.merged)),
    redeliver: async (input) => {
      const { organization, notificationId, variant, digest } = input;
      await reached(client, () =>
        client.workflow.start(WORKFLOW_TYPES.redelivery, {
          workflowId: redeliveryWorkflowId(organization, notificationId, variant, digest),
          taskQueue,
          args: [input],
          // The ledger tells a repeat from new work, however long ago the first was.
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          workflowIdConflictPolicy: 'USE_EXISTING',
          typedSearchAttributes: [
            { key: FLOW, value: 'redelivery' },
            { key: ORGANIZATION, value: organization },
            { key: STAGE, value: Stage.received },
          ],
          staticSummary: `Redelivery to ${input.destination}`,
          staticDetails: `Part of what was signed off as \`${digest}\`. First delivered by \`data-sharing/${organization}/${notificationId}\`.`,
        }),
      );
    },
  };
}

/** Holds a destination: starts its workflow where it does not run. */
export async function holdDestination(
  client: Client,
  taskQueue: string,
  destination: DestinationId,
  order: { readonly by: string; readonly reason: string },
): Promise<void> {
  const input: DestinationInput = { destination };
  await client.workflow.signalWithStart(WORKFLOW_TYPES.destination, {
    workflowId: destinationWorkflowId(destination),
    taskQueue,
    args: [input],
    signal: SIGNALS.hold,
    signalArgs: [{ ...order, id: randomUUID() }],
    typedSearchAttributes: [{ key: FLOW, value: 'destination' }],
    staticSummary: `Destination ${destination}`,
  });
}

/**
 * Resumes a held destination, or makes a paused one try at once.
 * @returns false when the destination is open: there is nothing to resume
 */
export async function resumeDestination(
  client: Client,
  destination: DestinationId,
  order: { readonly by: string; readonly reason: string },
): Promise<boolean> {
  try {
    await client.workflow
      .getHandle(destinationWorkflowId(destination))
      .signal(SIGNALS.resume, { ...order, id: randomUUID() });
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/**
 * Starts a comparison, or joins the one of that name.
 * @param name of the comparison: part of its workflow id
 */
export async function startRedeliveryPlan(
  client: Client,
  taskQueue: string,
  name: string,
  input: RedeliveryPlanInput,
): Promise<void> {
  await client.workflow.start(WORKFLOW_TYPES.redeliveryPlan, {
    workflowId: redeliveryPlanWorkflowId(name),
    taskQueue,
    args: [input],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    typedSearchAttributes: [{ key: FLOW, value: 'redelivery-plan' }],
    staticSummary: `Comparison for a redelivery to ${input.selection.destination}`,
  });
}

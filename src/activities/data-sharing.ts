/**
 * Activities of the data-sharing flow: the only code of the flow with side effects. Each can be repeated at any time:
 * what was done is in the ledger, and looked at first. Transform and delivery have files of their own.
 */
import { Context } from '@temporalio/activity';
import { v5 as uuidV5 } from 'uuid';
import type {
  AcknowledgeInput,
  CloseInput,
  DeliverInput,
  DeliverResult,
  FileSource,
  Notification,
  OpenResult,
  ParkedRecord,
  Repair,
  RetrieveResult,
  TransformResult,
  WorkKey,
} from '../domain/data-sharing';
import { DuctusError } from '../domain/errors';
import { LIMITS } from '../domain/limits';
import {
  conflictingWorkflowId,
  dataSharingWorkflowId,
  redeliveryOf,
  redeliveryWorkflowId,
} from '../domain/workflow-ids';
import { forgetWaiter } from '../store/destinations';
import { codesNoLongerParked } from '../store/alerts';
import {
  closeNotification,
  findDeliveredTwin,
  openNotification,
  recordDecision,
  recordDelivered,
  recordParked,
  recordRetrieved,
} from '../store/ledger';
import { leaveOut, leftOutCount } from '../store/messages';
import { parkTurn, releaseTurn, unparkTurn } from '../store/turns';
import { clear, raise } from './alerts';
import { deliverMessages } from './data-sharing-delivery';
import { resourceHash } from './data-sharing-file';
import { transformFile } from './data-sharing-transform';
import { organizationConfig, type ActivityDependencies } from './dependencies';
import { withFailures } from './failures';
import { stepId } from './step-id';

/** Namespace of our UUIDv5 request ids (SPECS §1.1: the middleware makes them). Never changes. */
const REQUEST_ID_NAMESPACE = '6f6a1a63-5c41-4c0e-9f39-2a4b1b0c7d15';

export interface DataSharingActivities {
  openNotification(input: WorkKey & { readonly notification: Notification }): Promise<OpenResult>;
  obtainToken(key: WorkKey): Promise<void>;
  retrieveFile(input: WorkKey & { readonly source: FileSource; readonly sourceHash: string }): Promise<RetrieveResult>;
  transformFile(key: WorkKey): Promise<TransformResult>;
  deliverMessages(input: DeliverInput): Promise<DeliverResult>;
  acknowledge(
    input: AcknowledgeInput & { readonly delivered: boolean },
  ): Promise<{ readonly status: 'acknowledged' | 'handle-refused' }>;
  recordParked(record: ParkedRecord): Promise<void>;
  /** @returns nothing in histories of 0.1.0 */
  recordDecision(
    input: WorkKey & { readonly decision: Repair },
  ): Promise<{ /** Resources of the file that are left out now. */ readonly leftOut: number } | undefined>;
  startConflict(input: WorkKey & { readonly notification: Notification }): Promise<void>;
  closeNotification(input: CloseInput): Promise<void>;
  millisecondsToDeadline(input: WorkKey & { readonly receivedAtMs: number }): Promise<number>;
  raiseDeadlineAlert(key: WorkKey): Promise<void>;
}

/** Workflow id of a piece of work. */
export function workflowIdOf(key: WorkKey): string {
  const again = redeliveryOf(key.variant);
  if (again !== undefined) {
    return redeliveryWorkflowId(key.organization, key.notificationId, again.variant, again.digest);
  }
  return key.variant === ''
    ? dataSharingWorkflowId(key.organization, key.notificationId)
    : conflictingWorkflowId(key.organization, key.notificationId, key.variant.slice(1));
}

/** The activities, bound to their dependencies. */
export function createDataSharingActivities(deps: ActivityDependencies): DataSharingActivities {
  const activities: DataSharingActivities = {
    openNotification: async ({ notification, ...key }) => {
      const result = await openNotification(deps.store, {
        ...key,
        workflowId: workflowIdOf(key),
        messageType: notification.messageType,
        sourceHash: notification.sourceHash,
        objectKey: notification.source.kind === 'access-point' ? notification.source.objectKey : undefined,
        createdAt: new Date(notification.createdAtMs),
        receivedAt: new Date(notification.receivedAtMs),
      });
      deps.metrics.opened(key.organization, result.disposition === 'closed' ? 'repeat' : result.disposition);
      return result;
    },

    obtainToken: async ({ organization }) => {
      // The credentials stay in this process: nothing of them enters a history.
      await deps.roche(organization).credentials.get(Context.current().cancellationSignal);
    },

    retrieveFile: async ({ source, sourceHash, ...key }) => {
      const { objects, presigned } = deps.roche(key.organization);
      const options = { budget: deps.budget, signal: Context.current().cancellationSignal };
      const file =
        source.kind === 'access-point'
          ? await objects.read(source, options)
          : await presigned.read(source.url, options);
      try {
        const name = key.notificationId + key.variant;
        const blob = await deps.blobs.put(`data-sharing/${key.organization}/${name}/file`, file.bytes);
        const twin = await findDeliveredTwin(deps.store, key, { sourceHash, sha256: blob.sha256 });
        await recordRetrieved(deps.store, key, { blob, etag: file.etag });
        if (twin !== undefined) deps.metrics.opened(key.organization, 'same-file');
        return twin === undefined ? { status: 'stored', blob } : { status: 'already-delivered', notificationId: twin };
      } finally {
        file.release();
      }
    },

    transformFile: (key) => transformFile(deps, key, workflowIdOf(key)),

    deliverMessages: (input) => deliverMessages(deps, input, workflowIdOf(input)),

    acknowledge: async ({ receiptHandle, operationId, attempt, delivered, ...key }) => {
      if (delivered) await recordDelivered(deps.store, key);
      const originRequestId = uuidV5(`${workflowIdOf(key)}#${String(attempt)}`, REQUEST_ID_NAMESPACE);
      try {
        await deps
          .roche(key.organization)
          .services.acknowledge({ receiptHandle, operationId, originRequestId }, Context.current().cancellationSignal);
        return { status: 'acknowledged' };
      } catch (error) {
        // Without the organization's credentials nobody can acknowledge, and its work could never be discarded.
        const isGone = error instanceof DuctusError && error.code === 'DUCTUS_ORGANIZATION_REMOVED' && !delivered;
        if (!isGone && !(error instanceof DuctusError && error.code === 'DUCTUS_ACK_HANDLE_REFUSED')) throw error;
        deps.logger.warn(
          { workflowId: workflowIdOf(key), code: error.code },
          isGone ? 'not acknowledged: the organization is gone' : 'not acknowledged: Roche refused the receipt handle',
        );
        return { status: 'handle-refused' };
      }
    },

    recordParked: async (record) => {
      await recordParked(deps.store, record);
      deps.metrics.parked(record.errorCode);
      const woken = await parkTurn(deps.store, record);
      await forgetWaiter(deps.store, workflowIdOf(record));
      for (const follower of woken) await deps.workflows.turn(follower);
      await raise(deps, {
        key: `parked/${record.organization}/${record.errorCode}`,
        code: record.errorCode,
        text: `Work of ${record.organization} is parked with ${record.errorCode}. See \`ductus parked list\`.`,
      });
    },

    recordDecision: async ({ decision, ...key }) => {
      const resources = decision.action === 'skip' ? decision.resources : [];
      if (decision.action === 'skip') {
        await leaveOut(
          deps.store,
          key,
          resources.map((reference) => resourceHash(deps, key.organization, reference)),
        );
      }
      await unparkTurn(deps.store, key);
      await recordDecision(deps.store, key, {
        id: stepId(),
        action: decision.action,
        by: decision.by,
        reason: decision.reason,
        details: decisionDetails(decision),
      });
      // Read, not counted: another attempt of this activity finds nothing left to do.
      return { leftOut: await leftOutCount(deps.store, key) };
    },

    startConflict: ({ notification, ...key }) => deps.workflows.conflict(key, notification),

    closeNotification: async (input) => {
      // First let pass, then wake, then forget: a crash in between leaves those behind to be found and woken again.
      for (const follower of await releaseTurn(deps.store, input)) await deps.workflows.turn(follower);
      const { retainDays, retainUnmappedDays } = deps.config.blobs;
      await closeNotification(deps.store, { ...input, retainDays, retainUnmappedDays });
      await clear(deps, deadlineKey(input), 'DUCTUS_DEADLINE', 'The notification is dealt with.');
      for (const code of await codesNoLongerParked(deps.store, input.organization)) {
        await clear(
          deps,
          `parked/${input.organization}/${code}`,
          code,
          `Nothing of ${input.organization} is parked with ${code} any more.`,
        );
      }
    },

    millisecondsToDeadline: ({ receivedAtMs }) =>
      Promise.resolve(Math.max(1, receivedAtMs + deps.config.dataSharing.acknowledgeDeadlineMs - Date.now())),

    raiseDeadlineAlert: async (key) => {
      organizationConfig(deps.config, key.organization);
      await raise(deps, {
        key: deadlineKey(key),
        code: 'DUCTUS_DEADLINE',
        text: `${workflowIdOf(key)} is not acknowledged, and Roche's last repeat is near (${String(Math.round(LIMITS.acknowledgeDeadlineMs / 60_000))} min by default).`,
      });
    },
  };
  return wrapAll(activities, deps);
}

function decisionDetails(decision: Repair): Readonly<Record<string, string | number>> {
  switch (decision.action) {
    case 'retry':
      return decision.from === undefined ? {} : { from: decision.from };
    case 'skip':
      return { resources: decision.resources.length };
    case 'discard':
      return {};
  }
}

function deadlineKey(key: WorkKey): string {
  return `deadline/${workflowIdOf(key)}`;
}

function wrapAll(a: DataSharingActivities, deps: ActivityDependencies): DataSharingActivities {
  const { logger } = deps;
  return {
    openNotification: withFailures('openNotification', a.openNotification, logger, 'always'),
    obtainToken: withFailures('obtainToken', a.obtainToken, logger),
    retrieveFile: withFailures('retrieveFile', a.retrieveFile, logger),
    transformFile: withFailures('transformFile', a.transformFile, logger),
    deliverMessages: withFailures('deliverMessages', a.deliverMessages, logger),
    acknowledge: withFailures('acknowledge', a.acknowledge, logger),
    recordParked: withFailures('recordParked', a.recordParked, logger, 'always'),
    recordDecision: withFailures('recordDecision', a.recordDecision, logger, 'always'),
    startConflict: withFailures('startConflict', a.startConflict, logger, 'always'),
    closeNotification: withFailures('closeNotification', a.closeNotification, logger, 'always'),
    millisecondsToDeadline: withFailures('millisecondsToDeadline', a.millisecondsToDeadline, logger, 'always'),
    raiseDeadlineAlert: withFailures('raiseDeadlineAlert', a.raiseDeadlineAlert, logger),
  };
}

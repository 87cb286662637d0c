/** Histories of a workflow as the server stores them, all runs that it still has. Payloads stay as they are: encrypted. */
import { isGrpcServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { temporal } from '@temporalio/proto';
import { DuctusError } from '../../domain/errors';

export type History = temporal.api.history.v1.IHistory;
export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

export interface WorkflowRun {
  readonly runId: string;
  readonly isRunning: boolean;
  readonly history: History;
}

/** How long the server may take for one run. */
const ANSWER_MS = 10_000;

/** gRPC codes (google.rpc.Code). */
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

/**
 * All runs, oldest first.
 * @returns none when the server has no such workflow: it never had, or its retention has passed
 * @throws DuctusError DUCTUS_TEMPORAL_UNAVAILABLE
 */
export async function readRuns(client: Client, workflowId: string): Promise<readonly WorkflowRun[]> {
  return reached(client, async () => {
    const runs = new Map<string, { readonly startedAt: number; readonly isRunning: boolean }>();
    // The newest by its name: the list of the server may be some moments behind.
    const newest = await describeNewest(client, workflowId);
    if (newest !== undefined) runs.set(newest.runId, newest);
    const query = `WorkflowId = "${workflowId.replace(/["\\]/g, '')}"`;
    for await (const { runId, startTime, status } of client.workflow.list({ query })) {
      if (!runs.has(runId)) runs.set(runId, { startedAt: startTime.getTime(), isRunning: status.name === 'RUNNING' });
    }
    const found: WorkflowRun[] = [];
    for (const [runId, { isRunning }] of [...runs].sort(([, a], [, b]) => a.startedAt - b.startedAt)) {
      const history = await historyOf(client, workflowId, runId);
      if (history !== undefined) found.push({ runId, isRunning, history });
    }
    return found;
  });
}

/**
 * One run in the JSON form of Temporal's own tools, which the replay of the SDK reads. Nothing is decoded.
 * @param runId default: the newest run
 * @throws DuctusError DUCTUS_NOT_FOUND, DUCTUS_TEMPORAL_UNAVAILABLE
 */
export async function exportHistory(client: Client, workflowId: string, runId?: string): Promise<string> {
  const history = await reached(client, () => historyOf(client, workflowId, runId));
  if (history === undefined) {
    throw new DuctusError(
      'DUCTUS_NOT_FOUND',
      `Temporal has no history of ${workflowId}: the id is wrong, or the retention of the namespace has passed.`,
    );
  }
  return historyToJSON(history);
}

export type PendingStep = temporal.api.workflow.v1.IPendingActivityInfo;

/** Steps that run or wait for their next try. @throws DuctusError DUCTUS_TEMPORAL_UNAVAILABLE */
export async function pendingSteps(client: Client, workflowId: string): Promise<readonly PendingStep[]> {
  return reached(client, async () => {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    return raw.pendingActivities ?? [];
  });
}

async function describeNewest(client: Client, workflowId: string) {
  try {
    const { runId, startTime, status } = await client.workflow.getHandle(workflowId).describe();
    return { runId, startedAt: startTime.getTime(), isRunning: status.name === 'RUNNING' };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export async function historyOf(client: Client, workflowId: string, runId?: string): Promise<History | undefined> {
  try {
    return await client.workflow.getHandle(workflowId, runId).fetchHistory();
  } catch (error) {
    // Deleted between the list and now.
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof WorkflowNotFoundError || (isGrpcServiceError(error) && Number(error.code) === NOT_FOUND);
}

/** Runs a call within a time limit. @throws DuctusError DUCTUS_REQUEST_INVALID for an id that Temporal does not take; DUCTUS_TEMPORAL_UNAVAILABLE */
export async function reached<T>(client: Client, call: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + ANSWER_MS, call);
  } catch (error) {
    const cause = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
    const code = isGrpcServiceError(cause) ? Number(cause.code) : undefined;
    if (code === INVALID_ARGUMENT) {
      throw new DuctusError('DUCTUS_REQUEST_INVALID', 'Temporal takes no such id of a workflow or of a run.', {
        cause: error,
      });
    }
    if (code === PERMISSION_DENIED || code === UNAUTHENTICATED) {
      const what = 'Temporal refuses us: check temporal.apiKey, temporal.tls and the rights of both.';
      throw new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE', what, { cause: error });
    }
    throw new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE', 'Temporal did not answer in time.', { cause: error });
  }
}

/** The releases of a worker deployment in Temporal: which one takes new work, and which still has work of its own. */
import { isGrpcServiceError, type Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { DuctusError } from '../../domain/errors';

export interface Release {
  readonly buildId: string;
  /** current: takes new work. draining: has work of its own left. drained: can be stopped. inactive: never was current. */
  readonly state: 'current' | 'ramping' | 'draining' | 'drained' | 'inactive';
  readonly since: string | null;
}

const ANSWER_MS = 10_000;
/** gRPC codes (google.rpc.Code). */
const NOT_FOUND = 5;
const FAILED_PRECONDITION = 9;

const { WorkerDeploymentVersionStatus: Status } = temporal.api.enums.v1;

/** @throws DuctusError DUCTUS_NOT_FOUND for a deployment that no worker has ever named; DUCTUS_TEMPORAL_UNAVAILABLE */
export async function listReleases(
  client: Client,
  namespace: string,
  deploymentName: string,
): Promise<readonly Release[]> {
  const answer = await reached(client, deploymentName, () =>
    client.workflowService.describeWorkerDeployment({ namespace, deploymentName }),
  );
  return (answer.workerDeploymentInfo?.versionSummaries ?? []).map((summary) => {
    const seconds = summary.createTime?.seconds;
    return {
      buildId: summary.deploymentVersion?.buildId ?? '',
      state: stateOf(summary.status),
      since: seconds == null ? null : new Date(Number(seconds) * 1000).toISOString(),
    };
  });
}

/**
 * Lets a release take all new work. What runs stays where it is.
 * @throws DuctusError DUCTUS_NOT_FOUND, DUCTUS_STATE_CONFLICT, DUCTUS_TEMPORAL_UNAVAILABLE
 */
export async function makeCurrent(
  client: Client,
  namespace: string,
  deploymentName: string,
  buildId: string,
  by: string,
): Promise<void> {
  await reached(client, deploymentName, () =>
    client.workflowService.setWorkerDeploymentCurrentVersion({ namespace, deploymentName, buildId, identity: by }),
  );
}

function stateOf(status: temporal.api.enums.v1.WorkerDeploymentVersionStatus | null | undefined): Release['state'] {
  switch (status) {
    case Status.WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT:
      return 'current';
    case Status.WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING:
      return 'ramping';
    case Status.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING:
      return 'draining';
    case Status.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED:
      return 'drained';
    default:
      return 'inactive';
  }
}

async function reached<T>(client: Client, deployment: string, call: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + ANSWER_MS, call);
  } catch (error) {
    const code = isGrpcServiceError(error) ? Number(error.code) : undefined;
    if (code === NOT_FOUND) {
      throw new DuctusError(
        'DUCTUS_NOT_FOUND',
        `Temporal knows no such release of "${deployment}": start a worker with it first (temporal.worker.versioning).`,
        { cause: error },
      );
    }
    if (code === FAILED_PRECONDITION) {
      throw new DuctusError('DUCTUS_STATE_CONFLICT', 'Not done: no worker of this release polls the task queue.', {
        cause: error,
      });
    }
    throw new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE', 'Temporal did not answer in time.', { cause: error });
  }
}

/** Steps that flow tests share: sharing a file, waiting for what becomes of it, reading what the EMR has. */
import { bgBundle, readingVersions } from '../../simulators/roche-dc/sample-data';
import type { ShareRequest, ShareResult } from '../../simulators/roche-dc/roche-simulator';
import type { DataSharingResult, DataSharingStatus, Repair } from '../../src/domain/data-sharing';
import { EMR_OID, type Hospital } from './ductus';
import { until } from './until';

export const WAIT_MS = 20_000;
export const bundle = (seed: number, count = 3) => bgBundle({ patient: seed, count, seed });

export function share(
  hospital: Hospital,
  file: object | string,
  more: Partial<ShareRequest> = {},
): Promise<ShareResult> {
  return hospital.roche.share({ organization: EMR_OID, bundle: file, option: 'access-point', ...more });
}

export async function acknowledged(hospital: Hospital, count = 1): Promise<void> {
  await hospital.roche.waitUntil((stats) => stats.totals.acknowledged >= count, WAIT_MS);
}

/** Value and id of everything that the EMR took, as text. */
export async function stored(hospital: Hospital): Promise<string[]> {
  const frames = await hospital.emr.frames();
  return frames
    .filter((frame) => frame.accepted && !frame.repeat)
    .flatMap((frame) =>
      frame.observations.map(
        (observation) => `${observation.observationId} ${observation.value} ${observation.status}`,
      ),
    )
    .sort();
}

export function expected(file: Parameters<typeof readingVersions>[0], status = 'F'): string[] {
  return readingVersions(file)
    .map((reading) => `${reading.id} ${String(reading.value)} ${status}`)
    .sort();
}

export async function status(hospital: Hospital, messageId: string): Promise<DataSharingStatus> {
  return hospital.client.workflow.getHandle(hospital.workflowId(messageId)).query<DataSharingStatus>('status');
}

export async function parked(hospital: Hospital, messageId: string): Promise<DataSharingStatus> {
  return until(
    async () => {
      const now = await status(hospital, messageId);
      return now.stage === 'parked' ? now : undefined;
    },
    WAIT_MS,
    'parking',
  );
}

export async function repair(hospital: Hospital, messageId: string, decision: Repair): Promise<void> {
  await hospital.client.workflow
    .getHandle(hospital.workflowId(messageId))
    .executeUpdate('repair', { args: [decision] });
}

export async function result(hospital: Hospital, messageId: string): Promise<DataSharingResult> {
  return hospital.client.workflow.getHandle<() => Promise<DataSharingResult>>(hospital.workflowId(messageId)).result();
}

export const decidedBy = { by: 'night-shift', reason: 'a test' };

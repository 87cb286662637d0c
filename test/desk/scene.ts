/** A moment of a night shift: one file parked, one that Roche does not let be acknowledged, one that waits, one duplicate. */
import { DestinationIdSchema } from '../../src/domain/identifiers';
import { holdDestination } from '../../src/runtime/temporal/messenger';
import type { Hospital } from '../support/ductus';
import { bundle, parked, result, share, status } from '../support/hospital-steps';
import { until } from '../support/until';

const LIMIT_MS = 20_000;
/** Longer than anybody looks: the waits between tries grow to a minute. */
const REFUSED_ACKS = 12;

/** Workflow ids by how they stand. */
export interface Scene {
  readonly duplicate: string;
  readonly parked: string;
  readonly retrying: string;
  readonly waiting: string;
  readonly destination: string;
}

/** Plays it; every part stands when it returns. */
export async function playScene(hospital: Hospital): Promise<Scene> {
  const { client, config } = hospital;
  const stage = (messageId: string, wanted: string) =>
    until(async () => (await status(hospital, messageId)).stage === wanted, LIMIT_MS, wanted);

  const twice = await share(hospital, bundle(1));
  await result(hospital, twice.messageId);
  await hospital.roche.repeat(twice.messageId);
  await hospital.roche.waitUntil((stats) => stats.totals.acks === 2, LIMIT_MS);
  await result(hospital, twice.messageId);

  hospital.emr.script({ answer: { kind: 'AE', errorCode: '102', errorText: 'no such ward' } });
  const refused = await share(hospital, bundle(2));
  await parked(hospital, refused.messageId);

  for (let count = 0; count < REFUSED_ACKS; count += 1) hospital.roche.faults.order('ack-500');
  const slow = await share(hospital, bundle(3));
  await stage(slow.messageId, 'acknowledging');

  const destination = DestinationIdSchema.parse(hospital.destination);
  const order = { by: 'night-shift', reason: 'EMR upgrade until 22:00' };
  await holdDestination(client, config.temporal.taskQueue, destination, order);
  const held = await share(hospital, bundle(4));
  await stage(held.messageId, 'waiting');

  const scene = {
    duplicate: hospital.workflowId(twice.messageId),
    parked: hospital.workflowId(refused.messageId),
    retrying: hospital.workflowId(slow.messageId),
    waiting: hospital.workflowId(held.messageId),
    destination: `destination/${destination}`,
  };
  // The server's list is some moments behind.
  await until(
    async () => {
      const { count } = await client.workflow.count('DuctusStage IN ("parked", "waiting", "acknowledging", "held")');
      return count === 4;
    },
    LIMIT_MS,
    'the list of the server',
  );
  return scene;
}

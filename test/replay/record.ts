/**
 * Records the histories that `replay.test.ts` replays: plays each way once on the real parts, and writes what Temporal
 * stored. Run by `npm run record:histories` when a release changes the workflows; it never overwrites a history.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { version } from '../../package.json';
import type { DataSharingStatus } from '../../src/domain/data-sharing';
import { findTemporalBinary } from '../../src/runtime/embedded/temporal';
import { openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import { acknowledged, bundle, decidedBy, parked, repair, result, share } from '../support/hospital-steps';
import { authority, difference, redelivered, redeliveryId, restartWith, signOff } from '../support/redelivery-steps';
import { testTemporalAddress } from '../support/temporal';
import { until } from '../support/until';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

async function record(hospital: Hospital, workflowId: string, name: string): Promise<void> {
  const file = path.join(__dirname, 'histories', `${version}-${name}.json`);
  if (existsSync(file)) return;
  // By the CLI, since that is what an operator exports one with; payloads stay as the server has them.
  const binary = await findTemporalBinary({ log: () => undefined });
  const json = execFileSync(binary, [
    'workflow',
    'show',
    '--address',
    testTemporalAddress(),
    '-w',
    workflowId,
    '-o',
    'json',
  ]);
  writeFileSync(file, `${JSON.stringify(JSON.parse(json.toString('utf8')))}\n`);
}

it('should record the good way and a duplicate', async () => {
  await using hospital = await openHospital(world);
  const { messageId } = await share(hospital, bundle(1));
  await result(hospital, messageId);
  await record(hospital, hospital.workflowId(messageId), 'delivered');
  await hospital.roche.repeat(messageId);
  await hospital.roche.waitUntil((stats) => stats.totals.acks === 2, 10_000);
  await result(hospital, messageId);
  await record(hospital, hospital.workflowId(messageId), 'duplicate');
});

it('should record retries', async () => {
  await using hospital = await openHospital(world);
  hospital.roche.faults.order('token-500');
  hospital.roche.faults.order('s3-503');
  hospital.roche.faults.order('ack-500');
  hospital.emr.script({ answer: { kind: 'AR' } });
  const { messageId } = await share(hospital, bundle(2));
  await acknowledged(hospital);
  await result(hospital, messageId);
  await record(hospital, hospital.workflowId(messageId), 'retried');
});

it('should record parked work that is discarded', async () => {
  await using hospital = await openHospital(world);
  const { messageId } = await share(hospital, 'no bundle');
  await parked(hospital, messageId);
  await repair(hospital, messageId, { action: 'discard', ...decidedBy });
  await result(hospital, messageId);
  await record(hospital, hospital.workflowId(messageId), 'parked-and-discarded');
});

it('should record an ambiguous outcome that is parked, skipped and delivered', async () => {
  await using hospital = await openHospital(world, { destination: { onAmbiguous: 'park' } });
  hospital.emr.script({ answer: { kind: 'drop-after-storing' } });
  const { messageId } = await share(hospital, bundle(3));
  await parked(hospital, messageId);
  await repair(hospital, messageId, { action: 'skip', resources: [], ...decidedBy });
  await result(hospital, messageId);
  await record(hospital, hospital.workflowId(messageId), 'ambiguous-parked');
});

it('should record a destination that is paused and drains', async () => {
  await using hospital = await openHospital(world);
  await hospital.emr.stop();
  const { messageId } = await share(hospital, bundle(4));
  const destination = hospital.client.workflow.getHandle(`destination/${hospital.destination}`);
  await until(() => hospital.logLines.some((line) => line.includes('DUCTUS_DESTINATION_DOWN')), 20_000, 'the pause');
  await hospital.openEmrAgain();
  await result(hospital, messageId);
  await destination.result();
  await record(hospital, `destination/${hospital.destination}`, 'destination-paused');
  await record(hospital, hospital.workflowId(messageId), 'waited');
});

it('should record a difference, its sign-off, and a redelivery that is parked before it is sent', async () => {
  await using hospital = await openHospital(world, { destination: authority('OLD') });
  const { messageId } = await share(hospital, bundle(5));
  await acknowledged(hospital);
  await result(hospital, messageId);
  await restartWith(world, hospital, authority('NEW'));
  const { digest } = await difference(hospital);
  hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
  await signOff(hospital, digest);
  const redelivery = hospital.client.workflow.getHandle(redeliveryId(hospital, messageId, digest));
  await until(
    async () => (await redelivery.query<DataSharingStatus>('status')).stage === 'parked',
    20_000,
    'the redelivery is parked',
  );
  await redelivery.executeUpdate('repair', { args: [{ action: 'retry', ...decidedBy }] });
  await redelivered(hospital, messageId, digest);
  await record(hospital, redelivery.workflowId, 'redelivered');
  await record(hospital, `redelivery-plan/${hospital.destination}/approve-${digest ?? ''}`, 'redelivery-plan');
});

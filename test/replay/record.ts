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
import {
  openPatientHospital,
  ended,
  orderRoche,
  patientStage,
  repairPatient,
  say,
  sayAndEnd,
} from '../support/patient-steps';
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

it('should record a file that the consent policy refuses', async () => {
  await using hospital = await openHospital(world, {
    organization: {
      patientIdentity: { source: 'registry', consent: 'required', withoutConsent: 'refuse' },
      patientSync: { fhirUrl: 'https://localhost:1/' },
    },
  });
  const { messageId } = await share(hospital, bundle(6));
  await result(hospital, messageId);
  await record(hospital, hospital.workflowId(messageId), 'refused');
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

it('should record a patient who waits, is sent, and changes', async () => {
  await using hospital = await openPatientHospital(world);
  await orderRoche(hospital, 'hold');
  const { work } = await say(hospital, { event: 'A04', number: '100', family: 'Eins', minute: 1 });
  await patientStage(hospital, work, 'waiting');
  await say(hospital, { number: '100', family: 'Zwei', minute: 2 });
  await orderRoche(hospital, 'resume');
  await ended(hospital, work);
  await record(hospital, work, 'patient-held');
  await sayAndEnd(hospital, { number: '100', family: 'Drei', minute: 3 });
  await record(hospital, work, 'patient-updated');
});

it('should record a patient who is refused, mended by a newer message, and refused and discarded', async () => {
  await using hospital = await openPatientHospital(world);
  hospital.roche.faults.order('patient-invalid');
  const { work } = await say(hospital, { event: 'A04', number: '100', family: 'Eins', minute: 1 });
  await patientStage(hospital, work, 'parked');
  await sayAndEnd(hospital, { number: '100', family: 'Zwei', minute: 2 });
  await record(hospital, work, 'patient-parked');
  hospital.roche.faults.order('patient-invalid');
  await say(hospital, { number: '100', family: 'Drei', minute: 3 });
  await patientStage(hospital, work, 'parked');
  await repairPatient(hospital, work, { action: 'discard', ...decidedBy });
  await ended(hospital, work);
  await record(hospital, work, 'patient-discarded');
});

it('should record both patients of a merge', async () => {
  await using hospital = await openPatientHospital(world);
  await sayAndEnd(hospital, { number: '100', family: 'Alt', minute: 1 });
  const { work } = await sayAndEnd(hospital, { event: 'A40', number: '200', family: 'Neu', prior: '100', minute: 2 });
  await record(hospital, work, 'patient-merged');
  const old = await sayAndEnd(hospital, { number: '100', family: 'Zuletzt', minute: 3 });
  await record(hospital, old.work, 'patient-forwarded');
});

it('should record a patient who goes on in a new run', async () => {
  await using hospital = await openPatientHospital(world);
  await orderRoche(hospital, 'hold');
  const connection = 'one';
  let work = '';
  for (let sequence = 1; sequence <= 130; sequence += 1) {
    ({ work } = await say(hospital, { number: '100', family: 'Eins', minute: 1, connection, sequence }));
  }
  const query = `WorkflowId = "${work}" AND ExecutionStatus = "ContinuedAsNew"`;
  await until(async () => (await hospital.client.workflow.count(query)).count > 0, 20_000, 'a run that went on');
  await orderRoche(hospital, 'resume');
  await ended(hospital, work);
  await record(hospital, work, 'patient-carried-on');
});

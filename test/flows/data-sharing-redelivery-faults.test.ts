/**
 * What goes wrong around a redelivery, from end to end: sign-offs that meet, decisions on what is parked, blobs whose time
 * is over, and configurations that change. Killed processes are in test/faults.
 */
import { Client as PgClient } from 'pg';
import { request } from 'undici';
import { z } from 'zod';
import { correctionBundle, SAMPLE_AUTHORITY, samplePatient } from '../../simulators/roche-dc/sample-data';
import { sampleReport } from '../../simulators/roche-dc/sample-report';
import type { DataSharingStatus, Repair } from '../../src/domain/data-sharing';
import { redeliveryPlanWorkflowId } from '../../src/domain/workflow-ids';
import { SECRETS } from '../support/config';
import { openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import { acknowledged, bundle, decidedBy, result, share, WAIT_MS } from '../support/hospital-steps';
import {
  at,
  authority,
  difference,
  redelivered,
  redeliveryId,
  restartWith,
  signOff,
} from '../support/redelivery-steps';
import { temporaryFolder } from '../support/temporary-folder';
import { testTemporalAddress } from '../support/temporal';
import { until } from '../support/until';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

async function parkedWith(hospital: Hospital, id: string, code: string): Promise<void> {
  const handle = hospital.client.workflow.getHandle(id);
  await until(
    async () => {
      const { stage, errorCode } = await handle.query<DataSharingStatus>('status');
      return stage === 'parked' && errorCode === code;
    },
    WAIT_MS,
    `parking of ${id} with ${code}`,
  );
}

async function decide(hospital: Hospital, id: string, decision: Repair): Promise<void> {
  await hospital.client.workflow.getHandle(id).executeUpdate('repair', { args: [decision] });
}

async function deliver(hospital: Hospital, file: object | string, messageType?: 'Clinical Report'): Promise<string> {
  const before = hospital.roche.stats().totals.acknowledged;
  const { messageId } = await share(hospital, file, { messageType });
  await acknowledged(hospital, before + 1);
  await result(hospital, messageId);
  return messageId;
}

async function onStore<T>(hospital: Hospital, run: (pg: PgClient) => Promise<T>): Promise<T> {
  const pg = new PgClient({ connectionString: hospital.storeUrl });
  await pg.connect();
  try {
    return await run(pg);
  } finally {
    await pg.end();
  }
}

async function order(hospital: Hospital, destination: string, what: 'hold' | 'resume'): Promise<void> {
  const answer = await request(`${hospital.url}/operations/destinations/${destination}/${what}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'a test' }),
  });
  expect(answer.statusCode).toBe(202);
  await answer.body.dump();
  const state = what === 'hold' ? 'held' : 'open';
  await until(
    () =>
      onStore(hospital, async (pg) => {
        const { rows } = await pg.query<{ state: string }>('select state from destination where destination = $1', [
          destination,
        ]);
        return rows[0]?.state === state;
      }),
    WAIT_MS,
    state,
  );
}

describe('a redelivery that is decided on', () => {
  it('should be sent when it was discarded, compared anew, and signed off again', async () => {
    await using hospital = await openHospital(world, { destination: authority('OLD') });
    const messageId = await deliver(hospital, bundle(1));
    await restartWith(world, hospital, authority('NEW'));
    const first = await difference(hospital);
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
    await signOff(hospital, first.digest);
    const id = redeliveryId(hospital, messageId, first.digest);
    await parkedWith(hospital, id, 'DUCTUS_EMR_REJECTED');
    await decide(hospital, id, { action: 'discard', ...decidedBy });
    expect(await redelivered(hospital, messageId, first.digest)).toEqual({ outcome: 'discarded' });
    expect(hospital.emr.stats().accepted).toBe(1);

    // The EMR's team has corrected its side.
    const second = await difference(hospital);
    expect(second.report.files).toMatchObject({ looked: 1, toSend: 1 });
    expect(await signOff(hospital, second.digest)).toMatchObject({ status: 'approved', files: 1 });
    expect(await redelivered(hospital, messageId, second.digest)).toEqual({ outcome: 'delivered' });
    expect(hospital.emr.stats().accepted).toBe(2);
  });

  it('should send a message of unknown outcome under the same MSH-10, and only when told to', async () => {
    const slow = { onAmbiguous: 'park', acknowledgmentTimeoutMs: 500 };
    await using hospital = await openHospital(world, { destination: { ...authority('OLD'), ...slow } });
    const messageId = await deliver(hospital, bundle(2));
    await restartWith(world, hospital, authority('NEW'));
    const { digest } = await difference(hospital);
    hospital.emr.script({ answer: { kind: 'drop-after-storing' } });
    await signOff(hospital, digest);
    const id = redeliveryId(hospital, messageId, digest);
    await parkedWith(hospital, id, 'DUCTUS_EMR_AMBIGUOUS');
    const before = await hospital.emr.frames();
    await decide(hospital, id, { action: 'retry', ...decidedBy });
    expect(await redelivered(hospital, messageId, digest)).toEqual({ outcome: 'delivered' });
    const [, lost, again, ...more] = await hospital.emr.frames();
    expect(before).toHaveLength(2);
    expect(more).toEqual([]);
    expect(again?.controlId).toBe(lost?.controlId);
    expect(again?.bytes.equals(lost?.bytes ?? Buffer.alloc(0))).toBe(true);
    expect((await difference(hospital)).report.files).toMatchObject({ toSend: 0, same: 1 });
  });

  it('should park for a patient who was taken out since, and go as it was signed off once the number is back', async () => {
    await using hospital = await openHospital(world, {
      destination: authority('OLD'),
      organization: { patientIdentity: { source: 'registry' } },
    });
    await patients(hospital, 'import', { mrn: 'M-3' });
    const messageId = await deliver(hospital, bundle(3));
    await restartWith(world, hospital, authority('NEW'));
    const { digest } = await difference(hospital);
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
    await signOff(hospital, digest);
    const id = redeliveryId(hospital, messageId, digest);
    await parkedWith(hospital, id, 'DUCTUS_EMR_REJECTED');
    await patients(hospital, 'remove', {});
    await decide(hospital, id, { action: 'retry', ...decidedBy });
    await parkedWith(hospital, id, 'DUCTUS_PATIENT_UNKNOWN');
    await patients(hospital, 'import', { mrn: 'M-OTHER' });
    await decide(hospital, id, { action: 'retry', from: 'transform', ...decidedBy });
    // Another number is another patient than the one who has it.
    await parkedWith(hospital, id, 'DUCTUS_PATIENT_CHANGED');
    await patients(hospital, 'remove', {});
    await patients(hospital, 'import', { mrn: 'M-3' });
    await decide(hospital, id, { action: 'retry', from: 'transform', ...decidedBy });
    expect(await redelivered(hospital, messageId, digest)).toEqual({ outcome: 'delivered' });
    expect((await hospital.emr.frames()).at(-1)?.patientIds).toEqual(['M-3']);
  });
});

async function patients(hospital: Hospital, what: 'import' | 'remove', keys: object): Promise<void> {
  const answer = await request(`${hospital.url}/operations/patients/${what}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      organization: hospital.organizationId,
      reason: 'a test',
      patients: [{ sourceSystem: SAMPLE_AUTHORITY, sourceValue: samplePatient(3).id, ...keys }],
    }),
  });
  expect({ status: answer.statusCode, body: await answer.body.json() }).toMatchObject({ status: 200 });
}

describe('sign-offs that meet', () => {
  it('should send once when the same difference is signed off twice at the same moment', async () => {
    await using hospital = await openHospital(world, { destination: authority('OLD') });
    const ids = [await deliver(hospital, bundle(10)), await deliver(hospital, bundle(11))];
    await restartWith(world, hospital, authority('NEW'));
    const { digest } = await difference(hospital);
    await expect(
      at(hospital, (operations) => operations.approve({ digest: digest ?? '', by: 'a.weber', reason: 'two\nlines' })),
    ).rejects.toMatchObject({ code: 'DUCTUS_REQUEST_INVALID' });
    const approved = await Promise.all([signOff(hospital, digest), signOff(hospital, digest)]);
    expect(approved.map(({ status }) => status)).toEqual(['approved', 'approved']);
    for (const id of ids) expect(await redelivered(hospital, id, digest)).toEqual({ outcome: 'delivered' });
    expect(hospital.emr.stats()).toMatchObject({ frames: 4, repeats: 0 });
  });

  it('should go on behind the files that it has started when its worker stops', async () => {
    await using hospital = await openHospital(world, { destination: { ...authority('OLD'), drainPerSecond: 1 } });
    const ids = [15, 16, 17].map((seed) => deliver(hospital, bundle(seed)));
    const [first = ''] = (await Promise.all(ids)).toSorted();
    await restartWith(world, hospital, authority('NEW'));
    const { digest = '' } = await difference(hospital);
    await order(hospital, hospital.destination, 'hold');
    const name = await at(hospital, (operations) => operations.approve({ digest, by: 'a.weber', reason: 'a test' }));
    const plan = hospital.client.workflow.getHandle(redeliveryPlanWorkflowId(name));
    await until(
      async () => {
        const { raw } = await plan.describe();
        return (raw.pendingActivities ?? []).some(
          ({ activityType, heartbeatDetails }) =>
            activityType?.name === 'startRedeliveries' && (heartbeatDetails?.payloads ?? []).length > 0,
        );
      },
      WAIT_MS,
      'a heartbeat that says how far it is',
    );
    await hospital.ductus.stop();
    // Were the first file started again, its workflow would run once more.
    const started = hospital.client.workflow.getHandle(redeliveryId(hospital, first, digest));
    await started.terminate('a test');
    await hospital.startAgain();
    expect(await plan.result()).toMatchObject({ status: 'approved', files: 3 });
    expect((await started.describe()).status.name).toBe('TERMINATED');
  });

  it('should send a file once that is in two differences', async () => {
    await using hospital = await openHospital(world, { destination: authority('OLD') });
    const shared = await deliver(hospital, bundle(12));
    await deliver(hospital, bundle(13));
    await restartWith(world, hospital, authority('NEW'));
    const both = await difference(hospital);
    const one = await difference(hospital, { notifications: [shared] });
    expect(both.digest).not.toBe(one.digest);
    await order(hospital, hospital.destination, 'hold');
    const states = await Promise.all([signOff(hospital, both.digest), signOff(hospital, one.digest)]);
    await order(hospital, hospital.destination, 'resume');
    // Whoever was second finds that the file is being sent, or that it is what the EMR has by now.
    const approved = states.filter(({ status }) => status === 'approved');
    expect(approved.length).toBeGreaterThan(0);
    await until(
      async () => {
        const open = await onStore(hospital, async (pg) => {
          const { rows } = await pg.query<{ stage: string }>(
            `select stage from notification where position('r' in variant) > 0 and closed_at is null`,
          );
          return rows;
        });
        return open.every(({ stage }) => stage === 'parked');
      },
      WAIT_MS,
      'the end of both',
    );
    const frames = await hospital.emr.frames();
    const corrections = frames.flatMap(({ observations }) => observations).filter(({ status }) => status === 'C');
    expect(new Set(corrections.map(({ observationId }) => observationId)).size).toBe(corrections.length);
  });

  it('should let a newer version win that comes while the redelivery waits', async () => {
    await using hospital = await openHospital(world, { destination: authority('OLD') });
    const file = bundle(14, 3);
    const messageId = await deliver(hospital, file);
    await restartWith(world, hospital, authority('NEW'));
    const { digest } = await difference(hospital);
    await order(hospital, hospital.destination, 'hold');
    await signOff(hospital, digest);
    const newer = await share(hospital, correctionBundle(file, { seed: 1, corrected: 1 }));
    await until(
      async () =>
        (
          await hospital.client.workflow
            .getHandle(hospital.workflowId(newer.messageId))
            .query<DataSharingStatus>('status')
        ).stage === 'waiting',
      WAIT_MS,
      'the newer file waits',
    );
    await order(hospital, hospital.destination, 'resume');
    await redelivered(hospital, messageId, digest);
    await result(hospital, newer.messageId);
    const frames = await hospital.emr.frames();
    expect(frames.map(({ observations }) => observations.length)).toEqual([3, 3, 1]);
    expect(frames.at(-1)?.observations[0]?.value).not.toBe(frames[0]?.observations[0]?.value);
  });
});

describe('a redelivery that meets another configuration', () => {
  it('should keep the blobs it is compared with until it is over', async () => {
    await using hospital = await openHospital(world, { destination: authority('OLD') });
    const messageId = await deliver(hospital, bundle(20));
    await restartWith(world, hospital, authority('NEW'));
    const { digest } = await difference(hospital);
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
    await signOff(hospital, digest);
    const id = redeliveryId(hospital, messageId, digest);
    await parkedWith(hospital, id, 'DUCTUS_EMR_REJECTED');
    // The time of the first delivery's files is over while somebody thinks about it.
    await onStore(hospital, (pg) =>
      pg.query(
        `update notification set blob_delete_after = now() - interval '1 hour' where blob_delete_after is not null`,
      ),
    );
    await housekeep(hospital);
    await decide(hospital, id, { action: 'retry', ...decidedBy });
    expect(await redelivered(hospital, messageId, digest)).toEqual({ outcome: 'delivered' });
  });

  it('should not go to a destination that the organization no longer delivers to', async () => {
    using folder = temporaryFolder();
    await using hospital = await openHospital(world, {
      destination: authority('OLD'),
      destinations: { other: { kind: 'file', folder: folder.path, format: 'fhir' } },
    });
    const messageId = await deliver(hospital, bundle(21));
    await restartWith(world, hospital, authority('NEW'));
    const { digest } = await difference(hospital);
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
    await signOff(hospital, digest);
    const id = redeliveryId(hospital, messageId, digest);
    await parkedWith(hospital, id, 'DUCTUS_EMR_REJECTED');
    await restartWith(
      world,
      hospital,
      authority('NEW'),
      withOrganization(hospital, { destinations: [hospital.destinationId('other')] }),
    );
    await decide(hospital, id, { action: 'retry', ...decidedBy });
    await parkedWith(hospital, id, 'DUCTUS_ORGANIZATION_REMOVED');
    expect(hospital.emr.stats()).toMatchObject({ frames: 2, accepted: 1 });
    await restartWith(world, hospital, authority('NEW'));
    await decide(hospital, id, { action: 'retry', ...decidedBy });
    expect(await redelivered(hospital, messageId, digest)).toEqual({ outcome: 'delivered' });
  });

  it('should let what an organization left behind be discarded', async () => {
    await using hospital = await openHospital(world);
    const { messageId } = await share(hospital, 'no bundle');
    const id = hospital.workflowId(messageId);
    await parkedWith(hospital, id, 'DUCTUS_BUNDLE_INVALID');
    await restartWith(world, hospital, {}, withOrganization(hospital, undefined));
    await decide(hospital, id, { action: 'discard', ...decidedBy });
    expect(await result(hospital, messageId)).toEqual({ outcome: 'discarded' });
  });

  it('should be deleted after a part of a day where that is configured', async () => {
    await using hospital = await openHospital(world);
    await restartWith(world, hospital, {}, { blobs: { retainDays: 0.5 } });
    await deliver(hospital, bundle(22));
    const { report } = await difference(hospital, { all: true });
    expect(report.files).toMatchObject({ looked: 1, toSend: 1 });
  });
});

/** The configuration with other keys of the first organization, or without it. */
function withOrganization(hospital: Hospital, keys: object | undefined): object {
  const { organizations } = z
    .looseObject({ organizations: z.record(z.string(), z.looseObject({})) })
    .parse(hospital.configInput);
  const { [hospital.organizationId]: own, ...others } = organizations;
  return { organizations: keys === undefined ? others : { ...others, [hospital.organizationId]: { ...own, ...keys } } };
}

async function housekeep(hospital: Hospital): Promise<void> {
  await hospital.client.workflow.execute('housekeeping', {
    taskQueue: hospital.config.temporal.taskQueue,
    workflowId: `housekeeping-test-${hospital.organizationId}`,
  });
}

describe('reports', () => {
  it('should be sent again as a replacement', async () => {
    await using hospital = await openHospital(world, { destination: authority('OLD') });
    const report = sampleReport({ patient: 1, seed: 1 });
    const messageId = await deliver(hospital, report.toString('utf8'), 'Clinical Report');
    await restartWith(world, hospital, authority('NEW'));
    const { digest, report: shown } = await difference(hospital);
    expect(shown.resources).toMatchObject({ compared: 1, changed: 1, appear: 0, disappear: 0 });
    expect(shown.fields).toEqual([
      { field: 'PID-3.4', resources: 1, examples: [{ before: 'OLD', after: 'NEW', resources: 1 }] },
    ]);
    await signOff(hospital, digest);
    expect(await redelivered(hospital, messageId, digest)).toEqual({ outcome: 'delivered' });
    const frames = await hospital.emr.frames();
    const documents = frames.map(({ bytes }) => {
      const txa = bytes
        .toString('utf8')
        .split('\r')
        .find((segment) => segment.startsWith('TXA|'));
      return { id: txa?.split('|')[12], parent: txa?.split('|')[13] };
    });
    // MDM^T10, HL7 v2.5.1 §9.6.10: it stands in for the document that TXA-13 names.
    expect(frames.map(({ messageType }) => messageType)).toEqual(['MDM^T02', 'MDM^T10']);
    expect(documents[1]).toEqual({ id: documents[0]?.id, parent: documents[0]?.id });
    expect((await difference(hospital)).report.files).toMatchObject({ toSend: 0, same: 1 });
  });
});

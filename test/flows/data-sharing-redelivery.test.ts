/**
 * Redelivery after a fix of the mapping, from end to end: the difference, the sign-off, the corrections at the EMR, and
 * what goes wrong on the way. The mapping is "fixed" as an operator does it: by a restart with another configuration.
 */
import { readdirSync } from 'node:fs';
import { Client as PgClient } from 'pg';
import { request } from 'undici';
import { z } from 'zod';
import { bgBundle, correctionBundle } from '../../simulators/roche-dc/sample-data';
import type { DataSharingStatus } from '../../src/domain/data-sharing';
import { createBlobStore } from '../../src/runtime/blob-store';
import { SECRETS } from '../support/config';
import { openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import { acknowledged, bundle, decidedBy, result, share, stored, WAIT_MS } from '../support/hospital-steps';
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

async function stageOf(hospital: Hospital, id: string, stage: string): Promise<DataSharingStatus> {
  return until(
    async () => {
      const now = await hospital.client.workflow.getHandle(id).query<DataSharingStatus>('status');
      return now.stage === stage ? now : undefined;
    },
    WAIT_MS,
    stage,
  );
}

/** Everything that the EMR took, in order: MSH-10, PID-3, and id and status of each reading. */
async function taken(hospital: Hospital) {
  const frames = await hospital.emr.frames();
  return frames
    .filter((frame) => frame.accepted)
    .map((frame) => ({
      controlId: frame.controlId,
      patient:
        frame.bytes
          .toString('utf8')
          .split('\r')
          .find((segment) => segment.startsWith('PID')) ?? '',
      readings: frame.observations.map(({ observationId, status }) => `${observationId} ${status}`).sort(),
    }));
}

async function deliver(hospital: Hospital, file: object): Promise<string> {
  const before = hospital.roche.stats().totals.acknowledged;
  const { messageId } = await share(hospital, file);
  await acknowledged(hospital, before + 1);
  await result(hospital, messageId);
  return messageId;
}

describe('a redelivery', () => {
  it('should show the difference, send it as corrections once signed off, and only once', async () => {
    await using hospital = await openHospital(world, { destination: authority('OLD') });
    const messageId = await deliver(hospital, bundle(1, 3));
    const acks = hospital.roche.stats().totals.acks;

    // Nothing has changed yet: there is nothing to send.
    const none = await difference(hospital);
    expect(none.digest).toBeUndefined();
    expect(none.report).toMatchObject({
      files: { looked: 1, toSend: 0, same: 1, cannot: 0 },
      resources: { compared: 3, changed: 0, appear: 0, disappear: 0 },
      fields: [],
    });

    await restartWith(world, hospital, authority('NEW'));
    const { report, digest } = await difference(hospital);
    expect(report.files).toEqual({ looked: 1, toSend: 1, same: 0, cannot: 0 });
    expect(report.fields).toEqual([
      { field: 'PID-3.4', resources: 3, examples: [{ before: 'OLD', after: 'NEW', resources: 3 }] },
    ]);
    expect(digest).toMatch(/^[0-9a-f]{16}$/);
    expect(hospital.emr.stats().frames).toBe(1);

    expect(await signOff(hospital, digest)).toEqual({ status: 'approved', digest, files: 1, by: 'a.weber' });
    expect(await redelivered(hospital, messageId, digest)).toEqual({ outcome: 'delivered' });
    const [first, second, ...more] = await taken(hospital);
    expect(more).toEqual([]);
    expect(second?.patient).toContain('^^^NEW^');
    expect(second?.readings).toEqual(first?.readings.map((reading) => reading.replace(/F$/, 'C')));
    expect(second?.controlId).not.toBe(first?.controlId);
    // Roche was acknowledged after the first delivery.
    expect(hospital.roche.stats().totals.acks).toBe(acks);

    expect(await signOff(hospital, digest)).toEqual({ status: 'approved', digest, files: 1, by: 'a.weber' });
    expect((await difference(hospital)).report.files).toEqual({ looked: 1, toSend: 0, same: 1, cannot: 0 });
    expect(hospital.emr.stats()).toMatchObject({ frames: 2, repeats: 0 });

    const work = await request(`${hospital.url}/operations/work/${redeliveryId(hospital, messageId, digest)}`, {
      headers: { authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}` },
    });
    expect(await work.body.json()).toMatchObject({
      outcome: 'delivered',
      flags: ['redelivery'],
      decidedBy: 'a.weber',
      decidedReason: 'authority corrected',
    });
    expect(hospital.logLines.join('')).not.toContain('PID-3');
  });

  it('should send nothing without a difference unless all is asked for, and deletions stay deletions', async () => {
    await using hospital = await openHospital(world);
    const file = bundle(2, 3);
    const messageId = await deliver(hospital, file);
    await deliver(hospital, correctionBundle(file, { seed: 1, corrected: 0, cancelled: 1 }));
    const { digest, report } = await difference(hospital, { all: true });
    expect(report).toMatchObject({ files: { looked: 2, toSend: 2 }, resources: { changed: 0, newer: 1 } });
    await signOff(hospital, digest);
    await redelivered(hospital, messageId, digest);
    await until(() => hospital.emr.stats().frames === 4, WAIT_MS, 'both files');
    const again = (await taken(hospital)).slice(2).flatMap(({ readings }) => readings);
    expect(again.map((reading) => reading.slice(-1)).sort()).toEqual(['C', 'C', 'D']);
  });

  it('should send only the resources that change, and say what would no longer be sent', async () => {
    await using hospital = await openHospital(world);
    const messageId = await deliver(hospital, bgBundle({ patient: 50, count: 3, seed: 50, carbs: 2 }));
    await restartWith(world, hospital, { mapping: { glucoseUnit: 'mmol/L' } });
    const { report, digest } = await difference(hospital);
    expect(report.resources).toMatchObject({ compared: 5, changed: 3 });
    expect(report.fields.map(({ field }) => field)).toEqual(expect.arrayContaining(['OBX-5', 'OBX-6.1']));
    await signOff(hospital, digest);
    await redelivered(hospital, messageId, digest);
    expect((await taken(hospital)).at(-1)?.readings).toHaveLength(3);

    await restartWith(world, hospital, { mapping: { glucoseUnit: 'mmol/L', kinds: ['carbs'] } });
    const gone = await difference(hospital);
    expect(gone.digest).toBeUndefined();
    expect(gone.report.resources).toMatchObject({ compared: 2, changed: 0, disappear: 3 });
    expect(gone.report.disappear.map(({ notificationId }) => notificationId)).toEqual([
      messageId,
      messageId,
      messageId,
    ]);
  });

  it('should leave out what the destination has in a newer version, also when it comes after the sign-off', async () => {
    await using hospital = await openHospital(world, { destination: authority('OLD') });
    const file = bundle(3, 4);
    const messageId = await deliver(hospital, file);
    await deliver(hospital, correctionBundle(file, { seed: 1, corrected: 1 }));
    await restartWith(world, hospital, authority('NEW'));
    const { digest, report } = await difference(hospital, { notifications: [messageId] });
    expect(report.resources).toMatchObject({ compared: 3, newer: 1 });

    // An older redelivery's file is held up, and the next version of one more reading comes in the meantime.
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
    await signOff(hospital, digest);
    const id = redeliveryId(hospital, messageId, digest);
    await stageOf(hospital, id, 'parked');
    await deliver(hospital, correctionBundle(file, { seed: 2, corrected: 2 }));
    await hospital.client.workflow.getHandle(id).executeUpdate('repair', { args: [{ action: 'retry', ...decidedBy }] });
    expect(await redelivered(hospital, messageId, digest)).toEqual({ outcome: 'delivered' });
    expect((await taken(hospital)).at(-1)?.readings).toHaveLength(2);
  });

  it('should say what cannot be sent again, and why', async () => {
    await using hospital = await openHospital(world);
    const [gone, old] = [await deliver(hospital, bundle(4)), await deliver(hospital, bundle(5))];
    const parked = await share(hospital, 'no bundle');
    await stageOf(hospital, hospital.workflowId(parked.messageId), 'parked');
    const pg = new PgClient({ connectionString: hospital.storeUrl });
    await pg.connect();
    // As the housekeeping leaves it.
    await pg.query('update notification set blob_key = null where notification_id = $1', [old]);
    await pg.end();
    const blobs = createBlobStore(hospital.config);
    await blobs.delete(`data-sharing/${hospital.organizationId}/${gone}/file`);
    blobs.close();
    const { report, digest } = await difference(hospital);
    expect(digest).toBeUndefined();
    expect(report.files).toMatchObject({ looked: 3, cannot: 3 });
    expect(report.cannot.counts).toEqual({ 'blob-gone': 2, parked: 1 });
    expect(report.cannot.files.map(({ notificationId }) => notificationId).sort()).toEqual(
      [gone, old, parked.messageId].sort(),
    );
  });

  it('should refuse a sign-off, and park a file, when the mapping is another than was looked at', async () => {
    await using hospital = await openHospital(world, { destination: authority('OLD') });
    const messageId = await deliver(hospital, bundle(7));
    await restartWith(world, hospital, authority('NEW'));
    const { digest } = await difference(hospital);

    await restartWith(world, hospital, authority('NEWER'));
    const refused = await signOff(hospital, digest);
    expect(refused).toMatchObject({ status: 'changed' });
    expect(refused).not.toMatchObject({ digest });

    // Signed off, held, and changed before it went.
    await restartWith(world, hospital, authority('NEW'));
    await hold(hospital, 'hold');
    await signOff(hospital, digest);
    const id = redeliveryId(hospital, messageId, digest);
    await stageOf(hospital, id, 'waiting');
    expect(hospital.emr.stats().frames).toBe(1);
    await hospital.client.workflow.getHandle(id).query('status');
    await restartWith(world, hospital, authority('NEWER'));
    // It was made before the change: it goes as it was signed off.
    await hold(hospital, 'resume');
    expect(await redelivered(hospital, messageId, digest)).toEqual({ outcome: 'delivered' });
    expect((await taken(hospital)).at(-1)?.patient).toContain('^^^NEW^');

    // Rejected by the EMR, and changed before it is tried again: made anew, which is not what was signed off.
    const next = await difference(hospital);
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
    await signOff(hospital, next.digest);
    const second = redeliveryId(hospital, messageId, next.digest);
    await stageOf(hospital, second, 'parked');
    await restartWith(world, hospital, authority('NEWEST'));
    const handle = hospital.client.workflow.getHandle(second);
    await handle.executeUpdate('repair', { args: [{ action: 'retry', ...decidedBy }] });
    await until(
      async () => {
        const { stage, errorCode } = await handle.query<DataSharingStatus>('status');
        return stage === 'parked' && errorCode === 'DUCTUS_REDELIVERY_CHANGED';
      },
      WAIT_MS,
      'parking for the change',
    );
    await expect(
      handle.executeUpdate('repair', { args: [{ action: 'retry', from: 'acknowledge', ...decidedBy }] }),
    ).rejects.toMatchObject({ cause: { message: 'from: one of retrieve, transform, deliver' } });
    await handle.executeUpdate('repair', { args: [{ action: 'discard', ...decidedBy }] });
    expect(await handle.result()).toEqual({ outcome: 'discarded' });
    expect(hospital.emr.stats().accepted).toBe(2);
  });

  it('should lose nothing and send nothing twice when the worker stops in the middle', async () => {
    await using hospital = await openHospital(world, {
      destination: { ...authority('OLD'), maxObservationsPerMessage: 2 },
    });
    const ids: string[] = [];
    for (const seed of [20, 21, 22]) ids.push(await deliver(hospital, bundle(seed, 6)));
    const fix = { hl7: { patientAssigningAuthority: 'NEW' }, maxObservationsPerMessage: 2 };
    await restartWith(world, hospital, fix);
    const { digest } = await difference(hospital);
    const before = hospital.emr.stats().accepted;
    await signOff(hospital, digest);
    await until(() => hospital.emr.stats().accepted > before, WAIT_MS, 'the first message');
    await restartWith(world, hospital, fix);
    for (const id of ids) expect(await redelivered(hospital, id, digest)).toEqual({ outcome: 'delivered' });
    const corrected = (await taken(hospital)).slice(before).flatMap(({ readings }) => readings);
    expect(new Set(corrected).size).toBe(18);
    expect(hospital.emr.stats()).toMatchObject({ accepted: before + 9, controlIds: before + 9 });
    expect((await stored(hospital)).filter((reading) => reading.endsWith(' C'))).toHaveLength(18);
  });

  it('should go on behind what was accepted when it is parked in the middle', async () => {
    await using hospital = await openHospital(world, {
      destination: { ...authority('OLD'), maxObservationsPerMessage: 2 },
    });
    const messageId = await deliver(hospital, bundle(25, 6));
    await restartWith(world, hospital, { ...authority('NEW'), maxObservationsPerMessage: 2 });
    const { digest } = await difference(hospital);
    hospital.emr.script({ answer: { kind: 'AA' } });
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
    await signOff(hospital, digest);
    const id = redeliveryId(hospital, messageId, digest);
    const parked = await stageOf(hospital, id, 'parked');
    expect(parked).toMatchObject({ errorCode: 'DUCTUS_EMR_REJECTED', failedStep: 'deliver' });
    await hospital.client.workflow
      .getHandle(id)
      .executeUpdate('repair', { args: [{ action: 'skip', resources: [], ...decidedBy }] });
    expect(await redelivered(hospital, messageId, digest)).toEqual({ outcome: 'delivered-in-part' });
    const corrected = (await taken(hospital)).slice(3).flatMap(({ readings }) => readings);
    expect(corrected).toHaveLength(4);
    expect(new Set(corrected).size).toBe(4);
  });

  it('should go to the chosen destination only', async () => {
    using folder = temporaryFolder();
    await using hospital = await openHospital(world, {
      destination: authority('OLD'),
      destinations: { other: { kind: 'file', folder: folder.path, format: 'fhir' } },
    });
    const messageId = await deliver(hospital, bundle(30));
    expect(readdirSync(folder.path)).toHaveLength(1);
    await restartWith(world, hospital, authority('NEW'));
    const { digest, report } = await difference(hospital);
    expect(report.resources).toMatchObject({ compared: 3, changed: 3 });
    await signOff(hospital, digest);
    await redelivered(hospital, messageId, digest);
    expect(hospital.emr.stats().frames).toBe(2);
    expect(readdirSync(folder.path)).toHaveLength(1);

    const other = await difference(hospital, { destination: hospital.destinationId('other'), all: true });
    expect(other.report).toMatchObject({ resources: { compared: 3, changed: 0, appear: 0, disappear: 0 }, fields: [] });
    await signOff(hospital, other.digest);
    expect(await redelivered(hospital, messageId, other.digest)).toEqual({ outcome: 'delivered' });
    expect(hospital.emr.stats().frames).toBe(2);
    expect(readdirSync(folder.path)).toHaveLength(2);
    const none = await difference(hospital, { destination: hospital.destinationId('other') });
    expect(none.report.files).toMatchObject({ toSend: 0, same: 1 });

    await expect(
      at(hospital, (operations) => operations.compare({ destination: 'no-such', all: false })),
    ).rejects.toMatchObject({ code: 'DUCTUS_NOT_FOUND' });
  });

  it('should need the right to see values over HTTP, and to repair for the sign-off', async () => {
    await using hospital = await openHospital(world);
    await deliver(hospital, bgBundle({ patient: 40, count: 1, seed: 40 }));
    const operators = [
      { name: 'night-shift', token: { env: 'OPERATOR' } },
      { name: 'reader', token: { env: 'READER' }, rights: ['read'] },
      { name: 'interface-team', token: { env: 'PASSWORD' }, rights: ['read', 'repair', 'decode'] },
    ];
    await restartWith(world, hospital, authority('NEW'), { operators });
    const call = async (method: 'GET' | 'POST', where: string, token: string | undefined, body?: object) => {
      const answer = await request(`${hospital.url}/operations/redeliveries${where}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${SECRETS[token] ?? ''}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.statusCode, body: await answer.body.json() };
    };
    const selection = { destination: hospital.destination };
    expect((await call('POST', '', undefined, selection)).status).toBe(401);
    expect((await call('POST', '', 'OPERATOR', selection)).status).toBe(403);
    expect((await call('GET', `/${hospital.destination}/no-such`, 'OPERATOR')).status).toBe(403);
    expect((await call('POST', '/0123456789abcdef/approve', 'READER', { reason: 'x' })).status).toBe(403);
    expect((await call('POST', '/0123456789abcdef/approve', 'OPERATOR', { reason: 'x' })).status).toBe(404);
    expect((await call('POST', '/0123456789abcdef/approve', 'OPERATOR', {})).status).toBe(400);
    expect((await call('POST', '', 'PASSWORD', { ...selection, since: 'yesterday' })).status).toBe(400);

    const shown = await ended(await call('POST', '', 'PASSWORD', selection));
    expect(shown).toMatchObject({ status: 'compared', report: { resources: { changed: 1 } } });
    const { digest } = z.looseObject({ digest: z.string() }).parse(shown);
    const signed = await ended(await call('POST', `/${digest}/approve`, 'PASSWORD', { reason: 'a test' }));
    expect(signed).toEqual({ status: 'approved', digest, files: 1, by: 'interface-team' });

    async function ended(started: { readonly status: number; readonly body: unknown }): Promise<unknown> {
      expect(started.status).toBe(202);
      const { name } = z.object({ name: z.string() }).parse(started.body);
      return until(async () => {
        const { body } = await call('GET', `/${name}`, 'PASSWORD');
        return z.looseObject({ status: z.string() }).parse(body).status === 'running' ? undefined : body;
      });
    }
  });
});

async function hold(hospital: Hospital, order: 'hold' | 'resume'): Promise<void> {
  const answer = await request(`${hospital.url}/operations/destinations/${hospital.destination}/${order}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'a test' }),
  });
  expect(answer.statusCode).toBe(202);
  await answer.body.dump();
  const state = order === 'hold' ? 'held' : 'open';
  await until(
    async () => {
      const list = await request(`${hospital.url}/operations/destinations`, {
        headers: { authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}` },
      });
      return (await list.body.text()).includes(`"destination":"${hospital.destination}","state":"${state}"`);
    },
    WAIT_MS,
    state,
  );
}

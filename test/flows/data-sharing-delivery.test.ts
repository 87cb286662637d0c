/**
 * Delivery to the EMR: what happens when it refuses, is slow, breaks off or is away; and what operators can do. One test
 * for each row of the matrix in docs/guide/data-sharing.md; titles name the row.
 */
import { request } from 'undici';
import { z } from 'zod';
import { bgBundle, correctionBundle, samplePatient } from '../../simulators/roche-dc/sample-data';
import { SECRETS } from '../support/config';
import { openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import {
  acknowledged,
  bundle,
  decidedBy,
  expected,
  parked,
  repair,
  result,
  share,
  status,
  stored,
  WAIT_MS,
} from '../support/hospital-steps';
import { testTemporalAddress } from '../support/temporal';
import { until } from '../support/until';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

const DestinationsSchema = z.object({ destinations: z.array(z.object({ state: z.string(), waiting: z.number() })) });

async function operation(hospital: Hospital, path: string, body?: object) {
  const response = await request(`${hospital.url}/operations/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.statusCode, body: z.record(z.string(), z.unknown()).parse(await response.body.json()) };
}

async function destination(hospital: Hospital): Promise<{ state: string; waiting: number } | undefined> {
  const { body } = await operation(hospital, 'destinations');
  return DestinationsSchema.parse(body).destinations[0];
}

async function destinationIs(hospital: Hospital, state: string): Promise<void> {
  await until(async () => (await destination(hospital))?.state === state, WAIT_MS, `destination ${state}`);
}

const alerts = (hospital: Hospital, kind: 'raised' | 'cleared', code: string): number =>
  hospital.logLines.filter((line) => line.includes(`"kind":"${kind}"`) && line.includes(`"code":"${code}"`)).length;

describe('an EMR that refuses', () => {
  it('should park on AE, name ERR-2 and ERR-3, not send again by itself; skip delivers the rest', async () => {
    await using hospital = await openHospital(world, { destination: { maxObservationsPerMessage: 2 } });
    hospital.emr.script({
      answer: { kind: 'AE', errorCode: '102', errorLocation: 'OBX^1^5', errorText: 'planted-patient-name' },
    });
    const file = bundle(40, 6);
    const { messageId } = await share(hospital, file);
    const why = await parked(hospital, messageId);
    expect(why).toMatchObject({ errorCode: 'DUCTUS_EMR_REJECTED', failedStep: 'deliver' });
    expect(why.errorMessage).toMatch(/102/);
    expect(why.errorMessage).toMatch(/OBX/);
    expect(JSON.stringify(why)).not.toContain('planted');
    await hospital.roche.repeat(messageId);
    expect((await status(hospital, messageId)).stage).toBe('parked');
    expect(hospital.emr.stats().frames).toBe(1);
    await repair(hospital, messageId, { action: 'skip', resources: [], ...decidedBy });
    expect(await result(hospital, messageId)).toEqual({ outcome: 'delivered-in-part' });
    await acknowledged(hospital);
    expect(await stored(hospital)).toHaveLength(4);
  });

  it('should make new messages for what was not accepted on retry from transform', async () => {
    await using hospital = await openHospital(world, { destination: { maxObservationsPerMessage: 2 } });
    const file = bundle(41, 6);
    let seen = 0;
    hospital.emr.script({ answer: { kind: 'AA' } });
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '103' } });
    const { messageId } = await share(hospital, file);
    await parked(hospital, messageId);
    seen = hospital.emr.stats().accepted;
    expect(seen).toBe(1);
    await repair(hospital, messageId, { action: 'retry', from: 'transform', ...decidedBy });
    await acknowledged(hospital);
    expect(await stored(hospital)).toEqual(expected(file));
    expect(hospital.emr.stats()).toMatchObject({ accepted: 3, repeats: 0 });
  });

  it('should try again on AR, and on AE with a passing ERR-3, without a repeat', async () => {
    await using hospital = await openHospital(world, {
      destination: { pause: { afterFailures: 9, firstWaitMs: 50, longestWaitMs: 50 } },
    });
    hospital.emr.script({ answer: { kind: 'AR' } });
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '207' } });
    hospital.emr.script({ answer: { kind: 'CE' } });
    const file = bundle(42);
    await share(hospital, file);
    await acknowledged(hospital);
    expect(await stored(hospital)).toEqual(expected(file));
    expect(hospital.emr.stats()).toMatchObject({ refused: 3, accepted: 1, repeats: 0 });
  });

  it('should refuse a decision on work that is not parked, and a second decision', async () => {
    await using hospital = await openHospital(world);
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
    const { messageId } = await share(hospital, bundle(43));
    await parked(hospital, messageId);
    const path = `repair/${hospital.workflowId(messageId)}`;
    const both = await Promise.all(
      [1, 2].map(() => operation(hospital, path, { action: 'retry', reason: 'pressed twice' })),
    );
    expect(both.map((each) => each.status).sort()).toEqual([200, 409]);
    await acknowledged(hospital);
    expect((await operation(hospital, path, { action: 'retry', reason: 'too late' })).status).toBeGreaterThanOrEqual(
      404,
    );
    expect(hospital.emr.stats().accepted).toBe(1);
  });

  it('should reach no workflow and no destination that is not its own', async () => {
    await using hospital = await openHospital(world);
    const repairing = { action: 'discard', reason: 'not mine' };
    expect((await operation(hospital, 'repair/other-flow/1', repairing)).status).toBe(404);
    expect((await operation(hospital, 'repair/', repairing)).status).toBe(404);
    expect((await operation(hospital, 'destinations/constructor/hold', { reason: 'x' })).status).toBe(404);
    expect((await operation(hospital, 'repair/a/b', { ...repairing, reason: 'a\u0000b' })).status).toBe(400);
  });

  it('should list parked work and decide on all that a filter finds', async () => {
    await using hospital = await openHospital(world);
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' }, times: 3 });
    const shared = await Promise.all([44, 45, 46].map((seed) => share(hospital, bundle(seed))));
    for (const { messageId } of shared) await parked(hospital, messageId);
    const listed = await operation(hospital, `parked?code=DUCTUS_EMR_REJECTED&organization=${hospital.organizationId}`);
    expect(listed.body['parked']).toHaveLength(3);
    expect(alerts(hospital, 'raised', 'DUCTUS_EMR_REJECTED')).toBe(1);
    const repaired = await operation(hospital, 'parked/repair', {
      filter: { code: 'DUCTUS_EMR_REJECTED' },
      repair: { action: 'retry', from: 'deliver', reason: 'EMR corrected' },
    });
    expect(repaired.body['results']).toHaveLength(3);
    await acknowledged(hospital, 3);
    await until(() => alerts(hospital, 'cleared', 'DUCTUS_EMR_REJECTED') === 1, WAIT_MS, 'the end of the alert');
  });
});

describe('an outcome that is not known', () => {
  it.each(['drop-after-storing', 'drop-before-storing', 'garbage', 'wrong-control-id'] as const)(
    'should send again with the same MSH-10 after %s, and count it',
    async (kind) => {
      await using hospital = await openHospital(world);
      hospital.emr.script({ answer: { kind } });
      const file = bundle(50);
      await share(hospital, file);
      await acknowledged(hospital);
      expect(await stored(hospital)).toEqual(expected(file));
      expect(hospital.emr.stats().controlIds).toBe(1);
      const metrics = await (await request(`${hospital.url}/metrics`)).body.text();
      expect(metrics).toContain(`ductus_possible_repeats_total{destination="${hospital.destination}"} 1`);
    },
  );

  it('should take a late answer for nobody: neither for its own message nor for the next', async () => {
    await using hospital = await openHospital(world, { destination: { connections: 1, acknowledgmentTimeoutMs: 300 } });
    hospital.emr.script({ answer: { kind: 'silence' } });
    const files = [bundle(51), bundle(52)];
    await Promise.all(files.map((file) => share(hospital, file)));
    await acknowledged(hospital, 2);
    expect(await stored(hospital)).toEqual(files.flatMap((file) => expected(file)).sort());
    expect(hospital.emr.stats().repeats).toBe(1);
  });

  it('should ask an operator where the destination says so, whatever Roche repeats; retry keeps the MSH-10', async () => {
    await using hospital = await openHospital(world, { destination: { onAmbiguous: 'park' } });
    hospital.emr.script({ answer: { kind: 'drop-after-storing' } });
    const { messageId } = await share(hospital, bundle(53));
    expect(await parked(hospital, messageId)).toMatchObject({ errorCode: 'DUCTUS_EMR_AMBIGUOUS' });
    await hospital.roche.repeat(messageId);
    expect((await status(hospital, messageId)).stage).toBe('parked');
    expect(hospital.emr.stats().frames).toBe(1);
    await repair(hospital, messageId, { action: 'retry', ...decidedBy });
    await acknowledged(hospital);
    expect(hospital.emr.stats()).toMatchObject({ frames: 2, repeats: 1, controlIds: 1 });
  });

  it('should take an ambiguous message as arrived on skip', async () => {
    await using hospital = await openHospital(world, { destination: { onAmbiguous: 'park' } });
    hospital.emr.script({ answer: { kind: 'drop-after-storing' } });
    const { messageId } = await share(hospital, bundle(54));
    await parked(hospital, messageId);
    await repair(hospital, messageId, { action: 'skip', resources: [], ...decidedBy });
    expect(await result(hospital, messageId)).toEqual({ outcome: 'delivered' });
    expect(hospital.emr.stats().frames).toBe(1);
  });

  it('should correct what arrived by an operator’s word, not send it as new', async () => {
    await using hospital = await openHospital(world, { destination: { onAmbiguous: 'park' } });
    hospital.emr.script({ answer: { kind: 'drop-after-storing' } });
    const file = bundle(56);
    const { messageId } = await share(hospital, file);
    await parked(hospital, messageId);
    await repair(hospital, messageId, { action: 'skip', resources: [], ...decidedBy });
    await result(hospital, messageId);
    const edit = await share(hospital, correctionBundle(file, { seed: 56, corrected: 1 }));
    await result(hospital, edit.messageId);
    const [, corrected] = await hospital.emr.frames();
    expect(corrected?.entries.map(({ action }) => action)).toEqual(['corrected']);
  });
});

describe('an EMR that is away', () => {
  it('should pause the destination with one alert, and drain what waits in order when it is back', async () => {
    await using hospital = await openHospital(world, { destination: { drainPerSecond: 5 } });
    await hospital.emr.stop();
    const files = Array.from({ length: 6 }, (_, index) => bundle(60 + index));
    for (const file of files) await share(hospital, file);
    await until(async () => ((await destination(hospital))?.waiting ?? 0) >= 6, WAIT_MS, 'all waiting');
    await until(() => alerts(hospital, 'raised', 'DUCTUS_DESTINATION_DOWN') === 1, WAIT_MS, 'the alert');
    const emr = await hospital.openEmrAgain();
    await acknowledged(hospital, 6);
    await destinationIs(hospital, 'open');
    expect(alerts(hospital, 'raised', 'DUCTUS_DESTINATION_DOWN')).toBe(1);
    expect(alerts(hospital, 'cleared', 'DUCTUS_DESTINATION_DOWN')).toBe(1);
    const patients = (await emr.frames()).map((frame) => frame.patientIds[0]);
    const order = Array.from({ length: 6 }, (_, index) => samplePatient(60 + index).id);
    expect(patients).toEqual(order);
    expect(emr.stats().repeats).toBe(0);
  });

  it('should go on after the last accepted message of a file', async () => {
    await using hospital = await openHospital(world, { destination: { maxObservationsPerMessage: 2 } });
    hospital.emr.script({ answer: { kind: 'AA' } });
    hospital.emr.script({ answer: { kind: 'AA' } });
    hospital.emr.script({ answer: { kind: 'drop-before-storing' }, times: 4 });
    const file = bundle(70, 10);
    await share(hospital, file);
    await acknowledged(hospital);
    expect(await stored(hospital)).toEqual(expected(file));
    expect(hospital.emr.stats()).toMatchObject({ accepted: 5, repeats: 0 });
  });

  it('should send nothing while an operator holds the destination, and everything after resume', async () => {
    await using hospital = await openHospital(world);
    await operation(hospital, `destinations/${hospital.destination}/hold`, { reason: 'EMR upgrade' });
    await destinationIs(hospital, 'held');
    const files = [bundle(80), bundle(81)];
    for (const file of files) await share(hospital, file);
    await until(async () => (await destination(hospital))?.waiting === 2, WAIT_MS, 'both waiting');
    expect(hospital.emr.stats().frames).toBe(0);
    expect((await operation(hospital, `destinations/${hospital.destination}/resume`, { reason: 'done' })).status).toBe(
      202,
    );
    await acknowledged(hospital, 2);
    await destinationIs(hospital, 'open');
    await until(
      async () =>
        (await operation(hospital, `destinations/${hospital.destination}/resume`, { reason: 'again' })).status === 409,
      WAIT_MS,
      'nothing to resume',
    );
    expect((await operation(hospital, 'destinations/nowhere/hold', { reason: 'x' })).status).toBe(404);
  });

  it('should tell people before the last repeat of Roche, and that it is over', async () => {
    await using hospital = await openHospital(world, { dataSharing: { acknowledgeDeadlineMs: 500 } });
    await operation(hospital, `destinations/${hospital.destination}/hold`, { reason: 'EMR upgrade' });
    await destinationIs(hospital, 'held');
    await share(hospital, bundle(82));
    await until(() => alerts(hospital, 'raised', 'DUCTUS_DEADLINE') === 1, WAIT_MS, 'the alert');
    await operation(hospital, `destinations/${hospital.destination}/resume`, { reason: 'done' });
    await acknowledged(hospital);
    await until(() => alerts(hospital, 'cleared', 'DUCTUS_DEADLINE') === 1, WAIT_MS, 'the end of the alert');
  });
});

describe('order for one patient', () => {
  it('should hold a correction back behind the parked file with the same reading, and let other files pass', async () => {
    await using hospital = await openHospital(world);
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
    const file = bundle(90, 2);
    const first = await share(hospital, file);
    await parked(hospital, first.messageId);
    const correction = await share(hospital, correctionBundle(file, { seed: 1, corrected: 1 }));
    await until(
      async () => (await status(hospital, correction.messageId)).stage === 'waiting',
      WAIT_MS,
      'the correction waits',
    );
    const other = bgBundle({ patient: 90, count: 2, seed: 91, start: '2026-03-01T00:00:00Z' });
    // Another file of the same patient queues behind the correction, which is not parked itself.
    await share(hospital, bundle(92));
    await acknowledged(hospital, 1);
    await repair(hospital, first.messageId, { action: 'retry', ...decidedBy });
    await share(hospital, other);
    await acknowledged(hospital, 4);
    const readings = await stored(hospital);
    expect(readings.filter((reading) => reading.endsWith(' C'))).toHaveLength(1);
    const frames = (await hospital.emr.frames()).filter((frame) => frame.accepted);
    const corrected = frames.findIndex((frame) => frame.observations.some((one) => one.status === 'C'));
    const original = frames.findIndex(
      (frame) =>
        frame.observations.length === 2 &&
        frame.observations.every((one) => one.status === 'F') &&
        frame.patientIds[0] === frames[corrected]?.patientIds[0],
    );
    expect(original).toBeLessThan(corrected);
  });
});

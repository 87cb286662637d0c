/**
 * Data sharing while a part of the house is away: Temporal, PostgreSQL, the worker. Rows of the matrix in
 * docs/guide/data-sharing.md; killed processes at random are in test/faults.
 */
import { openHospital, startWorld, type World } from '../support/ductus';
import { acknowledged, bundle, expected, result, share, stored, WAIT_MS } from '../support/hospital-steps';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { temporaryFolder } from '../support/temporary-folder';
import { until } from '../support/until';

let world: World;
let temporal: TestTemporal;
const folder = temporaryFolder();
beforeAll(async () => {
  temporal = await startTemporal({ dir: folder.path });
  world = await startWorld(temporal.address);
});
afterAll(async () => {
  await world.stop();
  await temporal.stop();
  folder[Symbol.dispose]();
});

it('should answer 503 while Temporal is away, and take the repeat when it is back', async () => {
  await using hospital = await openHospital(world, { roche: { retryUnanswered: true, retryUnansweredAfterMs: 200 } });
  await temporal.kill();
  const file = bundle(1);
  const { firstAttempt } = await share(hospital, file);
  expect(firstAttempt.status).toBe(503);
  await temporal.start();
  await hospital.roche.waitUntil((stats) => stats.totals.acknowledged === 1, 60_000);
  expect(await stored(hospital)).toEqual(expected(file));
}, 120_000);

it('should take notifications while PostgreSQL is away, and go on when it is back', async () => {
  await using hospital = await openHospital(world);
  await world.postgres.kill();
  const file = bundle(2);
  const { messageId, firstAttempt } = await share(hospital, file);
  expect(firstAttempt.status).toBe(202);
  await until(
    () => hospital.logLines.some((line) => line.includes('DUCTUS_STORE_UNAVAILABLE')),
    WAIT_MS,
    'a step that waits',
  );
  await world.postgres.start();
  expect(await result(hospital, messageId)).toEqual({ outcome: 'delivered' });
  expect(await stored(hospital)).toEqual(expected(file));
}, 120_000);

it('should wait at a stop for the message that is under way, and go on behind it after the start', async () => {
  await using hospital = await openHospital(world, { destination: { maxObservationsPerMessage: 1, connections: 1 } });
  const file = bundle(3, 8);
  hospital.emr.script({ answer: { kind: 'AA' } });
  hospital.emr.script({ answer: { kind: 'delay' } });
  await share(hospital, file);
  await hospital.emr.waitUntil((stats) => stats.frames >= 2, WAIT_MS);
  await hospital.ductus.stop();
  const before = hospital.emr.stats();
  expect(before.unanswered).toBe(0);
  await hospital.startAgain();
  await acknowledged(hospital);
  expect(await stored(hospital)).toEqual(expected(file));
  expect(hospital.emr.stats()).toMatchObject({ accepted: 8, repeats: 0 });
}, 120_000);

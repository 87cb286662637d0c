/**
 * A quick delivery has five seconds. With an EMR that takes its time, the wait for a connection is longer than that: it
 * must neither count as a failure of the EMR nor keep other work from being fetched.
 */
import { openHospital, startWorld, type World } from '../support/ductus';
import { acknowledged, bundle, expected, share, stored } from '../support/hospital-steps';
import { testTemporalAddress } from '../support/temporal';

const FILES = 14;

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

it('should wait in line for a slow EMR, and not take it for one that is away', async () => {
  await using hospital = await openHospital(world, { destination: { connections: 1 } });
  hospital.emr.script({ answer: { kind: 'delay' }, times: FILES });
  const files = Array.from({ length: FILES }, (_, index) => bundle(200 + index));
  await Promise.all(files.map((file) => share(hospital, file)));
  await acknowledged(hospital, FILES);
  expect(await stored(hospital)).toEqual(files.flatMap((file) => expected(file)).sort());
  expect(hospital.emr.stats()).toMatchObject({ accepted: FILES, repeats: 0 });
  expect(hospital.logLines.filter((line) => line.includes('destination changed'))).toEqual([]);
  expect(hospital.logLines.filter((line) => line.includes('delivery failed'))).toEqual([]);
});

/**
 * What a wrong configuration does to files that come: an EMR that refuses Ductus itself, and a mapping module of the site
 * that throws. Rows of the failure matrix in docs/guide/data-sharing.md.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { EmrHttpSimulator } from '../../simulators/emr-http/emr-http-simulator';
import { openHospital, startWorld, type World } from '../support/ductus';
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
import { restartWith } from '../support/redelivery-steps';
import { testTemporalAddress } from '../support/temporal';
import { temporaryFolder } from '../support/temporary-folder';
import { until } from '../support/until';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

describe('data sharing with a configuration that is wrong', () => {
  it('should pause a destination that refuses Ductus itself, park no file, and go on when it does not any more', async () => {
    const strict = new EmrHttpSimulator({ authorization: 'Bearer another' });
    await strict.start();
    const { port } = strict;
    await using hospital = await openHospital(world, { destinations: { web: { kind: 'http', url: strict.url } } });
    const file = bundle(1);
    const { messageId } = await share(hospital, file);
    const web = hospital.destinationId('web');
    const isPause = (line: string): boolean => line.includes('"state":"paused"') && line.includes(web);
    await until(() => hospital.logLines.some(isPause), WAIT_MS, 'the pause');
    expect(hospital.logLines.join('\n')).toContain('DUCTUS_EMR_MISCONFIGURED');
    expect((await status(hospital, messageId)).stage).not.toBe('parked');
    expect(await stored(hospital)).toEqual(expected(file));

    await strict.stop();
    const kind = new EmrHttpSimulator({ port });
    await kind.start();
    try {
      await acknowledged(hospital);
      expect((await kind.frames()).filter((frame) => frame.accepted)).toHaveLength(1);
    } finally {
      await kind.stop();
    }
  });

  it('should park a file whose item a mapping module of the site throws at, and deliver it when that is mended', async () => {
    using folder = temporaryFolder();
    const module = (name: string, body: string): object => {
      const file = path.join(folder.path, name);
      writeFileSync(file, `exports.mapping = { item(item) { ${body} } };`);
      return { mapping: { module: file } };
    };
    await using hospital = await openHospital(world, {
      destination: module('wrong.cjs', 'throw new Error(`of ${item.patient.identifier.value}`);'),
    });
    const file = bundle(1);
    const { messageId } = await share(hospital, file);
    expect(await parked(hospital, messageId)).toMatchObject({
      errorCode: 'DUCTUS_SITE_MAPPING_FAILED',
      failedStep: 'transform',
    });
    // The module's own words may quote the patient.
    expect(JSON.stringify(await status(hospital, messageId)) + hospital.logLines.join('\n')).not.toContain('SYN-');
    expect(await stored(hospital)).toEqual([]);

    await restartWith(world, hospital, module('right.cjs', 'return item;'));
    await repair(hospital, messageId, { action: 'retry', from: 'transform', ...decidedBy });
    expect(await result(hospital, messageId)).toMatchObject({ outcome: 'delivered' });
    expect(await stored(hospital)).toEqual(expected(file));
  });
});

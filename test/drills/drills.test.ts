/**
 * The drills of docs/operations/drills.md, from start to end. The operator has the command line and nothing else; what
 * goes wrong, and what others repair on their side, is done by the simulators. Hours are milliseconds, by configuration.
 */
import { z } from 'zod';
import { createCertificates } from '../../simulators/certificates';
import { EmrSimulator } from '../../simulators/emr/emr-simulator';
import { serve } from '../../src/runtime/serve';
import { testConfig } from '../support/config';
import { openHospital, startWorld, type World } from '../support/ductus';
import { acknowledged, bundle, expected, result, share, stored, WAIT_MS } from '../support/hospital-steps';
import { operatorOf, type Operator } from '../support/operator';
import { inputWith, restartWith } from '../support/redelivery-steps';
import { temporaryFolder } from '../support/temporary-folder';
import { testTemporalAddress } from '../support/temporal';
import { until } from '../support/until';

/** Each drill starts some twenty processes of the command line. */
jest.setTimeout(180_000);

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

const Destination = z.looseObject({ destination: z.string(), state: z.string(), waiting: z.number() });
const Parked = z.looseObject({ workflowId: z.string(), code: z.string() });
const Finding = z.looseObject({ level: z.string(), where: z.string(), what: z.string(), todo: z.string().optional() });

/** Looks until it is as the drill says. */
async function look<T>(
  operator: Operator,
  command: readonly string[],
  schema: z.ZodType<T>,
  fits: (found: T[]) => boolean,
): Promise<T[]> {
  return until(
    async () => {
      const found = z.array(schema).parse((await operator.json(...command)).lines);
      return fits(found) ? found : undefined;
    },
    60_000,
    command.join(' '),
  );
}

async function done(operator: Operator, ...command: string[]): Promise<string> {
  const { status, stdout, stderr } = await operator.run(...command);
  expect({ command, status, stderr }).toEqual({ command, status: 0, stderr: '' });
  return stdout;
}

it('EMR down for two days', async () => {
  await using hospital = await openHospital(world);
  using folder = temporaryFolder();
  const operator = operatorOf(hospital, folder.path);
  const files = [1, 2, 3, 4].map((seed) => bundle(seed));
  await hospital.emr.stop();
  await share(hospital, files[0] ?? {});
  await share(hospital, files[1] ?? {});

  // The alert says: DUCTUS_DESTINATION_DOWN.
  await look(
    operator,
    ['destinations', 'list'],
    Destination,
    ([found]) => found?.state === 'paused' && found.waiting > 0,
  );
  expect(await done(operator, 'parked', 'list')).toBe('Nothing is parked.\n');
  const sick = await operator.run('doctor', '--problems');
  expect(sick).toMatchObject({ status: 1 });
  expect(sick.stdout).toContain(`destinations.${hospital.destination}: nothing listens there`);
  // The EMR's people say: not before Monday.
  await done(operator, 'destinations', 'hold', hospital.destination, '--reason', 'EMR storage failed, back on Monday');
  await look(operator, ['destinations', 'list'], Destination, ([found]) => found?.state === 'held');
  const sent = [await share(hospital, files[2] ?? {}), await share(hospital, files[3] ?? {})];
  await look(operator, ['destinations', 'list'], Destination, ([found]) => found?.waiting === 4);
  // Roche repeats what nobody acknowledges.
  await hospital.roche.repeat(sent[0]?.messageId ?? '');

  await hospital.openEmrAgain();
  expect((await operator.run('doctor', '--problems')).stdout).not.toContain('nothing listens there');
  await done(operator, 'destinations', 'resume', hospital.destination, '--reason', 'EMR is back');
  await hospital.roche.waitUntil((stats) => stats.totals.acknowledged >= 4, WAIT_MS);
  await look(
    operator,
    ['destinations', 'list'],
    Destination,
    ([found]) => found?.state === 'open' && found.waiting === 0,
  );
  expect(await stored(hospital)).toEqual(files.flatMap((file) => expected(file)).sort());
  expect(await done(operator, 'trace', sent[0]?.messageId ?? '')).toMatch(
    /waiting[\s\S]*all messages[\s\S]*closed: delivered/,
  );
});

it('wrong mapping released on Friday', async () => {
  const right = { mapping: { glucoseUnit: 'mg/dL' } };
  const wrong = { mapping: { glucoseUnit: 'mmol/L' } };
  await using hospital = await openHospital(world, { destination: wrong });
  using folder = temporaryFolder();
  let operator = operatorOf(hospital, `${folder.path}/wrong`);
  const file = bundle(1);
  const { messageId } = await share(hospital, file);
  await result(hospital, messageId);
  // A physician asks why yesterday's values are in another unit.
  expect(await done(operator, 'trace', messageId, '--lineage')).toMatch(/OBX-6 +mmol\/L/);
  // Nothing more is to go out like this.
  await done(operator, 'destinations', 'hold', hospital.destination, '--reason', 'unit of glucose is wrong');
  await look(operator, ['destinations', 'list'], Destination, ([found]) => found?.state === 'held');
  const later = await share(hospital, bundle(2));
  await look(operator, ['destinations', 'list'], Destination, ([found]) => found?.waiting === 1);

  // The mapping is corrected and released. What waits was mapped before: it is looked at below.
  await restartWith(world, hospital, right);
  operator = operatorOf({ configInput: inputWith(hospital, right), secrets: hospital.secrets }, `${folder.path}/right`);
  await done(operator, 'config', 'check');
  await done(operator, 'destinations', 'resume', hospital.destination, '--reason', 'unit corrected');
  await result(hospital, later.messageId);

  const difference = await done(
    operator,
    'redeliver',
    '--diff',
    '--destination',
    hospital.destination,
    '--since',
    '3d',
  );
  expect(difference).toContain('mmol/L');
  const [shown] = (await operator.json('redeliver', '--diff', '--destination', hospital.destination, '--since', '3d'))
    .lines;
  const { digest } = z.looseObject({ digest: z.string() }).parse(shown);
  expect(difference).toContain(digest);
  await done(operator, 'redeliver', '--approve', digest, '--by', 'A. Weber', '--reason', 'unit of glucose');
  const story = await until(
    async () => {
      const text = await done(operator, 'trace', messageId);
      return /sent again: redelivery\/\S+, delivered/.test(text) ? text : undefined;
    },
    60_000,
    'the correction',
  );
  expect(story).toContain('closed: delivered');
  const frames = await hospital.emr.frames();
  const units = new Map(
    frames.flatMap(({ observations }) => observations.map(({ observationId, unit }) => [observationId, unit] as const)),
  );
  expect(new Set(units.values())).toEqual(new Set(['mg/dL']));
  expect(await done(operator, 'trace', digest)).toContain('A. Weber');
});

it('certificate expired', async () => {
  const DAY_MS = 24 * 60 * 60 * 1000;
  const before = await createCertificates({ notAfter: new Date(Date.now() - DAY_MS) });
  const renewed = await createCertificates();
  const emrPort = async (certificates: typeof before, port = 0): Promise<EmrSimulator> => {
    const emr = new EmrSimulator({ port, tls: certificates.server });
    await emr.start();
    return emr;
  };
  const expired = await emrPort(before);
  const { port } = expired;
  await using hospital = await openHospital(world, {
    destination: { host: 'localhost', port, tls: { ca: { env: 'EMR_CA' } } },
    secrets: { EMR_CA: before.ca.cert },
  });
  using folder = temporaryFolder();
  const operator = operatorOf(hospital, `${folder.path}/before`);
  const { messageId } = await share(hospital, bundle(1));
  await look(
    operator,
    ['destinations', 'list'],
    Destination,
    ([found]) => found?.state === 'paused' && found.waiting === 1,
  );
  const findings = z.array(Finding).parse((await operator.json('doctor', '--problems')).lines);
  const at = (where: string) => findings.filter((finding) => finding.where === where).map(({ what }) => what);
  expect(at(`destinations.${hospital.destination}`)).toEqual(['its certificate has expired']);
  expect(at(`destinations.${hospital.destination}.tls.ca`)).toEqual([expect.stringContaining('has expired on')]);

  // The EMR's people renew theirs, and give the new authority.
  await expired.stop();
  await using emr = await emrPort(renewed, port);
  const secrets = { ...hospital.secrets, EMR_CA: renewed.ca.cert };
  await hospital.ductus.stop();
  hospital.ductus = await serve(testConfig(hospital.configInput, secrets), 'all', hospital.logger, {
    workflows: world.workflows,
  });
  const after = operatorOf({ configInput: hospital.configInput, secrets }, `${folder.path}/after`);
  const well = await after.run('doctor', '--problems');
  expect(well.stdout).not.toContain('certificate');
  await after.run('destinations', 'resume', hospital.destination, '--reason', 'certificate renewed');
  await result(hospital, messageId);
  await look(after, ['destinations', 'list'], Destination, ([found]) => found?.state === 'open');
  expect((await emr.frames()).filter((frame) => frame.accepted)).toHaveLength(1);
});

it('Roche sends garbage', async () => {
  await using hospital = await openHospital(world);
  using folder = temporaryFolder();
  const operator = operatorOf(hospital, folder.path);
  await share(hospital, 'no bundle');
  await share(hospital, '{"resourceType":"Bundle","type":"collection","entry":[{}');
  const good = await share(hospital, bundle(1));
  await result(hospital, good.messageId);
  // The alert says: parked, DUCTUS_BUNDLE_INVALID. Others go on.
  const found = await look(
    operator,
    ['parked', 'list', '--code', 'DUCTUS_BUNDLE_INVALID'],
    Parked,
    (list) => list.length === 2,
  );
  for (const { workflowId } of found) {
    const shown = await done(operator, 'parked', 'show', workflowId);
    expect(shown).toMatch(/what to do +Ask Roche|what to do +The details/);
    expect(await done(operator, 'trace', workflowId)).toMatch(/SHA-256 [0-9a-f]{64}/);
  }
  // Roche says: those two were tests of theirs.
  await done(
    operator,
    'parked',
    'discard',
    '--all',
    '--code',
    'DUCTUS_BUNDLE_INVALID',
    '--organization',
    hospital.organizationId,
    '--reason',
    'Roche ticket 4711: test files',
  );
  await acknowledged(hospital, 3);
  await look(operator, ['parked', 'list'], Parked, (list) => list.length === 0);
  expect(await done(operator, 'trace', found[0]?.workflowId ?? '')).toMatch(
    /discard by \S+: Roche ticket 4711[\s\S]*closed: discarded/,
  );
  expect(await stored(hospital)).toHaveLength(3);
});

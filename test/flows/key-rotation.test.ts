/** Changing the key that encrypts, while work waits and is parked: docs/operations, "Keys". */
import { Client, Connection } from '@temporalio/client';
import { DestinationIdSchema } from '../../src/domain/identifiers';
import { createDataConverter } from '../../src/runtime/codec/data-converter';
import { keyIdOf } from '../../src/runtime/codec/payload-codec';
import type { Config } from '../../src/runtime/config/schema';
import { keyUse, type KeyUse } from '../../src/runtime/key-use';
import { serve, type RunningDuctus } from '../../src/runtime/serve';
import { holdDestination, resumeDestination } from '../../src/runtime/temporal/messenger';
import { testConfig } from '../support/config';
import { openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import { acknowledged, bundle, decidedBy, expected, parked, share, status, stored } from '../support/hospital-steps';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { temporaryFolder } from '../support/temporary-folder';
import { until } from '../support/until';

// A server of its own: what is counted is everything that it has.
const folder = temporaryFolder();
const sdkLines: string[] = [];
let temporal: TestTemporal;
let world: World;
beforeAll(async () => {
  temporal = await startTemporal({ dir: folder.path });
  world = await startWorld(temporal.address, undefined, (line) => void sdkLines.push(line));
});
afterAll(async () => {
  await world.stop();
  await temporal.stop();
  folder[Symbol.dispose]();
});

const OTHER_KEY = { OTHER_KEY: Buffer.alloc(32, 8).toString('base64') };
const ring = (currentKey: string, ...ids: readonly string[]) => ({
  encryption: {
    currentKey,
    keys: Object.fromEntries(ids.map((id) => [id, { env: id.startsWith('old') ? 'KEY' : 'OTHER_KEY' }])),
    hashKey: { env: 'HASH_KEY' },
  },
});

/** The hospital with another key ring, as after a restart. */
class Restarted implements AsyncDisposable {
  private constructor(
    readonly config: Config,
    readonly client: Client,
    private readonly connection: Connection,
    private readonly ductus: RunningDuctus,
  ) {}

  static async start(hospital: Hospital, settings: object): Promise<Restarted> {
    const config = testConfig({ ...hospital.configInput, ...settings }, hospital.secrets);
    const connection = await Connection.connect({ address: temporal.address });
    const client = new Client({ connection, dataConverter: createDataConverter(config) });
    const ductus = await serve(config, 'all', hospital.logger, { workflows: world.workflows });
    hospital.ductus = ductus;
    return new Restarted(config, client, connection, ductus);
  }

  async count(keyId: string): Promise<KeyUse | undefined> {
    return (await keyUse(this.config, this.client, true)).find((each) => each.keyId === keyId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ductus.stop();
    await this.connection.close();
  }
}

/** One file parked, one waiting for a destination that is held: both under the old key. Ductus is stopped. */
async function openWithWork(oldKey: string) {
  const hospital = await openHospital(world, { settings: ring(oldKey, oldKey), secrets: OTHER_KEY });
  const destination = DestinationIdSchema.parse(hospital.destination);
  hospital.emr.script({ answer: { kind: 'AE', errorCode: '102', errorText: 'no such ward' } });
  const refused = await share(hospital, bundle(1));
  await parked(hospital, refused.messageId);
  await holdDestination(hospital.client, hospital.config.temporal.taskQueue, destination, decidedBy);
  const waiting = await share(hospital, bundle(2));
  await until(async () => (await status(hospital, waiting.messageId)).stage === 'waiting', 20_000, 'waiting');
  await hospital.ductus.stop();
  return { hospital, destination, refused: hospital.workflowId(refused.messageId) };
}

/** Key ids of the inputs of activities, in the order of the history. */
async function keysOfSteps(client: Client, workflowId: string): Promise<string[]> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => {
    const metadata = scheduled?.input?.payloads?.[0]?.metadata;
    return metadata == null ? [] : (keyIdOf({ metadata }) ?? 'none');
  });
}

describe('a change of the key', () => {
  it('should let work that began under the old key end under the new one', async () => {
    const { hospital, destination, refused } = await openWithWork('old-1');
    await using _hospital = hospital;
    await using after = await Restarted.start(hospital, ring('new', 'new', 'old-1'));
    expect(await after.count('old-1')).toMatchObject({ state: 'old', running: 3, blobs: expect.any(Number) });

    await resumeDestination(after.client, destination, decidedBy);
    await acknowledged(hospital);
    await after.client.workflow
      .getHandle(refused)
      .executeUpdate('repair', { args: [{ action: 'retry', ...decidedBy }] });
    await acknowledged(hospital, 2);
    await after.client.workflow.getHandle(refused).result();
    expect(await stored(hospital)).toEqual([...expected(bundle(1)), ...expected(bundle(2))].sort());
    const keys = await keysOfSteps(after.client, refused);
    expect([...new Set(keys)]).toEqual(['old-1', 'new']);
    expect(keys).toEqual([...keys].sort().reverse());

    // The destination's workflow ends a moment after its backlog.
    const old = await until(async () => {
      const now = await after.count('old-1');
      return now?.running === 0 ? now : undefined;
    });
    expect(old).toMatchObject({ state: 'old', running: 0, closed: 3 });
    expect(old.blobs).toBeGreaterThan(0);
    expect(await after.count('new')).toMatchObject({ state: 'current', closed: 3 });
  }, 120_000);

  it('should say that a key is missing, park nothing for it, and go on when it is back', async () => {
    const { hospital, destination } = await openWithWork('old-2');
    await using _hospital = hospital;
    const alerts = () => hospital.logLines.filter((line) => line.includes('codec-key/old-2'));
    {
      await using early = await Restarted.start(hospital, ring('new', 'new'));
      await resumeDestination(early.client, destination, decidedBy);
      await until(() => alerts().length > 0, 20_000, 'the alert');
      expect(alerts()[0]).toContain('DUCTUS_CODEC_KEY_MISSING');
      expect(sdkLines.join('\n')).toContain('The encryption key "old-2" is not in the key ring.');
      expect(await early.count('old-2')).toMatchObject({ state: 'missing', running: 3 });
      const { raw, status: now } = await early.client.workflow.getHandle(`destination/${destination}`).describe();
      expect(now.name).toBe('RUNNING');
      expect(raw.pendingWorkflowTask?.attempt).toBeGreaterThan(0);
    }
    await using _after = await Restarted.start(hospital, ring('new', 'new', 'old-2'));
    await acknowledged(hospital);
    expect(alerts().map((line) => /"kind":"(\w+)"/.exec(line)?.[1])).toEqual(['raised', 'cleared']);
    expect(await stored(hospital)).toEqual(expected(bundle(2)));
  }, 120_000);
});

/** How work stands, asked of a real PostgreSQL. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { KeyedHashSchema, OrganizationIdSchema } from '../../src/domain/identifiers';
import type { Standing } from '../../src/domain/standing';
import { raiseAlert } from '../../src/store/alerts';
import { migrateStore, openStore, type Store } from '../../src/store/database';
import { setDestination, waitForDestination } from '../../src/store/destinations';
import { closeNotification, openNotification, recordParked } from '../../src/store/ledger';
import { parkChanges, takeUpChange } from '../../src/store/patient-changes';
import { readStanding } from '../../src/store/standing';
import { startRealPostgres, type RealPostgres } from '../support/postgres';
import { destinationId, workKey } from '../support/work';

let postgres: RealPostgres;
let store: Store;
const emr = destinationId('emr-main');

beforeAll(async () => {
  postgres = await startRealPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  store = openStore({ url: await postgres.createDatabase(), poolSize: 4 });
  await migrateStore(store);
});
afterEach(() => store.destroy());

const read = (): Promise<Standing> =>
  readStanding(store, { organizations: ['st-marien', 'st-anna'], destinations: ['emr-main', 'lab'] });

const MINUTE = 60_000;

async function open(id: string, minutesAgo: number, organization = 'st-marien', flow = 'data-sharing'): Promise<void> {
  await openNotification(store, {
    ...workKey(id, organization),
    workflowId: `${flow}/${organization}/${id}`,
    messageType: 'Clinical Data',
    sourceHash: 'a'.repeat(64),
    objectKey: undefined,
    createdAt: new Date(),
    receivedAt: new Date(Date.now() - minutesAgo * MINUTE),
  });
}

describe('readStanding', () => {
  it('should count patients on their way to Roche, once each however many messages wait', async () => {
    const patient = (name: string) => KeyedHashSchema.parse(name.padEnd(22, '0'));
    const organization = OrganizationIdSchema.parse('st-marien');
    const message = async (name: string, minutesAgo: number): Promise<string> => {
      const id = randomUUID();
      const change = {
        id,
        origin: { source: 'adt', connection: id, sequence: 1, controlId: id, digest: id },
        event: 'A08',
        kind: 'upsert',
        eventAtMs: Date.now(),
        receivedAtMs: Date.now() - minutesAgo * MINUTE,
      } as const;
      await takeUpChange(store, { organization, patient: patient(name), change, digest: patient('digest') });
      return id;
    };
    await message('A', 10);
    await message('A', 5);
    await message('B', 3);
    const refused = await message('C', 2);
    const parked = {
      changeIds: [refused],
      newest: refused,
      code: 'DUCTUS_PATIENT_REFUSED',
      message: 'refused',
    } as const;
    await parkChanges(store, { organization, patient: patient('C'), ...parked });
    const { open: works, parked: counts } = await read();
    expect(
      works.map(({ flow, stage, count, oldestSeconds }) => [flow, stage, count, Math.round(oldestSeconds / 60)]).sort(),
    ).toEqual([
      ['patient-sync', 'delivering', 2, 10],
      ['patient-sync', 'parked', 1, 2],
    ]);
    expect(counts).toEqual([
      { flow: 'patient-sync', organization: 'st-marien', code: 'DUCTUS_PATIENT_REFUSED', count: 1 },
    ]);
  });

  it('should be empty where nothing has come, with open destinations', async () => {
    const destination = {
      state: 'open',
      stateSeconds: undefined,
      queued: 0,
      oldestQueuedSeconds: undefined,
      ambiguous: 0,
    };
    expect(await read()).toEqual({
      open: [],
      parked: [],
      destinations: [
        { destination: 'emr-main', ...destination },
        { destination: 'lab', ...destination },
      ],
      traffic: [],
      alerts: {},
    });
  });

  it('should count open work by flow, organization and stage, with the age of the oldest', async () => {
    await open('a', 10);
    await open('b', 30);
    await open('c', 90, 'st-anna', 'redelivery');
    await open('d', 500, 'not-configured');
    await open('over', 600);
    await closeNotification(store, {
      ...workKey('over'),
      outcome: 'delivered',
      flags: [],
      retainDays: 1,
      retainUnmappedDays: 1,
    });
    const { open: works } = await read();
    expect(works.map(({ oldestSeconds, ...work }) => ({ ...work, minutes: Math.round(oldestSeconds / 60) }))).toEqual(
      expect.arrayContaining([
        { flow: 'data-sharing', organization: 'st-marien', stage: 'received', count: 2, minutes: 30 },
        { flow: 'redelivery', organization: 'st-anna', stage: 'received', count: 1, minutes: 90 },
      ]),
    );
    expect(works).toHaveLength(2);
  });

  it('should count parked work by code, and as one stage', async () => {
    for (const [id, code] of [
      ['a', 'DUCTUS_EMR_REJECTED'],
      ['b', 'DUCTUS_EMR_REJECTED'],
      ['c', 'DUCTUS_BUNDLE_INVALID'],
    ] as const) {
      await open(id, 5);
      await recordParked(store, { ...workKey(id), errorCode: code, errorMessage: 'why', failedStep: 'deliver' });
    }
    const standing = await read();
    expect(standing.parked.map(({ code, count }) => [code, count]).sort()).toEqual([
      ['DUCTUS_BUNDLE_INVALID', 1],
      ['DUCTUS_EMR_REJECTED', 2],
    ]);
    expect(standing.open).toMatchObject([{ stage: 'parked', count: 3 }]);
  });

  it('should say what waits for a destination, how long, and what may have arrived', async () => {
    await open('a', 20);
    await setDestination(store, emr, { state: 'paused' });
    await waitForDestination(store, emr, 'data-sharing/st-marien/a', new Date(Date.now() - 20 * MINUTE));
    await sql`
      insert into message (organization, notification_id, destination, sequence, control_id, blob_key, blob_sha256,
        blob_bytes, blob_index, state, error_code, resource_hashes, resource_versions)
      values ('st-marien', 'a', 'emr-main', 1, 'X1', 'k', 's', 1, 0, 'sending', 'DUCTUS_EMR_AMBIGUOUS', '{}', '{}'),
        ('st-marien', 'a', 'emr-main', 2, 'X2', 'k', 's', 1, 1, 'sending', null, '{}', '{}')
    `.execute(store);
    const standing = await read();
    expect(standing.destinations[0]).toMatchObject({
      destination: 'emr-main',
      state: 'paused',
      queued: 1,
      ambiguous: 1,
    });
    expect(standing.destinations[0]?.oldestQueuedSeconds).toBeCloseTo(1200, -2);
    expect(standing.open).toMatchObject([{ stage: 'waiting', count: 1 }]);
  });

  it('should know the last new notification of each organization, and take no redelivery for one', async () => {
    await open('a', 120);
    await open('b', 60);
    await openNotification(store, {
      ...workKey('b'),
      variant: 'r0123456789ab',
      workflowId: 'redelivery/st-marien/b/0123456789ab',
      messageType: 'Clinical Data',
      sourceHash: 'a'.repeat(64),
      objectKey: undefined,
      createdAt: new Date(),
      receivedAt: new Date(),
    });
    const { traffic } = await read();
    expect(traffic).toMatchObject([{ organization: 'st-marien' }]);
    expect(Math.round((traffic[0]?.quietSeconds ?? 0) / 60)).toBe(60);
  });

  it('should count alerts that are raised', async () => {
    await raiseAlert(store, { key: 'a', code: 'DUCTUS_DEADLINE', text: 'late' });
    await raiseAlert(store, { key: 'b', code: 'DUCTUS_DEADLINE', text: 'late' });
    expect((await read()).alerts).toEqual({ DUCTUS_DEADLINE: 2 });
  });
});

/** What a redelivery keeps in the store: plans, what was signed off, who is held back. On a real PostgreSQL. */
import type { WorkKey } from '../../src/domain/data-sharing';
import type { RedeliveryInput, RedeliverySelection } from '../../src/domain/redelivery';
import { redeliveryVariant, redeliveryWorkflowId } from '../../src/domain/workflow-ids';
import { migrateStore, openStore, type Store } from '../../src/store/database';
import { closeNotification, openNotification, recordDelivered, recordRetrieved } from '../../src/store/ledger';
import { markSending, pendingMessages, replaceMessages } from '../../src/store/messages';
import { begunRedeliveries, countFiles, openRedelivery, pageOfFiles } from '../../src/store/redelivery';
import {
  approvedPlan,
  approvePlan,
  createPlan,
  expiredPlans,
  finishPlan,
  forgetPlan,
  plannedFiles,
  savePlannedFiles,
  signedFile,
} from '../../src/store/redelivery-plans';
import { parkTurn, takeTurn } from '../../src/store/turns';
import { startRealPostgres, type RealPostgres } from '../support/postgres';
import { controlId, destinationId, hashOf, workKey } from '../support/work';

let postgres: RealPostgres;
let store: Store;
const emr = destinationId('emr-main');
const selection: RedeliverySelection = { destination: emr, until: '2999-01-01T00:00:00Z', all: false };
const blob = { key: 'b', sha256: 'c'.repeat(64), bytes: 7 };

beforeAll(async () => {
  postgres = await startRealPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  store = openStore({ url: await postgres.createDatabase(), poolSize: 4 });
  await migrateStore(store);
});
afterEach(() => store.destroy());

async function opened(id: string): Promise<WorkKey> {
  const key = workKey(id);
  await openNotification(store, {
    ...key,
    workflowId: `data-sharing/st-marien/${id}`,
    messageType: 'Clinical Data',
    sourceHash: 'a'.repeat(64),
    objectKey: undefined,
    createdAt: new Date(),
    receivedAt: new Date(),
  });
  await recordRetrieved(store, key, { blob, etag: undefined });
  return key;
}

async function delivered(id: string, outcome: 'delivered' | 'discarded' = 'delivered'): Promise<WorkKey> {
  const key = await opened(id);
  if (outcome === 'delivered') await recordDelivered(store, key);
  await closeNotification(store, { ...key, outcome, flags: [], retainDays: 14, retainUnmappedDays: 90 });
  return key;
}

function inputOf(key: WorkKey, digest: string): RedeliveryInput {
  return {
    ...key,
    destination: emr,
    planId: 'p1',
    digest,
    fileDigest: 'f',
    all: false,
    by: 'anna',
    reason: 'fixed',
    approvedAtMs: Date.now(),
  };
}

async function begin(key: WorkKey, digest: string): Promise<WorkKey> {
  const work = { ...key, variant: redeliveryVariant(key.variant, digest) };
  const id = redeliveryWorkflowId(key.organization, key.notificationId, key.variant, digest);
  expect(await openRedelivery(store, inputOf(key, digest), work, id)).toBeUndefined();
  return work;
}

const DIGEST = '0123456789abcdef';

describe('files', () => {
  it('should be found page by page, with what stands against sending them again', async () => {
    const first = await delivered('n1');
    await delivered('n2', 'discarded');
    await delivered('n3');
    await opened('n4');
    await begin(first, DIGEST);
    const scope = { organizations: [first.organization], selection };
    expect(await countFiles(store, scope)).toBe(3);
    const page = await pageOfFiles(store, scope, undefined, 2);
    expect(page.map(({ key, state }) => [key.notificationId, state])).toEqual([
      ['n1', 'redelivery-under-way'],
      ['n3', 'delivered'],
    ]);
    const rest = await pageOfFiles(store, scope, page.at(-1)?.key, 2);
    expect(rest.map(({ key, state }) => [key.notificationId, state])).toEqual([['n4', 'under-way']]);
  });

  it('should be in the range of their delivery, of the organization, and among the named', async () => {
    const { organization, notificationId } = await delivered('n1');
    const count = (more: Partial<RedeliverySelection>, organizations = [organization]) =>
      countFiles(store, { organizations, selection: { ...selection, ...more } });
    expect(await count({ since: '2000-01-01T00:00:00Z' })).toBe(1);
    expect(await count({ since: '2998-01-01T00:00:00Z' })).toBe(0);
    expect(await count({ until: '2000-01-01T00:00:00Z' })).toBe(0);
    expect(await count({ notifications: [notificationId] })).toBe(1);
    expect(await count({ notifications: [workKey('n9').notificationId] })).toBe(0);
    expect(await count({}, [workKey('n1', 'st-anna').organization])).toBe(0);
    expect(await count({}, [])).toBe(0);
  });
});

describe('a plan', () => {
  const signatures = new Map([
    [hashOf('r1'), hashOf('s1')],
    [hashOf('r2'), hashOf('s2')],
  ]);

  async function planned(planId: string, ...digests: readonly string[]): Promise<string | undefined> {
    await createPlan(store, { planId, selection, retainDays: 14 });
    const files = digests.map((digest, index) => ({ key: workKey(`n${String(index)}`), digest, signatures }));
    await savePlannedFiles(store, planId, files);
    // A page that is repeated after a crash.
    await savePlannedFiles(store, planId, files);
    return finishPlan(store, planId, blob);
  }

  it('should have a digest of all its files, and none when it has none', async () => {
    expect(await planned('p1')).toBeUndefined();
    const digest = await planned('p2', 'd1', 'd2');
    expect(digest).toMatch(/^[0-9a-f]{16}$/);
    expect(await planned('p3', 'd1', 'd2')).toBe(digest);
    expect(await planned('p4', 'd1', 'd3')).not.toBe(digest);
    expect(await plannedFiles(store, 'p2', workKey('n0'), 10)).toEqual([{ key: workKey('n1'), digest: 'd2' }]);
  });

  it('should keep what was signed off of a file, and be approved once', async () => {
    const digest = (await planned('p1', 'd1')) ?? '';
    expect(await signedFile(store, 'p1', workKey('n0'))).toMatchObject({ digest: 'd1', signatures: expect.any(Map) });
    expect([...((await signedFile(store, 'p1', workKey('n0')))?.signatures.values() ?? [])]).toHaveLength(2);
    expect(await signedFile(store, 'p1', workKey('n9'))).toBeUndefined();
    expect(await approvedPlan(store, digest)).toBeUndefined();
    for (const by of ['anna', 'berta']) await approvePlan(store, 'p1', { digest, by, reason: 'fixed' });
    expect(await approvedPlan(store, digest)).toMatchObject({ planId: 'p1', by: 'anna', files: 1, selection });
    const decisions = await store.selectFrom('decision').select(['action', 'by', 'details']).execute();
    expect(decisions).toEqual([{ action: 'redeliver', by: 'anna', details: { digest, plan: 'p1' } }]);
  });

  it('should be forgotten when its time is over and its files are not on their way; who signed it off stays', async () => {
    const key = await delivered('n0');
    const digest = (await planned('p1', 'd1')) ?? '';
    await planned('p2', 'd2');
    await approvePlan(store, 'p1', { digest, by: 'anna', reason: 'fixed' });
    expect(await expiredPlans(store, 10)).toEqual([]);
    await store
      .updateTable('redelivery')
      .set({ delete_after: new Date(0) })
      .execute();
    const work = await begin(key, digest);
    expect(await expiredPlans(store, 10)).toEqual([{ planId: 'p2' }]);
    await forgetPlan(store, 'p2');
    const id = `redelivery/st-marien/n0/${digest.slice(0, 12)}`;
    expect([...(await begunRedeliveries(store, [key], digest))]).toEqual([[id, 'open']]);
    await closeNotification(store, {
      ...work,
      outcome: 'delivered',
      flags: [],
      retainDays: 14,
      retainUnmappedDays: 90,
    });
    expect([...(await begunRedeliveries(store, [key], digest))]).toEqual([[id, 'over']]);
    expect(await expiredPlans(store, 10)).toEqual([{ planId: 'p1' }]);
    await forgetPlan(store, 'p1');
    expect(await expiredPlans(store, 10)).toEqual([]);
    expect(await approvedPlan(store, digest)).toMatchObject({ by: 'anna', files: 0 });
  });
});

describe('the work', () => {
  it('should be opened once, with who signed it off, and say how it ended', async () => {
    const key = await delivered('n1');
    const work = await begin(key, DIGEST);
    await begin(key, DIGEST);
    const row = await store
      .selectFrom('notification')
      .select(['decided_by', 'decided_reason', 'flags', 'content_sha256', 'blob_key'])
      .where('variant', '=', work.variant)
      .executeTakeFirstOrThrow();
    expect(row).toEqual({
      decided_by: 'anna',
      decided_reason: 'fixed',
      flags: ['redelivery'],
      content_sha256: null,
      blob_key: null,
    });
    expect(await store.selectFrom('decision').select('action').execute()).toEqual([{ action: 'redeliver' }]);
    await closeNotification(store, {
      ...work,
      outcome: 'discarded',
      flags: [],
      retainDays: 14,
      retainUnmappedDays: 90,
    });
    expect(await openRedelivery(store, inputOf(key, DIGEST), work, 'any')).toBe('discarded');
  });

  it('should hold back what is newer while it is parked only where a message may have arrived', async () => {
    const key = await delivered('n1');
    const work = await begin(key, DIGEST);
    const newer = await opened('n2');
    const lane = [{ destination: emr, patient: hashOf('patient') }];
    const ask = () => takeTurn(store, newer, 'wf/newer', lane, [hashOf('r1')]);
    expect(await takeTurn(store, work, 'wf/again', lane, [hashOf('r1')])).toMatchObject({ granted: true });
    await replaceMessages(store, work, emr, blob, [
      { controlId: controlId('M1'), blobIndex: 0, resourceHashes: [hashOf('r1')], resourceVersions: ['v1'] },
    ]);
    expect(await ask()).toEqual({ granted: false, behind: 'wf/again' });
    await parkTurn(store, work);
    expect(await ask()).toMatchObject({ granted: true });
    const [pending] = await pendingMessages(store, work, emr);
    if (pending === undefined) throw new Error('no message');
    await markSending(store, work, emr, pending, false);
    expect(await ask()).toEqual({ granted: false, behind: 'wf/again' });
  });
});

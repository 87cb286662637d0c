import { migrateStore, openStore, type Store } from '../../src/store/database';
import { clearAlert, codesNoLongerParked, raiseAlert } from '../../src/store/alerts';
import {
  clearFailures,
  countFailure,
  destinationStatus,
  forgetWaiter,
  forgetWaiters,
  nextWaiters,
  openDestination,
  setDestination,
  waitForDestination,
} from '../../src/store/destinations';
import {
  closeNotification,
  expiredBlobs,
  findDeliveredTwin,
  openNotification,
  recordDelivered,
  recordParked,
  recordRetrieved,
} from '../../src/store/ledger';
import { deliveredVersions } from '../../src/store/delivered';
import {
  leaveOut,
  markAccepted,
  markNotAccepted,
  markSending,
  pendingMessages,
  replaceMessages,
  resourcesToLeaveOut,
} from '../../src/store/messages';
import { parkTurn, releaseTurn, takeTurn, unparkTurn } from '../../src/store/turns';
import { ductusErrorOf } from '../support/error-of';
import { startRealPostgres, type RealPostgres } from '../support/postgres';
import { controlId, destinationId, hashOf, workKey } from '../support/work';

let postgres: RealPostgres;
let store: Store;
const emr = destinationId('emr-main');

beforeAll(async () => {
  postgres = await startRealPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  store = openStore({ url: await postgres.createDatabase(), poolSize: 8 });
  await migrateStore(store);
});
afterEach(() => store.destroy());

const opening = (id: string, sourceHash = 'a'.repeat(64)) => ({
  ...workKey(id),
  workflowId: `data-sharing/st-marien/${id}`,
  messageType: 'Clinical Data',
  sourceHash,
  objectKey: 'delivery/clinical-data/x.json',
  createdAt: new Date('2026-01-01T00:00:00Z'),
  receivedAt: new Date('2026-01-01T00:00:01Z'),
});
const closing = (
  id: string,
  outcome: 'delivered' | 'already-done' | 'delivered-ack-impossible',
  flags: string[] = [],
) => ({
  ...workKey(id),
  outcome,
  flags,
  retainDays: 14,
  retainUnmappedDays: 90,
});
const blob = (name: string) => ({ key: name, sha256: 'b'.repeat(64), bytes: 10 });
const message = (id: string, ...resources: string[]) => ({
  controlId: controlId(id),
  blobIndex: 0,
  resourceHashes: resources,
  resourceVersions: resources.map(() => '|1|aaaa'),
});

describe('the ledger', () => {
  it('should enter a notification once and know it afterwards', async () => {
    expect(await openNotification(store, opening('n1'))).toEqual({ disposition: 'new' });
    expect(await openNotification(store, opening('n1'))).toEqual({ disposition: 'new' });
    await closeNotification(store, closing('n1', 'delivered'));
    expect(await openNotification(store, opening('n1'))).toEqual({ disposition: 'closed', outcome: 'delivered' });
    expect(await openNotification(store, opening('n1', 'c'.repeat(64)))).toEqual({ disposition: 'conflict' });
  });

  it('should keep the first outcome and count repeats', async () => {
    await openNotification(store, opening('n1'));
    await closeNotification(store, closing('n1', 'delivered', ['first']));
    await closeNotification(store, closing('n1', 'already-done', ['again', 'first']));
    const row = await store.selectFrom('notification').selectAll().executeTakeFirstOrThrow();
    expect(row).toMatchObject({ outcome: 'delivered', repeats: 1, stage: 'done' });
    expect([...row.flags].sort()).toEqual(['again', 'first']);
  });

  it('should say delivered when a later handle was taken after an impossible ACK', async () => {
    await openNotification(store, opening('n1'));
    await closeNotification(store, closing('n1', 'delivered-ack-impossible', ['ack-impossible']));
    await closeNotification(store, closing('n1', 'already-done'));
    expect(await store.selectFrom('notification').select('outcome').executeTakeFirst()).toEqual({
      outcome: 'delivered',
    });
  });

  it('should find the same object under another id only when it was delivered with the same bytes', async () => {
    await openNotification(store, opening('n1'));
    await recordRetrieved(store, workKey('n1'), { blob: blob('one'), etag: 'e' });
    const object = { sourceHash: 'a'.repeat(64), sha256: 'b'.repeat(64) };
    expect(await findDeliveredTwin(store, workKey('n2'), object)).toBeUndefined();
    await recordDelivered(store, workKey('n1'));
    expect(await findDeliveredTwin(store, workKey('n2'), object)).toBe('n1');
    expect(await findDeliveredTwin(store, workKey('n2'), { ...object, sha256: 'd'.repeat(64) })).toBeUndefined();
    expect(await findDeliveredTwin(store, workKey('n2', 'other-org'), object)).toBeUndefined();
  });

  it('should offer blobs for deletion only after their time', async () => {
    await openNotification(store, opening('n1'));
    await recordRetrieved(store, workKey('n1'), { blob: blob('file'), etag: undefined });
    await replaceMessages(store, workKey('n1'), emr, blob('messages'), [message('M1', 'r1')]);
    await closeNotification(store, closing('n1', 'delivered'));
    expect(await expiredBlobs(store, 10)).toEqual([]);
    await store
      .updateTable('notification')
      .set({ blob_delete_after: new Date(0) })
      .execute();
    const [expired] = await expiredBlobs(store, 10);
    expect([...(expired?.keys ?? [])].sort()).toEqual(['file', 'messages']);
  });

  it('should say which alerts about parked work are over', async () => {
    await openNotification(store, opening('n1'));
    await recordParked(store, {
      ...workKey('n1'),
      errorCode: 'DUCTUS_EMR_REJECTED',
      errorMessage: 'x',
      failedStep: 'deliver',
    });
    await raiseAlert(store, { key: 'parked/st-marien/DUCTUS_EMR_REJECTED', code: 'DUCTUS_EMR_REJECTED', text: 't' });
    expect(await codesNoLongerParked(store, workKey('n1').organization)).toEqual([]);
    await closeNotification(store, closing('n1', 'delivered'));
    expect(await codesNoLongerParked(store, workKey('n1').organization)).toEqual(['DUCTUS_EMR_REJECTED']);
  });
});

describe('messages', () => {
  beforeEach(() => openNotification(store, opening('n1')));
  const key = workKey('n1');

  it('should remember what was accepted, in order, with its resources', async () => {
    await replaceMessages(store, key, emr, blob('m'), [message('M1', 'r1', 'r2'), message('M2', 'r3')]);
    const [first, second] = await pendingMessages(store, key, emr);
    expect([first?.controlId, second?.controlId]).toEqual(['M1', 'M2']);
    await markAccepted(store, key, emr, 1);
    expect((await pendingMessages(store, key, emr)).map((each) => each.controlId)).toEqual(['M2']);
    expect([...(await deliveredVersions(store, emr, ['r1', 'r2', 'r3'])).keys()].sort()).toEqual(['r1', 'r2']);
  });

  it('should keep a message of unknown outcome when the file is transformed again', async () => {
    await replaceMessages(store, key, emr, blob('m'), [message('M1', 'r1'), message('M2', 'r2')]);
    const [first] = await pendingMessages(store, key, emr);
    if (first === undefined) throw new Error('no message');
    expect(await markSending(store, key, emr, first, false)).toEqual({ sequence: 1, attempts: 1 });
    expect([...(await resourcesToLeaveOut(store, key, emr))]).toEqual(['r1']);
    await replaceMessages(store, key, emr, blob('m2'), [message('M3', 'r2')]);
    expect((await pendingMessages(store, key, emr)).map((each) => each.controlId)).toEqual(['M1', 'M3']);
  });

  it('should take more messages than a statement has parameters for', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => message(`M${String(index)}`, `r${String(index)}`));
    await replaceMessages(store, key, emr, blob('m'), many);
    expect(await pendingMessages(store, key, emr)).toHaveLength(5000);
  });

  it('should let only one of two attempts send a message', async () => {
    await replaceMessages(store, key, emr, blob('m'), [message('M1', 'r1')]);
    const [seen] = await pendingMessages(store, key, emr);
    if (seen === undefined) throw new Error('no message');
    const results = await Promise.all([
      markSending(store, key, emr, seen, false),
      markSending(store, key, emr, seen, false),
    ]);
    expect(results.filter((attempt) => attempt !== undefined)).toEqual([{ sequence: 1, attempts: 1 }]);
  });

  it('should say how long an attempt has been under way, until its end is written down', async () => {
    await replaceMessages(store, key, emr, blob('m'), [message('M1', 'r1')]);
    const read = async () => (await pendingMessages(store, key, emr))[0];
    const seen = await read();
    expect(seen?.underWayMs).toBeUndefined();
    const attempt = seen === undefined ? undefined : await markSending(store, key, emr, seen, false);
    if (attempt === undefined) throw new Error('no attempt');
    expect((await read())?.underWayMs).toBeGreaterThanOrEqual(0);
    await markNotAccepted(store, key, emr, attempt, 'sending', 'DUCTUS_EMR_AMBIGUOUS');
    expect(await read()).toMatchObject({ state: 'sending', underWayMs: undefined });
  });

  it('should let no attempt that was overtaken send, or undo what a newer one found', async () => {
    await replaceMessages(store, key, emr, blob('m'), [message('M1', 'r1'), message('M2', 'r2')]);
    const [seen] = await pendingMessages(store, key, emr);
    if (seen === undefined) throw new Error('no message');
    const first = await markSending(store, key, emr, seen, false);
    const [again] = await pendingMessages(store, key, emr);
    if (first === undefined || again === undefined) throw new Error('no attempt');
    await markAccepted(store, key, emr, 1);
    expect(await markSending(store, key, emr, again, true)).toBeUndefined();
    await markNotAccepted(store, key, emr, first, 'prepared', 'DUCTUS_EMR_BUSY');
    expect((await pendingMessages(store, key, emr)).map((each) => each.controlId)).toEqual(['M2']);
  });

  it('should make no other message of what an attempt has sent since the transform looked', async () => {
    await replaceMessages(store, key, emr, blob('m'), [message('M1', 'r1'), message('M2', 'r2')]);
    const [, second] = await pendingMessages(store, key, emr);
    if (second === undefined) throw new Error('no message');
    await markSending(store, key, emr, second, false);
    const late = replaceMessages(store, key, emr, blob('m2'), [message('M3', 'r1', 'r2')]);
    expect((await ductusErrorOf(late)).class).toBe('transient');
    expect((await pendingMessages(store, key, emr)).map((each) => each.controlId)).toEqual(['M1', 'M2']);
    await replaceMessages(store, key, emr, blob('m2'), [message('M3', 'r1')]);
    expect((await pendingMessages(store, key, emr)).map((each) => each.controlId)).toEqual(['M2', 'M3']);
    await markAccepted(store, key, emr, second.sequence);
    const again = replaceMessages(store, key, emr, blob('m3'), [message('M4', 'r2')]);
    expect((await ductusErrorOf(again)).class).toBe('transient');
    // Another version of it, from a file that was fetched anew, is another matter.
    await replaceMessages(store, key, emr, blob('m3'), [{ ...message('M5', 'r2'), resourceVersions: ['2'] }]);
    expect((await pendingMessages(store, key, emr)).map((each) => each.controlId)).toEqual(['M5']);
  });

  it('should let two transforms of one file come at the same moment', async () => {
    const both = [1, 2].map(() =>
      replaceMessages(store, key, emr, blob('m'), [message('M1', 'r1'), message('M2', 'r2')]),
    );
    await Promise.all(both);
    expect((await pendingMessages(store, key, emr)).map((each) => each.controlId)).toEqual(['M1', 'M2']);
  });

  it('should leave out the resources of failed messages when none is named', async () => {
    await replaceMessages(store, key, emr, blob('m'), [message('M1', 'r1', 'r2'), message('M2', 'r3')]);
    const [first] = await pendingMessages(store, key, emr);
    const attempt = first === undefined ? undefined : await markSending(store, key, emr, first, false);
    if (attempt === undefined) throw new Error('no attempt');
    await markNotAccepted(store, key, emr, attempt, 'rejected', 'DUCTUS_EMR_REJECTED');
    expect(await leaveOut(store, key, [])).toBe(2);
    expect([...(await resourcesToLeaveOut(store, key, emr))].sort()).toEqual(['r1', 'r2']);
    expect((await pendingMessages(store, key, emr)).map((each) => each.controlId)).toEqual(['M2']);
  });
});

describe('turns', () => {
  const lane = (patient: string) => ({ destination: emr, patient: hashOf(patient) });
  const take = (id: string, patients: string[], resources: string[] = []) =>
    takeTurn(store, workKey(id), `wf/${id}`, patients.map(lane), resources);

  it('should give turns in order for one patient, and at once for different patients', async () => {
    expect(await take('n1', ['anna'])).toMatchObject({ granted: true });
    expect(await take('n2', ['anna'])).toEqual({ granted: false, behind: 'wf/n1' });
    expect(await take('n3', ['bert'])).toMatchObject({ granted: true });
    expect(await releaseTurn(store, workKey('n1'))).toEqual(['wf/n2']);
    // A crash before n2 was woken: it is found again.
    expect(await releaseTurn(store, workKey('n1'))).toEqual(['wf/n2']);
    expect(await take('n2', ['anna'])).toMatchObject({ granted: true });
  });

  it('should let only files without a common undelivered resource pass a parked one', async () => {
    await openNotification(store, opening('n1'));
    await take('n1', ['anna'], ['r1']);
    await replaceMessages(store, workKey('n1'), emr, blob('m'), [message('M1', 'r1')]);
    expect(await take('n2', ['anna'], ['r1'])).toMatchObject({ granted: false });
    expect(await take('n3', ['anna'], ['r9'])).toMatchObject({ granted: false });
    // n3 waits behind n2, which wakes it.
    expect(await parkTurn(store, workKey('n1'))).toEqual(['wf/n2']);
    expect(await take('n2', ['anna'], ['r1'])).toEqual({ granted: false, behind: 'wf/n1' });
    await releaseTurn(store, workKey('n2'));
    expect(await take('n3', ['anna'], ['r9'])).toMatchObject({ granted: true });
    await unparkTurn(store, workKey('n1'));
    expect(await take('n4', ['anna'], ['r8'])).toMatchObject({ granted: false });
  });

  it('should wake whoever asks for its turn at the moment at which the work before it ends', async () => {
    for (let round = 0; round < 30; round += 1) {
      const [first, second] = [`a${String(round)}`, `b${String(round)}`];
      await take(first, ['anna', 'bert']);
      const [asked, woken] = await Promise.all([take(second, ['bert']), releaseTurn(store, workKey(first))]);
      // Either it was told to wait and is woken, or it has its turn.
      expect(woken).toEqual(asked.granted ? [] : [`wf/${second}`]);
      await releaseTurn(store, workKey(second));
    }
  });

  it('should grant exactly one of many that come at the same moment, and never lock up over several patients', async () => {
    const ids = Array.from({ length: 24 }, (_, index) => `n${String(index)}`);
    const patients = (index: number) => (index % 2 === 0 ? ['anna', 'bert'] : ['bert', 'anna', 'cleo']);
    let left = ids;
    const order: string[] = [];
    while (left.length > 0) {
      const results = await Promise.all(left.map((id) => take(id, patients(ids.indexOf(id)))));
      const granted = left.filter((_, index) => results[index]?.granted === true);
      expect(granted).toHaveLength(1);
      order.push(...granted);
      for (const id of granted) await releaseTurn(store, workKey(id));
      left = left.filter((id) => !granted.includes(id));
    }
    expect(new Set(order).size).toBe(ids.length);
  });
});

describe('destinations', () => {
  it('should pause at the threshold, once', async () => {
    expect(await countFailure(store, emr, 'DUCTUS_EMR_BUSY', 2)).toEqual({ state: 'open', paused: false });
    const both = await Promise.all([1, 2].map(() => countFailure(store, emr, 'DUCTUS_EMR_BUSY', 2)));
    expect(both.filter((each) => each.paused)).toHaveLength(1);
    expect(await destinationStatus(store, emr)).toEqual({ state: 'paused', failures: 3 });
    await clearFailures(store, emr);
    expect(await destinationStatus(store, emr)).toEqual({ state: 'paused', failures: 0 });
  });

  it('should queue by the time of the notification, and open only when nobody waits', async () => {
    expect(await waitForDestination(store, emr, 'wf/1', new Date(1))).toBe(false);
    await setDestination(store, emr, { state: 'draining' });
    for (const [id, ticket] of [
      ['wf/3', 3],
      ['wf/1', 1],
      ['wf/2', 2],
    ] as const) {
      expect(await waitForDestination(store, emr, id, new Date(ticket))).toBe(true);
    }
    expect(await nextWaiters(store, emr, 2)).toEqual(['wf/1', 'wf/2']);
    expect(await openDestination(store, emr)).toBe(false);
    await forgetWaiters(store, emr, ['wf/1', 'wf/2']);
    expect(await nextWaiters(store, emr, 2)).toEqual(['wf/3']);
    await forgetWaiters(store, emr, ['wf/3']);
    expect(await openDestination(store, emr)).toBe(true);
    expect(await waitForDestination(store, emr, 'wf/4', new Date(4))).toBe(false);
  });

  it('should keep somebody in the queue who was let through and queues again before he is forgotten', async () => {
    await setDestination(store, emr, { state: 'paused' });
    await waitForDestination(store, emr, 'wf/1', new Date(1));
    expect(await nextWaiters(store, emr, 1)).toEqual(['wf/1']);
    await waitForDestination(store, emr, 'wf/1', new Date(1));
    await forgetWaiters(store, emr, ['wf/1']);
    expect(await nextWaiters(store, emr, 1)).toEqual(['wf/1']);
  });

  it('should go on draining when one message among many fails, and pause again at the threshold', async () => {
    await countFailure(store, emr, 'DUCTUS_EMR_BUSY', 1);
    await setDestination(store, emr, { state: 'draining' });
    await openNotification(store, opening('n1'));
    await replaceMessages(store, workKey('n1'), emr, blob('m'), [message('M1', 'r1')]);
    expect(await countFailure(store, emr, 'DUCTUS_EMR_BUSY', 2)).toEqual({ state: 'draining', paused: false });
    await markAccepted(store, workKey('n1'), emr, 1);
    expect(await countFailure(store, emr, 'DUCTUS_EMR_BUSY', 2)).toEqual({ state: 'draining', paused: false });
    expect(await countFailure(store, emr, 'DUCTUS_EMR_BUSY', 2)).toEqual({ state: 'paused', paused: true });
  });

  it('should never leave somebody behind when it opens at the moment of queueing', async () => {
    for (let round = 0; round < 30; round += 1) {
      await setDestination(store, emr, { state: 'draining' });
      const [waits, opened] = await Promise.all([
        waitForDestination(store, emr, 'wf/1', new Date(1)),
        openDestination(store, emr),
      ]);
      // Either it queued before the opening, which then fails, or it found the destination open.
      expect(waits).toBe(!opened);
      await forgetWaiter(store, 'wf/1');
    }
  });
});

describe('alerts', () => {
  it('should be told once when they begin and once when they end', async () => {
    const alert = { key: 'k', code: 'DUCTUS_DEADLINE', text: 't' } as const;
    expect(await clearAlert(store, 'k')).toBe(false);
    const raised = await Promise.all([1, 2, 3].map(() => raiseAlert(store, alert)));
    expect(raised.filter(Boolean)).toHaveLength(1);
    expect(await raiseAlert(store, alert)).toBe(false);
    const cleared = await Promise.all([1, 2, 3].map(() => clearAlert(store, 'k')));
    expect(cleared.filter(Boolean)).toHaveLength(1);
    expect(await clearAlert(store, 'k')).toBe(false);
    expect(await raiseAlert(store, alert)).toBe(true);
  });
});

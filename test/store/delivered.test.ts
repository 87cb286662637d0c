/** Whose a delivered resource is, and what is held back because it would go to another patient. */
import { migrateStore, openStore, type Store } from '../../src/store/database';
import { deliveredVersions, recordMoved } from '../../src/store/delivered';
import { openNotification, recordParked } from '../../src/store/ledger';
import { leaveOut, markAccepted, replaceMessages, resourcesToLeaveOut } from '../../src/store/messages';
import { startRealPostgres, type RealPostgres } from '../support/postgres';
import { controlId, destinationId, workKey } from '../support/work';

let postgres: RealPostgres;
let store: Store;
const emr = destinationId('emr-main');
const key = workKey('n1');

beforeAll(async () => {
  postgres = await startRealPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  store = openStore({ url: await postgres.createDatabase(), poolSize: 2 });
  await migrateStore(store);
  await openNotification(store, {
    ...key,
    workflowId: 'data-sharing/st-marien/n1',
    messageType: 'Clinical Data',
    sourceHash: 'a'.repeat(64),
    objectKey: undefined,
    createdAt: new Date('2026-01-01T00:00:00Z'),
    receivedAt: new Date('2026-01-01T00:00:01Z'),
  });
});
afterEach(() => store.destroy());

const blob = (name: string) => ({ key: name, sha256: 'b'.repeat(64), bytes: 10 });
const message = (id: string, ...resources: string[]) => ({
  controlId: controlId(id),
  blobIndex: 0,
  resourceHashes: resources,
  resourceVersions: resources.map(() => '|1|aaaa'),
});

describe('the patient of a delivered resource', () => {
  it('should remember the patient of what was delivered, and fill in one that it did not know', async () => {
    const patientOf = async (id: string) => (await deliveredVersions(store, emr, [id])).get(id)?.patientHash;
    await replaceMessages(store, key, emr, blob('m'), [
      message('M1', 'r1'),
      { ...message('M2', 'r1', 'r2'), patientHash: 'anna' },
      message('M3', 'r1'),
    ]);
    await markAccepted(store, key, emr, 1);
    expect(await patientOf('r1')).toBeUndefined();
    await markAccepted(store, key, emr, 2);
    expect([await patientOf('r1'), await patientOf('r2')]).toEqual(['anna', 'anna']);
    // A message that was made before patients were kept says nothing about them.
    await markAccepted(store, key, emr, 3);
    expect(await patientOf('r1')).toBe('anna');
  });

  it('should leave out what would go to another patient, only while the work is parked for that', async () => {
    const park = (errorCode: 'DUCTUS_PATIENT_CHANGED' | 'DUCTUS_EMR_REJECTED') =>
      recordParked(store, { ...key, errorCode, errorMessage: 'x', failedStep: 'transform' });
    await recordMoved(store, key, ['r1', 'r2']);
    await park('DUCTUS_EMR_REJECTED');
    expect(await leaveOut(store, key, [])).toBe(0);
    await park('DUCTUS_PATIENT_CHANGED');
    expect(await leaveOut(store, key, [])).toBe(2);
    expect([...(await resourcesToLeaveOut(store, key, emr))].sort()).toEqual(['r1', 'r2']);
  });
});

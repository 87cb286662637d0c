/** What the ledger says of a control id, on a real PostgreSQL. */
import { randomUUID } from 'node:crypto';
import { LIMITS } from '../../src/domain/limits';
import { earlierChange } from '../../src/queries/patient-changes';
import { migrateStore, openStore, type Store } from '../../src/store/database';
import { startRealPostgres, type RealPostgres } from '../support/postgres';

const NOW = Date.parse('2026-03-01T12:00:00Z');

let postgres: RealPostgres;
let store: Store;

beforeAll(async () => {
  postgres = await startRealPostgres();
  store = openStore({ url: await postgres.createDatabase(), poolSize: 2 });
  await migrateStore(store);
});
afterAll(async () => {
  await store.destroy();
  await postgres.stop();
});
beforeEach(() => store.deleteFrom('patient_change').execute());

async function enter(
  digest: string,
  change: { ageMs?: number; state?: string; organization?: string; source?: string } = {},
) {
  const { ageMs = 0, state = 'created', organization = 'st-marien', source = 'his' } = change;
  const at = new Date(NOW - ageMs);
  await store
    .insertInto('patient_change')
    .values({
      ...{ organization, source, digest, state, change_id: randomUUID(), patient: 'p', workflow_id: 'w' },
      ...{ control_id: 'M1', event: 'A08', kind: 'upsert', event_at: at, received_at: at },
    })
    .execute();
}

const find = () => earlierChange(store, 'st-marien', 'his', 'M1', NOW);

describe('earlierChange', () => {
  it('should find the newest one that was taken under the control id of this door', async () => {
    expect(await find()).toBeUndefined();
    await enter('older', { ageMs: 1000 });
    await enter('newer');
    await enter('of another hospital', { organization: 'st-anna' });
    await enter('of another door', { source: 'other' });
    expect(await find()).toEqual({ digest: 'newer' });
  });

  it('should forget after the window', async () => {
    await enter('old', { ageMs: LIMITS.controlIdWindowMs });
    expect(await find()).toBeUndefined();
    await enter('within', { ageMs: LIMITS.controlIdWindowMs - 1 });
    expect(await find()).toEqual({ digest: 'within' });
  });

  it('should leave out what was refused for using the id again, and keep what ended in any other way', async () => {
    await enter('first', { ageMs: 1000, state: 'parked' });
    await enter('other bytes', { state: 'conflict' });
    expect(await find()).toEqual({ digest: 'first' });
  });
});

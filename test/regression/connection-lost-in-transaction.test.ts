/** The fault run found it: PostgreSQL was killed while a connection stood between two statements, and the worker ended. */
import { sql } from 'kysely';
import { isStoreUnavailable } from '../../src/activities/failures';
import { openStore } from '../../src/store/database';
import { startRealPostgres, type RealPostgres } from '../support/postgres';

let postgres: RealPostgres;
beforeAll(async () => {
  postgres = await startRealPostgres();
});
afterAll(() => postgres.stop());

it('should fail the transaction, and only that, when its connection is lost between two statements', async () => {
  const store = openStore({ url: postgres.url, poolSize: 1 });
  const transaction = store.transaction().execute(async (trx) => {
    await sql`select 1`.execute(trx);
    await postgres.kill();
    await sql`select 1`.execute(trx);
  });
  const end = await transaction.catch((error: unknown) => error);
  expect({ unavailable: isStoreUnavailable(end), end: String(end) }).toMatchObject({ unavailable: true });
  await postgres.start();
  expect((await sql<{ one: number }>`select 1 as one`.execute(store)).rows).toEqual([{ one: 1 }]);
  await store.destroy();
});

/** The cross-reference of patients on a real PostgreSQL: all or none, what is replaced and what is kept of it. */
import { sql } from 'kysely';
import { listPatients, summarizePatients } from '../../src/queries/patients';
import { migrateStore, openStore, type Store } from '../../src/store/database';
import {
  findPatients,
  importPatients,
  removePatients,
  type PatientEntry,
  type SourceNumber,
} from '../../src/store/patients';
import { startRealPostgres, type RealPostgres } from '../support/postgres';
import { workKey } from '../support/work';

let postgres: RealPostgres;
let store: Store;
const hospital = workKey('n').organization;
const other = workKey('n', 'st-anna').organization;
const marksOf = ({ sourceValue, mrn }: SourceNumber & { readonly mrn: string }): string[] => [sourceValue, `=${mrn}`];
const order = { by: 'anna', reason: 'a test', replace: false };

beforeAll(async () => {
  postgres = await startRealPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  store = openStore({ url: await postgres.createDatabase(), poolSize: 8 });
  await migrateStore(store);
});
afterEach(() => store.destroy());

const entry = (number: number, mrn = `M-${String(number)}`): PatientEntry => ({
  sourceSystem: 'urn:oid:2.999.1.10',
  sourceValue: `SYN-${String(number)}`,
  mrn,
  assigningAuthority: 'MARIEN',
  identifierType: 'MR',
});
const entries = (count: number): PatientEntry[] => Array.from({ length: count }, (_, number) => entry(number));

async function decisions(): Promise<unknown[]> {
  const rows = await store
    .selectFrom('decision')
    .select(['organization', 'action', 'by', 'reason', 'details'])
    .execute();
  return rows;
}

describe('importPatients', () => {
  it('should add entries, and change nothing when they come again', async () => {
    expect(await importPatients(store, hospital, entries(3), order, marksOf)).toEqual({
      status: 'done',
      added: 3,
      replaced: 0,
      unchanged: 0,
    });
    const before = await listPatients(store, hospital);
    expect(await importPatients(store, hospital, entries(3), { ...order, by: 'someone else' }, marksOf)).toEqual({
      status: 'done',
      added: 0,
      replaced: 0,
      unchanged: 3,
    });
    expect(await listPatients(store, hospital)).toEqual(before);
    expect(await decisions()).toEqual([
      {
        organization: hospital,
        action: 'patients-import',
        by: 'anna',
        reason: 'a test',
        details: { added: 3, replaced: 0, unchanged: 0 },
      },
    ]);
  });

  it('should write nothing when one number differs, and name it by its position', async () => {
    await importPatients(store, hospital, entries(3), order, marksOf);
    const next = [entry(7), entry(1, 'M-other'), entry(2), entry(0, 'M-new')];
    expect(await importPatients(store, hospital, next, order, marksOf)).toEqual({
      status: 'different',
      changed: [1, 3],
    });
    expect(await listPatients(store, hospital)).toHaveLength(3);
    expect(await decisions()).toHaveLength(1);
  });

  it('should replace what differs when it is asked to, and only that', async () => {
    await importPatients(store, hospital, entries(3), order, marksOf);
    const next = [entry(7), entry(1, 'M-other'), entry(2)];
    expect(
      await importPatients(store, hospital, next, { by: 'berta', reason: 'merge', replace: true }, marksOf),
    ).toEqual({
      status: 'done',
      added: 1,
      replaced: 1,
      unchanged: 1,
    });
    const found = await listPatients(store, hospital);
    expect(found.map(({ mrn, updatedBy }) => [mrn, updatedBy])).toEqual([
      ['M-0', 'anna'],
      ['M-other', 'berta'],
      ['M-2', 'anna'],
      ['M-7', 'berta'],
    ]);
  });

  it('should take another authority or type for another number', async () => {
    await importPatients(store, hospital, [entry(1)], order, marksOf);
    const changed = { ...entry(1), assigningAuthority: '' };
    expect(await importPatients(store, hospital, [changed], order, marksOf)).toEqual({
      status: 'different',
      changed: [0],
    });
  });

  it('should take a hospital of 5,001 patients in one transaction, and name what differs in it', async () => {
    expect(await importPatients(store, hospital, entries(5001), order, marksOf)).toMatchObject({ added: 5001 });
    const next = entries(5001).map((each, index) => (index === 5000 || index === 2000 ? { ...each, mrn: 'x' } : each));
    expect(await importPatients(store, hospital, next, order, marksOf)).toEqual({
      status: 'different',
      changed: [2000, 5000],
    });
  });

  it('should let two imports at once follow each other, and one of them see the other', async () => {
    const outcomes = await Promise.all(
      ['M-a', 'M-b'].map((mrn) => importPatients(store, hospital, [entry(1, mrn)], order, marksOf)),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['different', 'done']);
  });

  it('should leave nothing of an import that broke off in the middle', async () => {
    await sql`alter table patient_identifier add constraint small check (length(emr_value) < 10)`.execute(store);
    const broken = [...entries(2500), entry(9999, 'longer than ten')];
    await expect(importPatients(store, hospital, broken, order, marksOf)).rejects.toThrow();
    expect(await listPatients(store, hospital)).toEqual([]);
    expect(await decisions()).toEqual([]);
  });
});

describe('findPatients', () => {
  it('should find entries by system and number, of the one organization', async () => {
    await importPatients(store, hospital, entries(3), order, marksOf);
    await importPatients(store, other, [entry(1, 'OTHER')], order, marksOf);
    const wanted = [entry(1), { ...entry(2), sourceSystem: '' }, entry(8)];
    expect(await findPatients(store, hospital, wanted)).toEqual([entry(1)]);
    expect(await findPatients(store, other, wanted)).toEqual([entry(1, 'OTHER')]);
    expect(await findPatients(store, hospital, [])).toEqual([]);
  });
});

describe('removePatients', () => {
  it('should remove what is there, count it, and keep who did it', async () => {
    await importPatients(store, hospital, entries(3), order, marksOf);
    await importPatients(store, other, entries(3), order, marksOf);
    expect(await removePatients(store, hospital, [entry(0), entry(1), entry(8)], order, marksOf)).toBe(2);
    expect(await listPatients(store, hospital)).toHaveLength(1);
    expect(await listPatients(store, other)).toHaveLength(3);
    expect((await decisions()).at(-1)).toMatchObject({ action: 'patients-remove', details: { removed: 2 } });
    expect(await removePatients(store, hospital, [entry(8)], order, marksOf)).toBe(0);
    expect(await decisions()).toHaveLength(3);
  });
});

describe('the views', () => {
  it('should count patients by organization and system', async () => {
    await importPatients(
      store,
      hospital,
      [...entries(2), { ...entry(1), sourceSystem: 'urn:oid:2.999.9' }],
      order,
      marksOf,
    );
    await importPatients(store, other, entries(1), order, marksOf);
    const counts = (await summarizePatients(store)).map(({ organization, sourceSystem, patients }) => [
      organization,
      sourceSystem,
      patients,
    ]);
    expect(counts).toEqual([
      [other, 'urn:oid:2.999.1.10', 1],
      [hospital, 'urn:oid:2.999.1.10', 2],
      [hospital, 'urn:oid:2.999.9', 1],
    ]);
    expect(await summarizePatients(store, other)).toHaveLength(1);
  });

  it('should page through them, and find one', async () => {
    await importPatients(store, hospital, entries(5), order, marksOf);
    const values = async (filter: object) => (await listPatients(store, hospital, filter)).map(({ mrn }) => mrn);
    expect(await values({ limit: 2, offset: 2 })).toEqual(['M-2', 'M-3']);
    expect(await values({ sourceValue: 'SYN-4' })).toEqual(['M-4']);
    expect(await values({ sourceValue: 'SYN-4', sourceSystem: 'urn:oid:2.999.9' })).toEqual([]);
  });
});

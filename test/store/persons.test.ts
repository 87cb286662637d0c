/** People behind numbers on a real PostgreSQL: chains of merges, and the decision about consent that counts. */
import { migrateStore, openStore, type Store } from '../../src/store/database';
import { consentStandings, personNumbers, survivorsOf } from '../../src/store/persons';
import { startRealPostgres, type RealPostgres } from '../support/postgres';
import { merge, patientOf, register, SYSTEM } from '../support/registry';
import { workKey } from '../support/work';

let postgres: RealPostgres;
let store: Store;
const hospital = workKey('n').organization;
const asked = (...numbers: string[]) => numbers.map((sourceValue) => ({ sourceSystem: SYSTEM, sourceValue }));

beforeAll(async () => {
  postgres = await startRealPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  store = openStore({ url: await postgres.createDatabase(), poolSize: 4 });
  await migrateStore(store);
});
afterEach(() => store.destroy());

describe('survivorsOf', () => {
  it('should follow a chain of merges to its end, and say nothing of numbers that were not merged', async () => {
    const last = await register(store, 'C', { assigning_authority: 'LAST' });
    const middle = await register(store, 'B');
    await register(store, 'A');
    await merge(store, 'A', middle);
    await merge(store, 'B', last);
    const found = await survivorsOf(store, hospital, asked('A', 'nobody', 'B', 'C'));
    const survivor = { patient: last, sourceSystem: SYSTEM, sourceValue: 'C', assigningAuthority: 'LAST' };
    expect([...found].sort(([a], [b]) => a - b)).toEqual([
      [0, survivor],
      [2, survivor],
    ]);
  });

  it('should know all numbers of a person', async () => {
    const last = await register(store, 'C');
    const middle = await register(store, 'B');
    await register(store, 'A');
    await register(store, 'other');
    await merge(store, 'A', middle);
    await merge(store, 'B', last);
    const found = await personNumbers(store, hospital, asked('A', 'nobody', 'C', 'other'));
    expect([...found].map(([position, numbers]) => [position, [...numbers].sort()]).sort()).toEqual([
      [0, ['A', 'B', 'C']],
      [2, ['A', 'B', 'C']],
      [3, ['other']],
    ]);
  });

  it('should end where merges lead in a circle, and find nobody', async () => {
    await register(store, 'A');
    await register(store, 'B');
    await merge(store, 'A', patientOf('B'));
    await merge(store, 'B', patientOf('A'));
    expect((await survivorsOf(store, hospital, asked('A', 'B'))).size).toBe(0);
    expect((await consentStandings(store, hospital, asked('A', 'B'))).size).toBe(0);
  });

  it('should not choose between two people who have the number', async () => {
    const one = await register(store, 'X');
    await register(store, 'Y');
    await register(store, 'A');
    await register(store, 'A', { patient: patientOf('A-of-another') });
    await store
      .updateTable('patient')
      .set({ state: 'merged', merged_into: one })
      .where('patient', '=', patientOf('A'))
      .execute();
    expect((await survivorsOf(store, hospital, asked('A'))).size).toBe(0);
    expect((await consentStandings(store, hospital, asked('A'))).get(0)).toHaveLength(2);
  });

  it('should not take for the person whom Roche has under the number one who has it of another authority', async () => {
    await register(store, 'A', { consent: 'given', consent_at: new Date() });
    await register(store, 'A', { patient: patientOf('A-of-another'), state: 'new', roche_patient_id: null });
    expect((await consentStandings(store, hospital, asked('A'))).get(0)).toEqual([
      { created: true, consent: 'given', from: null, until: null },
    ]);
    // Roche has neither: both may be meant.
    await store.updateTable('patient').set({ state: 'new', roche_patient_id: null }).execute();
    expect((await consentStandings(store, hospital, asked('A'))).get(0)).toHaveLength(2);
  });

  it('should stay within the organization and the system of the number', async () => {
    const last = await register(store, 'C');
    await register(store, 'A');
    await merge(store, 'A', last);
    expect((await survivorsOf(store, workKey('n', 'st-anna').organization, asked('A'))).size).toBe(0);
    expect((await survivorsOf(store, hospital, [{ sourceSystem: 'urn:x', sourceValue: 'A' }])).size).toBe(0);
    expect((await consentStandings(store, hospital, [{ sourceSystem: '', sourceValue: 'C' }])).size).toBe(0);
  });
});

describe('consentStandings', () => {
  it('should say what is known, by the position of the number', async () => {
    const from = new Date('2026-01-01T00:00:00Z');
    const until = new Date('2027-01-01T00:00:00Z');
    await register(store, 'A', { consent: 'given', consent_from: from, consent_until: until });
    await register(store, 'B', { state: 'new', roche_patient_id: null });
    await register(store, 'C', { state: 'creating', roche_patient_id: null, consent: 'withdrawn' });
    const found = await consentStandings(store, hospital, asked('B', 'nobody', 'A', 'C'));
    expect(Object.fromEntries(found)).toEqual({
      0: [{ created: false, consent: 'missing', from: null, until: null }],
      2: [{ created: true, consent: 'given', from, until }],
      3: [{ created: true, consent: 'withdrawn', from: null, until: null }],
    });
  });

  it('should let the newest decision count that was made under any number of the person', async () => {
    const at = (day: number): Date => new Date(`2026-05-0${String(day)}T00:00:00Z`);
    const last = await register(store, 'C', { consent: 'given', consent_at: at(2) });
    const middle = await register(store, 'B');
    await register(store, 'A', { consent: 'withdrawn', consent_at: at(1) });
    await merge(store, 'A', middle);
    await merge(store, 'B', last);
    const consents = async (): Promise<unknown[]> => {
      const found = await consentStandings(store, hospital, asked('A', 'B', 'C'));
      return [0, 1, 2].map((position) => found.get(position)?.map(({ consent }) => consent));
    };
    expect(await consents()).toEqual([['given'], ['given'], ['given']]);
    await store
      .updateTable('patient')
      .set({ consent_at: at(3) })
      .where('number', '=', 'A')
      .execute();
    expect(await consents()).toEqual([['withdrawn'], ['withdrawn'], ['withdrawn']]);
  });

  it('should take a withdrawal where two decisions are of the same moment', async () => {
    const at = new Date();
    const last = await register(store, 'B', { consent: 'given', consent_at: at });
    await register(store, 'A', { consent: 'withdrawn', consent_at: at });
    await merge(store, 'A', last);
    expect((await consentStandings(store, hospital, asked('B'))).get(0)).toMatchObject([{ consent: 'withdrawn' }]);
  });

  it('should answer for more numbers than one statement takes', async () => {
    await store
      .insertInto('patient')
      .values(
        Array.from({ length: 4100 }, (_, number) => ({
          organization: 'st-marien',
          patient: patientOf(`p${String(number)}`),
          number: String(number),
          system: SYSTEM,
          assigning_authority: '',
          state: 'active',
          consent: number % 2 === 0 ? 'given' : 'missing',
          created_at: new Date(),
          updated_at: new Date(),
        })),
      )
      .execute();
    const numbers = Array.from({ length: 4100 }, (_, number) => String(number));
    const found = await consentStandings(store, hospital, asked(...numbers));
    expect(found.size).toBe(4100);
    expect(found.get(4099)).toMatchObject([{ consent: 'missing' }]);
    expect(found.get(4098)).toMatchObject([{ consent: 'given' }]);
  });
});

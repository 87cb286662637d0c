/** Consent on a real PostgreSQL: all or none, with its decision and its audit, and at the person's last number. */
import { listAudit } from '../../src/queries/audit';
import { setConsent, type ConsentOrder, type ConsentRow } from '../../src/store/consent';
import { migrateStore, openStore, type Store } from '../../src/store/database';
import { consentStandings } from '../../src/store/persons';
import { forgetContent } from '../../src/store/resend';
import type { SourceNumber } from '../../src/store/patients';
import { startRealPostgres, type RealPostgres } from '../support/postgres';
import { merge, patientOf, register, SYSTEM } from '../support/registry';
import { workKey } from '../support/work';

let postgres: RealPostgres;
let store: Store;
const hospital = workKey('n').organization;
const marksOf = ({ sourceValue }: SourceNumber): string[] => [sourceValue];
const order: ConsentOrder = { by: 'anna', reason: 'a test', consent: 'given', skipUnknown: false };
const row = (number: string, more: Partial<ConsentRow> = {}): ConsentRow => ({
  number,
  system: undefined,
  from: undefined,
  until: undefined,
  ...more,
});

beforeAll(async () => {
  postgres = await startRealPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  store = openStore({ url: await postgres.createDatabase(), poolSize: 4 });
  await migrateStore(store);
});
afterEach(() => store.destroy());

const give = (rows: readonly ConsentRow[], more: Partial<ConsentOrder> = {}) =>
  setConsent(store, hospital, rows, { ...order, ...more }, marksOf);
const consentOf = async (number: string): Promise<unknown> =>
  store
    .selectFrom('patient')
    .select(['consent', 'consent_from', 'consent_until', 'consent_by'])
    .where('number', '=', number)
    .executeTakeFirst();

describe('setConsent', () => {
  it('should enter consent with its times, and write down who did', async () => {
    await register(store, 'A');
    await register(store, 'B');
    const from = new Date('2026-01-01T00:00:00Z');
    const until = new Date('2027-01-01T00:00:00Z');
    expect(await give([row('A', { from, until }), row('B')])).toEqual({
      status: 'done',
      changed: 2,
      unchanged: 0,
      unknown: 0,
    });
    expect(await consentOf('A')).toEqual({
      consent: 'given',
      consent_from: from,
      consent_until: until,
      consent_by: 'anna',
    });
    const decisions = await store.selectFrom('decision').selectAll().execute();
    expect(decisions).toMatchObject([
      {
        organization: 'st-marien',
        action: 'consent-give',
        by: 'anna',
        reason: 'a test',
        details: { changed: 2, unchanged: 0, unknown: 0 },
      },
    ]);
    const [event] = await listAudit(store, {});
    expect(event).toMatchObject({
      kind: 'patients-change',
      action: 'U',
      organization: 'st-marien',
      by: 'anna',
      details: { change: 'consent-give', reason: 'a test', changed: 2 },
    });
    expect([...(event?.patients ?? [])].sort()).toEqual(['A', 'B']);
  });

  it('should change nothing when the same comes again, and say so', async () => {
    await register(store, 'A');
    await give([row('A')]);
    expect(await give([row('A')], { by: 'bert' })).toMatchObject({ changed: 0, unchanged: 1 });
    expect(await consentOf('A')).toMatchObject({ consent_by: 'anna' });
    expect(await store.selectFrom('decision').selectAll().execute()).toHaveLength(1);
    expect(await give([row('A')], { consent: 'withdrawn' })).toMatchObject({ changed: 1 });
    expect(await consentOf('A')).toMatchObject({ consent: 'withdrawn', consent_from: null, consent_until: null });
  });

  it('should write nothing when one number is not in the registry, unless it may be left out', async () => {
    await register(store, 'A');
    await register(store, 'B', { organization: 'st-anna' });
    expect(await give([row('X'), row('A'), row('B')])).toEqual({
      status: 'refused',
      unknown: [0, 2],
      ambiguous: [],
      contradictory: [],
    });
    expect(await consentOf('A')).toMatchObject({ consent: 'missing' });
    expect(await give([row('X'), row('A')], { skipUnknown: true })).toEqual({
      status: 'done',
      changed: 1,
      unchanged: 0,
      unknown: 1,
    });
    expect(await consentOf('B')).toMatchObject({ consent: 'missing' });
  });

  it('should ask for the system of a number that several people have', async () => {
    await register(store, 'A');
    await register(store, 'A', { patient: patientOf('other'), system: 'urn:other' });
    expect(await give([row('A')])).toMatchObject({ status: 'refused', ambiguous: [0] });
    expect(await give([row('A', { system: 'urn:other' })])).toMatchObject({ status: 'done', changed: 1 });
    const consents = await store.selectFrom('patient').select(['system', 'consent']).orderBy('system').execute();
    expect(consents).toEqual([
      { system: SYSTEM, consent: 'missing' },
      { system: 'urn:other', consent: 'given' },
    ]);
  });

  it('should be that of the person whom Roche has where another authority gave out the number as well', async () => {
    await register(store, 'A');
    await register(store, 'A', { patient: patientOf('other'), state: 'new', roche_patient_id: null });
    expect(await give([row('A')], { consent: 'withdrawn' })).toMatchObject({ status: 'done', changed: 1 });
    const consents = await store.selectFrom('patient').select(['state', 'consent']).orderBy('state').execute();
    expect(consents).toEqual([
      { state: 'active', consent: 'withdrawn' },
      { state: 'new', consent: 'missing' },
    ]);
  });

  it('should refuse what contradicts itself, and take what only repeats itself', async () => {
    await register(store, 'A');
    await register(store, 'B');
    await merge(store, 'B', patientOf('A'));
    const until = new Date('2027-01-01T00:00:00Z');
    expect(await give([row('A'), row('A', { until })])).toMatchObject({ status: 'refused', contradictory: [1] });
    // The same person under a number that was merged.
    expect(await give([row('A'), row('B', { until })])).toMatchObject({ status: 'refused', contradictory: [1] });
    expect(await give([row('A'), row('B')])).toMatchObject({ status: 'done', changed: 1 });
  });

  it('should enter it for the survivor of a merge, and over what was decided under the old number', async () => {
    await register(store, 'A', { consent: 'withdrawn', consent_at: new Date() });
    await register(store, 'B');
    await merge(store, 'A', patientOf('B'));
    const effective = async (): Promise<unknown> => {
      const found = await consentStandings(store, hospital, [{ sourceSystem: SYSTEM, sourceValue: 'A' }]);
      return found.get(0)?.map(({ consent }) => consent);
    };
    expect(await give([row('A')])).toMatchObject({ changed: 1 });
    expect(await effective()).toEqual(['given']);
    // A withdrawal that was entered later under the old number: the same order again is news then.
    await store
      .updateTable('patient')
      .set({ consent_at: new Date(Date.now() + 60_000) })
      .where('number', '=', 'A')
      .execute();
    expect(await effective()).toEqual(['withdrawn']);
    expect(await give([row('B')])).toMatchObject({ changed: 1, unchanged: 0 });
  });

  it('should take more than one statement holds', async () => {
    const numbers = Array.from({ length: 2100 }, (_, number) => String(number));
    await store
      .insertInto('patient')
      .values(
        numbers.map((number) => ({
          organization: 'st-marien',
          patient: patientOf(`p${number}`),
          number,
          system: SYSTEM,
          assigning_authority: '',
          state: 'active',
          created_at: new Date(),
          updated_at: new Date(),
        })),
      )
      .execute();
    expect(await give([...numbers.map((number) => row(number)), row('X')])).toMatchObject({ unknown: [2100] });
    expect(await give(numbers.map((number) => row(number)))).toMatchObject({ changed: 2100 });
    const { given } = await store
      .selectFrom('patient')
      .select(({ fn }) => fn.countAll<number>().as('given'))
      .where('consent', '=', 'given')
      .executeTakeFirstOrThrow();
    expect(given).toBe(2100);
  });
});

describe('forgetContent', () => {
  it('should forget what Roche has of the patients whom it has, and write that down', async () => {
    const active = await register(store, 'A', { content_hash: 'hash' });
    const creating = await register(store, 'B', { state: 'creating', content_hash: 'hash' });
    const why = { by: 'anna', reason: 'a test' };
    expect(await forgetContent(store, hospital, [active, creating, patientOf('X')], why, marksOf)).toEqual([active]);
    const hashes = await store.selectFrom('patient').select(['number', 'content_hash']).orderBy('number').execute();
    expect(hashes).toEqual([
      { number: 'A', content_hash: null },
      { number: 'B', content_hash: 'hash' },
    ]);
    expect(await store.selectFrom('decision').select(['action', 'details']).execute()).toEqual([
      { action: 'patients-resend', details: { cleared: 1 } },
    ]);
    expect(await forgetContent(store, hospital, [], why, marksOf)).toEqual([]);
  });
});

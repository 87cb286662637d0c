/** The registry and the ledger of messages, as the sending writes them: repeats, claims and merges, on a real PostgreSQL. */
import { randomUUID } from 'node:crypto';
import { KeyedHashSchema, OrganizationIdSchema, type KeyedHash } from '../../src/domain/identifiers';
import type { ChangeHeader } from '../../src/domain/patient-sync';
import { migrateStore, openStore, type Store } from '../../src/store/database';
import { reusedControlIds, settleChanges, takeUpChange } from '../../src/store/patient-changes';
import { applyMerge, settlePrior } from '../../src/store/patient-merges';
import {
  acceptPatient,
  adoptable,
  claimPatient,
  endCreate,
  markCreating,
  markUpdating,
} from '../../src/store/patient-registry';
import { startRealPostgres, type RealPostgres } from '../support/postgres';

let postgres: RealPostgres;
let store: Store;
beforeAll(async () => {
  postgres = await startRealPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  store = openStore({ url: await postgres.createDatabase(), poolSize: 4 });
  await migrateStore(store);
});
afterEach(() => store.destroy());

const organization = OrganizationIdSchema.parse('st-marien');
const hash = (name: string): KeyedHash => KeyedHashSchema.parse(name.padEnd(22, '0'));
const HOUR = 3_600_000;

function header(more: Partial<ChangeHeader> & { readonly controlId?: string } = {}): ChangeHeader {
  const { controlId = 'MSG-1', ...rest } = more;
  return {
    id: randomUUID(),
    origin: { source: 'adt', connection: 'c1', sequence: 1, controlId, digest: 'd1' },
    event: 'A08',
    kind: 'upsert',
    eventAtMs: Date.parse('2026-11-25T08:00:00Z'),
    receivedAtMs: Date.now(),
    ...rest,
  };
}

const takeUp = (change: ChangeHeader, patient = hash('A')) =>
  takeUpChange(store, { organization, patient, change, digest: hash(change.origin.digest) });

const named = (number: string) => ({ number, system: 'urn:oid:2.999', assigningAuthority: 'HOSP' });
const claimed = async (patient: string, claim: string) => {
  const key = { organization, patient: hash(patient), claim };
  return { key, patient: await claimPatient(store, key, named(patient)) };
};
const LINE = { assigningAuthority: 'HOSP', identifierType: 'MR' };

async function accept(claim: string, change: ChangeHeader, patient = 'A', rocheId = `roche-${patient}`) {
  const key = { organization, patient: hash(patient), claim };
  const { connection, sequence } = change.origin;
  return acceptPatient(store, {
    ...key,
    changeIds: [change.id],
    newest: change.id,
    state: 'created',
    line: LINE,
    sent: {
      rochePatientId: rocheId,
      rocheBundleId: undefined,
      version: { eventAtMs: change.eventAtMs, connection, sequence },
      contentHash: hash('content'),
      adoptedFrom: undefined,
      attempt: {
        organization,
        patient: hash(patient),
        id: randomUUID(),
        destination: 'roche-st-marien',
        controlId: change.origin.controlId,
        outcome: 0,
        marks: [],
        details: {},
      },
    },
  });
}

const merge = (prior: string, survivor: string, claim = 'm', more: { eventAtMs?: number; connection?: string } = {}) =>
  applyMerge(store, {
    organization,
    survivor: hash(survivor),
    prior: hash(prior),
    priorNumber: named(prior),
    changeId: randomUUID(),
    eventAtMs: Date.parse('2026-11-25T08:00:00Z'),
    connection: 'c1',
    claim,
    line: LINE,
    marks: [],
    ...more,
  });

const rowOf = (patient: string) =>
  store
    .selectFrom('patient')
    .select(['state', 'roche_patient_id', 'merged_into', 'claim'])
    .where('patient', '=', hash(patient))
    .executeTakeFirst();

describe('takeUpChange', () => {
  it('should say the same when the step is repeated, and repeat when the change is closed', async () => {
    const change = header();
    expect(await takeUp(change)).toEqual({ verdict: 'taken', isNew: true });
    expect(await takeUp(change)).toEqual({ verdict: 'taken', isNew: false });
    await settleChanges(store, {
      organization,
      patient: hash('A'),
      changeIds: [change.id],
      newest: change.id,
      state: 'created',
    });
    expect(await takeUp(change)).toEqual({ verdict: 'repeat', isNew: false });
  });

  it('should take a control id for new after 72 hours, with the same bytes and with others', async () => {
    const change = header({ receivedAtMs: Date.now() - 73 * HOUR });
    await takeUp(change);
    await settleChanges(store, {
      organization,
      patient: hash('A'),
      changeIds: [change.id],
      newest: change.id,
      state: 'created',
    });
    const other = header({ origin: { ...change.origin, digest: 'd2' } });
    expect(await takeUp(other)).toEqual({ verdict: 'taken', isNew: true });
    expect(await takeUp({ ...change, receivedAtMs: Date.now() })).toMatchObject({ verdict: 'conflict' });
  });

  it('should refuse other bytes under a control id in use, of whatever patient, and count them', async () => {
    await takeUp(header());
    const other = header();
    const reused = { ...other, origin: { ...other.origin, digest: 'd2' } };
    expect(await takeUp(reused, hash('B'))).toEqual({ verdict: 'conflict', isNew: true });
    expect(await takeUp(reused, hash('B'))).toEqual({ verdict: 'repeat', isNew: false });
    // The refused one takes nothing away from the first.
    expect(await takeUp({ ...header(), origin: { ...other.origin, source: 'other', digest: 'd2' } })).toMatchObject({
      verdict: 'taken',
    });
    expect(await reusedControlIds(store, new Date(Date.now() - HOUR))).toEqual([
      { organization, source: 'adt', count: 1 },
    ]);
  });

  it('should know what is older than what Roche has', async () => {
    const first = header({ controlId: 'M1', origin: { ...header().origin, controlId: 'M1', sequence: 5 } });
    await takeUp(first);
    await claimed('A', 'x');
    await accept('x', first);
    const at = (connection: string, sequence: number, eventAtMs: number, kind: 'upsert' | 'merge' = 'upsert') =>
      takeUp(header({ kind, eventAtMs, origin: { ...first.origin, controlId: randomUUID(), connection, sequence } }));
    const { eventAtMs } = first;
    expect(await at('c1', 4, eventAtMs + 1)).toMatchObject({ verdict: 'stale' });
    expect(await at('c1', 6, eventAtMs - 1)).toMatchObject({ verdict: 'taken' });
    expect(await at('c2', 6, eventAtMs - 1)).toMatchObject({ verdict: 'stale' });
    expect(await at('c2', 6, eventAtMs)).toMatchObject({ verdict: 'taken' });
    expect(await at('c2', 6, eventAtMs - 1, 'merge')).toMatchObject({ verdict: 'taken' });
  });
});

describe('a claim', () => {
  it('should keep an attempt that was overtaken from sending and from writing', async () => {
    const change = header();
    await takeUp(change);
    const { key: old } = await claimed('A', 'old');
    const { key: next } = await claimed('A', 'next');
    const outgoing = { changeId: change.id, mayRepeat: false };
    expect(await markCreating(store, { ...old, ...outgoing })).toBe('overtaken');
    expect(await markUpdating(store, { ...old, ...outgoing })).toBe('overtaken');
    expect(await markCreating(store, { ...next, ...outgoing })).toBe('mine');
    await endCreate(store, old);
    expect(await rowOf('A')).toMatchObject({ state: 'creating' });
    expect(await accept('old', change)).toBeUndefined();
    expect(await rowOf('A')).toMatchObject({ state: 'creating', roche_patient_id: null });
    expect(await accept('next', change)).toEqual(new Map([['created', 1]]));
    // The step again: nothing more is closed.
    expect(await accept('next', change)).toEqual(new Map());
    expect(await rowOf('A')).toMatchObject({ state: 'active', roche_patient_id: 'roche-A' });
  });

  it('should not lose a patient that Roche created while the number was merged', async () => {
    const change = header();
    await takeUp(change);
    const { key } = await claimed('A', 'create');
    await claimed('B', 'merge');
    await markCreating(store, { ...key, changeId: change.id, mayRepeat: false });
    expect(await merge('A', 'B')).toMatchObject({ status: 'prior-creating', number: 'A' });
    // The look-up finds nothing, and then the create arrives all the same.
    await settlePrior(store, { organization, prior: hash('A'), claim: 'm' }, undefined);
    expect(await merge('A', 'B')).toEqual({ status: 'done' });
    expect(await accept('create', change)).toBeUndefined();
    expect(await rowOf('A')).toMatchObject({ state: 'merged', roche_patient_id: 'roche-A' });
    expect(await adoptable(store, { organization, patient: hash('B') })).toMatchObject({ rochePatientId: 'roche-A' });
  });
});

describe('applyMerge', () => {
  it('should change nothing when it is repeated', async () => {
    await claimed('B', 'x');
    expect(await merge('A', 'B')).toEqual({ status: 'done' });
    const before = await store.selectFrom('patient').selectAll().orderBy('patient').execute();
    expect(await merge('A', 'B')).toEqual({ status: 'done' });
    expect(await store.selectFrom('patient').selectAll().orderBy('patient').execute()).toEqual(before);
  });

  it('should leave every number at one that has not ended, in whatever order merges come', async () => {
    const numbers = ['A', 'B', 'C', 'D'];
    for (const number of numbers) await claimed(number, 'x');
    const pairs = numbers.flatMap((prior) =>
      numbers.filter((one) => one !== prior).map((survivor) => [prior, survivor]),
    );
    // A walk through all pairs, three times in another order.
    for (let round = 0; round < 3; round += 1) {
      for (let at = 0; at < pairs.length; at += 1) {
        const [prior = '', survivor = ''] = pairs[(at * 5 + round * 7) % pairs.length] ?? [];
        await merge(prior, survivor);
        const rows = await store.selectFrom('patient').select(['patient', 'state', 'merged_into']).execute();
        for (const row of rows) {
          expect(row.merged_into === null).toBe(row.state !== 'merged');
          if (row.merged_into === null) continue;
          expect(rows.find(({ patient }) => patient === row.merged_into)?.state).not.toBe('merged');
        }
        expect(rows.filter(({ state }) => state !== 'merged').length).toBeGreaterThan(0);
      }
    }
  });

  it('should go by time where two connections contradict each other', async () => {
    await claimed('A', 'x');
    await claimed('B', 'x');
    const later = Date.parse('2026-11-25T09:00:00Z');
    await merge('A', 'B', 'm', { eventAtMs: later });
    expect(await merge('B', 'A', 'm', { connection: 'c2' })).toEqual({ status: 'overtaken' });
    expect(await rowOf('A')).toMatchObject({ merged_into: hash('B') });
    expect(await merge('B', 'A', 'm', { connection: 'c2', eventAtMs: later })).toEqual({ status: 'done' });
    expect(await rowOf('B')).toMatchObject({ merged_into: hash('A') });
    expect(await merge('C', 'B')).toEqual({ status: 'survivor-merged' });
  });
});

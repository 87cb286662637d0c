/** The audit on a real PostgreSQL: nothing is missing, nothing double, nothing can be changed unseen. */
import { sql } from 'kysely';
import { numberMark, patientMarks } from '../../src/domain/audit';
import { listAudit } from '../../src/queries/audit';
import { createKeyedHash } from '../../src/runtime/codec/keyed-hash';
import { Secret } from '../../src/runtime/config/secret';
import { recordAudit, recordAuditOf } from '../../src/store/audit';
import { sealAudit, verifyAudit } from '../../src/store/audit-seals';
import { migrateStore, openStore, type Store } from '../../src/store/database';
import { openNotification, recordDecision, recordDestinationDecision } from '../../src/store/ledger';
import {
  auditLostAttempt,
  markAccepted,
  markNotAccepted,
  markSending,
  pendingMessages,
  replaceMessages,
} from '../../src/store/messages';
import { importPatients, removePatients } from '../../src/store/patients';
import { approvePlan, createPlan } from '../../src/store/redelivery-plans';
import { startRealPostgres, type RealPostgres } from '../support/postgres';
import { controlId, destinationId, workKey } from '../support/work';

let postgres: RealPostgres;
let store: Store;
const key = workKey('n1');
const emr = destinationId('emr-main');
const hash = createKeyedHash(new Secret('0123456789abcdef'));
const marks = patientMarks(hash, key.organization, { key: 'urn:x|4711', numbers: ['4711', 'M-1'] });
const look = { kind: 'patients-read', action: 'R', by: 'anna' } as const;

beforeAll(async () => {
  postgres = await startRealPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  store = openStore({ url: await postgres.createDatabase(), poolSize: 8 });
  await migrateStore(store);
});
afterEach(() => store.destroy());

async function aMessage() {
  await openNotification(store, {
    ...key,
    workflowId: 'data-sharing/st-marien/n1',
    messageType: 'Clinical Data',
    sourceHash: 'a'.repeat(64),
    objectKey: undefined,
    createdAt: new Date(0),
    receivedAt: new Date(0),
  });
  const blob = { key: 'b', sha256: 'b'.repeat(64), bytes: 1 };
  const resources = { resourceHashes: ['r1', 'r2'], resourceVersions: ['|1|a', '|1|b'] };
  await replaceMessages(store, key, emr, blob, [
    { controlId: controlId('C1'), blobIndex: 0, ...resources, patients: marks },
  ]);
  const [message] = await pendingMessages(store, key, emr);
  if (message === undefined) throw new Error('there is no message');
  return message;
}

async function aChange(statement: string): Promise<void> {
  await sql`${sql.raw(statement)}`.execute(store);
}

/** As somebody who may do everything. */
async function behindTheTrigger(statement: string): Promise<void> {
  for (const table of ['audit_event', 'audit_seal']) await aChange(`alter table ${table} disable trigger append_only`);
  await aChange(statement);
}

describe('a delivery', () => {
  it('should stand in the audit once, with who got whose data, however often its end is written down', async () => {
    const message = await aMessage();
    await markSending(store, key, emr, message, false);
    await Promise.all([markAccepted(store, key, emr, 1), markAccepted(store, key, emr, 1)]);
    await markAccepted(store, key, emr, 1);
    expect(await listAudit(store)).toEqual([
      {
        id: expect.any(String),
        at: expect.any(Date),
        kind: 'delivery',
        action: 'R',
        outcome: 0,
        organization: 'st-marien',
        destination: 'emr-main',
        work: 'data-sharing/st-marien/n1',
        controlId: message.controlId,
        by: 'ductus',
        origin: {},
        patients: marks,
        details: { attempt: 1, resources: 2 },
      },
    ]);
  });

  it('should stand in it when it was refused, when its outcome is not known, and when its worker died', async () => {
    const message = await aMessage();
    const first = await markSending(store, key, emr, message, false);
    if (first === undefined) throw new Error('it is taken');
    await markNotAccepted(store, key, emr, first, 'rejected', 'DUCTUS_EMR_REJECTED');
    const [again] = await pendingMessages(store, key, emr);
    const second = again === undefined ? undefined : await markSending(store, key, emr, again, false);
    if (second === undefined) throw new Error('it is taken');
    // The worker dies here. Whoever finds the message says so, once.
    await auditLostAttempt(store, key, emr, second);
    await auditLostAttempt(store, key, emr, second);
    const [lost] = await pendingMessages(store, key, emr);
    if (lost !== undefined) await markSending(store, key, emr, lost, true);
    await markAccepted(store, key, emr, 1);
    const found = await listAudit(store);
    expect(found.map(({ outcome, details }) => [outcome, details?.['attempt'], details?.['code']])).toEqual([
      [8, 1, 'DUCTUS_EMR_REJECTED'],
      [4, 2, 'DUCTUS_EMR_AMBIGUOUS'],
      [0, 3, undefined],
    ]);
  });

  it('should not stand in it when what it belongs to is taken back', async () => {
    await aMessage();
    const cut = store.transaction().execute(async (trx) => {
      await markAccepted(trx, key, emr, 1);
      throw new Error('the connection is gone');
    });
    await expect(cut).rejects.toThrow('gone');
    expect(await listAudit(store)).toEqual([]);
    expect(await pendingMessages(store, key, emr)).toHaveLength(1);
  });
});

describe('decisions', () => {
  it('should stand in the audit and in the ledger once, also when the step is repeated', async () => {
    await aMessage();
    const decision = {
      id: '00000000-0000-4000-8000-000000000001',
      action: 'discard',
      by: 'anna',
      reason: 'test data',
      details: {},
    };
    await recordDecision(store, key, decision);
    await recordDecision(store, key, decision);
    const order = {
      id: '00000000-0000-4000-8000-000000000002',
      action: 'hold',
      by: 'anna',
      reason: 'upgrade',
    } as const;
    await recordDestinationDecision(store, emr, order);
    await recordDestinationDecision(store, emr, order);
    await createPlan(store, {
      planId: 'p',
      selection: { destination: emr, until: '2026-01-01T00:00:00Z', all: false },
      retainDays: 1,
    });
    const approval = { digest: '0123456789abcdef', by: 'berta', reason: 'fixed' };
    await approvePlan(store, 'p', approval);
    await approvePlan(store, 'p', approval);
    expect(await listAudit(store)).toMatchObject([
      {
        kind: 'repair',
        by: 'anna',
        work: 'data-sharing/st-marien/n1',
        patients: marks,
        details: { decision: 'discard', reason: 'test data' },
      },
      { kind: 'destination-order', destination: 'emr-main', details: { order: 'hold', reason: 'upgrade' } },
      {
        kind: 'redelivery-approval',
        by: 'berta',
        destination: 'emr-main',
        details: { digest: '0123456789abcdef', reason: 'fixed' },
      },
    ]);
    const { count } = await store
      .selectFrom('decision')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    expect(count).toBe(3);
  });
});

describe('the cross-reference of patients', () => {
  it('should have each change in the audit, with those whom it touched, in rows of bounded size', async () => {
    const marksOf = ({ sourceValue, mrn }: { readonly sourceValue: string; readonly mrn: string }): string[] => [
      hash(sourceValue),
      numberMark(hash, key.organization, mrn),
    ];
    const entry = (number: number, mrn: string) => ({
      sourceSystem: 'urn:x',
      sourceValue: String(number),
      mrn,
      assigningAuthority: '',
      identifierType: '',
    });
    const many = Array.from({ length: 1001 }, (_, number) => entry(number, `M${String(number)}`));
    const order = {
      by: 'anna',
      reason: 'first import',
      replace: true,
      origin: { via: 'cli', address: 'desk' },
    } as const;
    await importPatients(store, key.organization, many, order, marksOf);
    await importPatients(store, key.organization, many, order, marksOf);
    await importPatients(store, key.organization, [...many.slice(0, 9), entry(9, 'N9')], order, marksOf);
    await removePatients(store, key.organization, [entry(3, '')], order, marksOf);
    const found = await listAudit(store, { kind: 'patients-change' });
    expect(found.map(({ action, patients }) => [action, patients?.length])).toEqual([
      ['C', 1000],
      ['C', 1000],
      ['C', 2],
      ['U', 2],
      ['D', 2],
    ]);
    expect(found[0]).toMatchObject({ by: 'anna', origin: { via: 'cli', address: 'desk' } });
    const about3 = await listAudit(store, { patients: [numberMark(hash, key.organization, 'M3')] });
    expect(about3.map(({ action }) => action)).toEqual(['C', 'D']);
  });
});

describe('the table', () => {
  it.each([
    "update audit_event set by = 'nobody'",
    'delete from audit_event',
    'truncate audit_event',
    'truncate audit_event cascade',
    "update audit_seal set seal = 'x'",
    'delete from audit_seal',
    'truncate audit_seal',
  ])('should refuse `%s`, also from its owner', async (statement) => {
    await recordAudit(store, look);
    await sealAudit(store, hash);
    await expect(aChange(statement)).rejects.toThrow('append-only');
    await expect(
      store.transaction().execute(async (trx) => {
        await sql`set local session_replication_role = replica`.execute(trx);
        await sql`${sql.raw(statement)}`.execute(trx);
      }),
    ).rejects.toThrow('append-only');
    expect(await listAudit(store)).toHaveLength(1);
  });

  it('should be searched by kind, person, organization, time and patient, page by page', async () => {
    await recordAudit(store, { ...look, organization: 'st-marien', patients: marks });
    await recordAuditOf(store, { ...look, by: 'berta', organization: 'st-anna' }, [['p1'], ['p2']]);
    await recordAudit(store, { kind: 'repair', action: 'E', by: 'anna' });
    const [first] = await listAudit(store, { limit: 1 });
    expect(first).toMatchObject({ by: 'anna', organization: 'st-marien' });
    expect(await listAudit(store, { after: first?.id ?? '' })).toHaveLength(2);
    expect(await listAudit(store, { by: 'anna', kind: 'repair' })).toHaveLength(1);
    expect(await listAudit(store, { organization: 'st-anna' })).toMatchObject([{ patients: ['p1', 'p2'] }]);
    expect(await listAudit(store, { patients: [numberMark(hash, 'st-marien', '4711')] })).toHaveLength(1);
    expect(await listAudit(store, { patients: [numberMark(hash, 'st-anna', '4711')] })).toEqual([]);
    expect(await listAudit(store, { until: first?.at ?? new Date() })).toEqual([]);
    expect(await listAudit(store, { since: first?.at ?? new Date() })).toHaveLength(3);
  });
});

describe('seals', () => {
  it('should hold every event once, also those that commit late', async () => {
    let commit: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (commit = resolve));
    let written: () => void = () => undefined;
    const late = new Promise<void>((resolve) => (written = resolve));
    const open = store.transaction().execute(async (trx) => {
      await recordAudit(trx, { ...look, by: 'late' });
      written();
      await released;
    });
    await late;
    await Promise.all(Array.from({ length: 40 }, (_, number) => recordAudit(store, { ...look, by: String(number) })));
    expect(await sealAudit(store, hash)).toMatchObject({ number: 1, events: 40 });
    commit();
    await open;
    // Two at once: one of them finds nothing left.
    const both = await Promise.all([sealAudit(store, hash), sealAudit(store, hash)]);
    expect(both.filter((seal) => seal !== undefined)).toMatchObject([{ number: 2, events: 1 }]);
    expect(await verifyAudit(store, hash)).toMatchObject({ seals: 2, events: 41, unsealed: 0, problems: [] });
  });

  it.each([
    [
      'an event was changed',
      "update audit_event set by = 'nobody' where id = 2",
      [{ seal: 1, what: 'events-changed' }],
    ],
    [
      'a patient was taken out of it',
      "update audit_event set patients = '{}' where id = 2",
      [{ seal: 1, what: 'events-changed' }],
    ],
    ['an event was taken out', 'delete from audit_event where id = 4', [{ seal: 2, what: 'events-changed' }]],
    ['a seal was taken out', 'delete from audit_seal where number = 1', [{ seal: 2, what: 'seal-missing' }]],
    [
      'a seal was made to fit',
      'update audit_seal set events = 1 where number = 1',
      [
        { seal: 1, what: 'seal-changed' },
        { seal: 1, what: 'events-changed' },
      ],
    ],
  ])('should show that %s', async (_what, statement, problems) => {
    for (const by of ['a', 'b', 'c']) await recordAudit(store, { ...look, by, patients: marks });
    await sealAudit(store, hash);
    for (const by of ['d', 'e']) await recordAudit(store, { ...look, by });
    await sealAudit(store, hash);
    expect((await verifyAudit(store, hash)).problems).toEqual([]);
    await behindTheTrigger(statement);
    expect((await verifyAudit(store, hash)).problems).toEqual(problems);
  });

  it('should go on after a clock was wrong for a moment', async () => {
    await recordAudit(store, look);
    await aChange(
      "insert into audit_event (event_id, at, kind, action, outcome, by) values (gen_random_uuid(), '2999-01-01', 'repair', 'E', 0, 'anna')",
    );
    await sealAudit(store, hash);
    await recordAudit(store, look);
    expect(await sealAudit(store, hash)).toMatchObject({ number: 2, events: 1 });
    expect(await verifyAudit(store, hash)).toMatchObject({ unsealed: 0, problems: [] });
  });

  it('should show that events were put in between those of old seals', async () => {
    for (let seals = 0; seals < 30; seals += 1) {
      await recordAudit(store, look);
      await sealAudit(store, hash);
    }
    await behindTheTrigger("update audit_seal set sealed_at = sealed_at - interval '2 days' where number <= 5");
    const put = (id: number) =>
      aChange(`insert into audit_event (id, event_id, at, kind, action, outcome, by) overriding system value
        values (${String(id)}, gen_random_uuid(), '2020-01-01', 'delivery', 'R', 0, 'ductus')`);
    await put(-1);
    expect(await sealAudit(store, hash)).toBeUndefined();
    expect(await verifyAudit(store, hash)).toMatchObject({
      unsealed: 1,
      problems: [{ seal: 5, what: 'events-put-in' }],
    });
  });

  it('should show that the newest were cut off, to who kept one of them', async () => {
    await recordAudit(store, look);
    await sealAudit(store, hash);
    await recordAudit(store, look);
    const kept = await sealAudit(store, hash);
    expect((await verifyAudit(store, hash, kept)).problems).toEqual([]);
    await behindTheTrigger('delete from audit_seal where number = 2');
    await aChange('delete from audit_event where id = 2');
    expect((await verifyAudit(store, hash)).problems).toEqual([]);
    expect((await verifyAudit(store, hash, kept)).problems).toEqual([{ seal: 2, what: 'seal-cut-off' }]);
    await recordAudit(store, { ...look, by: 'somebody else' });
    await sealAudit(store, hash);
    expect((await verifyAudit(store, hash, kept)).problems).toEqual([{ seal: 2, what: 'seal-cut-off' }]);
  });

  it('should be made by nobody without the key', async () => {
    await recordAudit(store, look);
    await sealAudit(store, createKeyedHash(new Secret('another key of some length')));
    await recordAudit(store, look);
    await sealAudit(store, hash);
    expect((await verifyAudit(store, hash)).problems).toEqual([{ seal: 1, what: 'seal-changed' }]);
  });

  it('should say what is not sealed yet, and be nothing for an empty audit', async () => {
    expect(await sealAudit(store, hash)).toBeUndefined();
    expect(await verifyAudit(store, hash)).toMatchObject({ seals: 0, unsealed: 0, head: undefined });
    await recordAudit(store, look);
    const verified = await verifyAudit(store, hash);
    expect(verified).toMatchObject({ seals: 0, unsealed: 1, problems: [] });
    expect(verified.oldestUnsealed).toBeInstanceOf(Date);
  });
});

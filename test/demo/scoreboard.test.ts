/** The scoreboard counts by what Roche and the EMR saw. */
import { percentile, Scoreboard } from '../../demo/scoreboard';
import type { SharedItem } from '../../demo/shared-items';
import type { EmrEntry } from '../../simulators/emr/entries';
import type { EmrFrame } from '../../simulators/emr/frames';
import type { NotificationStats } from '../../simulators/roche-dc/statistics';

const START_MS = 1_000_000;

function notification(messageId: string, more: Partial<NotificationStats> = {}): NotificationStats {
  return {
    messageId,
    emrOid: '2.999.1.1',
    objectKey: `${messageId}.json`,
    option: 'access-point',
    bytes: 100,
    firstNotifiedAtMs: START_MS,
    attempts: [{ kind: 'first', sentAtMs: START_MS, answeredAtMs: START_MS + 10, status: 202 }],
    acks: [],
    refusedAcks: 0,
    exhausted: false,
    faults: [],
    ...more,
  };
}

const ack = { atMs: START_MS + 500, attempt: 1, originRequestId: 'origin' };

function frame(
  controlId: string,
  readings: readonly (readonly [id: string, value: number | undefined, action: EmrEntry['action']])[],
  more: Partial<EmrFrame> = {},
): EmrFrame {
  return {
    seq: 1,
    receivedAtMs: START_MS + 300,
    answeredAtMs: START_MS + 301,
    controlId,
    messageType: 'ORU^R01',
    patientIds: ['1'],
    observations: [],
    entries: readings.map(([item, value, action]) => entry({ item, value, action })),
    answer: { kind: 'AA' },
    accepted: true,
    repeat: false,
    bytes: Buffer.alloc(0),
    ...more,
  };
}

function entry(more: Partial<EmrEntry>): EmrEntry {
  return {
    kind: 'glucose',
    item: 'a',
    action: 'new',
    value: undefined,
    unit: 'mg/dL',
    instantMs: START_MS,
    texts: [],
    sha256: undefined,
    ...more,
  };
}

const reading = (id: string, value: number, deleted = false): SharedItem => ({
  kind: 'glucose',
  id,
  value,
  deleted,
  unit: 'mg/dL',
  instantMs: START_MS,
});

describe('scoreboard', () => {
  it('should count a file as delivered once the EMR accepted its last reading', () => {
    const board = new Scoreboard();
    board.share({ messageId: 'm1', items: [reading('a', 100), reading('b', 5.5)] });
    board.receive([frame('C1', [['a', 100, 'new']])]);
    expect(board.count([notification('m1')])).toMatchObject({
      notified: 1,
      delivered: 0,
      open: 1,
      lost: 1,
      items: 1,
    });
    expect(board.count([notification('m1')]).p50Ms).toBeUndefined();

    board.receive([frame('C2', [['b', 5.5, 'new']], { receivedAtMs: START_MS + 420 })]);
    expect(board.count([notification('m1', { acks: [ack] })])).toMatchObject({
      delivered: 1,
      acked: 1,
      open: 0,
      lost: 0,
      twice: 0,
      items: 2,
      p50Ms: 420,
      p95Ms: 420,
    });
  });

  it('should not take a reading with another value for the one that was shared', () => {
    const board = new Scoreboard();
    board.share({ messageId: 'm1', items: [reading('a', 100)] });
    board.receive([frame('C1', [['a', 101, 'new']])]);
    expect(board.count([notification('m1', { acks: [ack] })])).toMatchObject({ delivered: 0, lost: 1, items: 0 });
  });

  it('should see a reading that came under two message ids, and not mind a repeat under the same', () => {
    const board = new Scoreboard();
    board.share({ messageId: 'm1', items: [reading('a', 100)] });
    board.receive([frame('C1', [['a', 100, 'new']]), frame('C1', [['a', 100, 'new']], { repeat: true })]);
    expect(board.count([notification('m1')]).twice).toBe(0);
    board.receive([frame('C2', [['a', 100, 'new']])]);
    expect(board.count([notification('m1')]).twice).toBe(1);
  });

  it('should wait for corrections and deletions, and not miss what they superseded', () => {
    const board = new Scoreboard();
    board.share({ messageId: 'm1', items: [reading('a', 100), reading('b', 90)] });
    board.share({ messageId: 'm2', items: [reading('a', 120), reading('b', 90, true)] });
    const both = [notification('m1'), notification('m2')];
    expect(board.count(both).lost).toBe(2);
    board.receive([frame('C2', [['a', 120, 'corrected']])]);
    expect(board.count(both)).toMatchObject({ delivered: 0, lost: 1 });
    board.receive([frame('C3', [['b', undefined, 'deleted']])]);
    expect(board.count(both)).toMatchObject({ delivered: 2, lost: 0, twice: 0 });
  });

  it('should count as a correction or deletion only what came as one', () => {
    const board = new Scoreboard();
    board.share({ messageId: 'm1', items: [reading('a', 100), reading('b', 90), reading('c', 80)] });
    board.share({ messageId: 'm2', items: [reading('a', 120), reading('b', 91), reading('c', 80, true)] });
    const both = [notification('m1'), notification('m2')];
    expect(board.count(both).shared).toMatchObject({ corrections: 2, deletions: 1 });
    board.receive([
      frame('C1', [['a', 100, 'new'], ['b', 90, 'new'], ['c', 80, 'new']]),
      frame('C2', [['a', 120, 'corrected'], ['b', 91, 'new'], ['c', undefined, 'deleted']]),
    ]); // prettier-ignore
    expect(board.count(both).received).toMatchObject({ corrections: 1, deletions: 1, byKind: { glucose: 6 } });
  });

  it.each<[string, SharedItem, Partial<EmrEntry>, Partial<EmrEntry>]>([
    [
      'carbohydrates, with the time',
      { kind: 'carbs', id: 'a', deleted: false, value: 40, unit: 'g', instantMs: START_MS },
      { kind: 'carbs', value: 40, unit: 'g' },
      { kind: 'carbs', value: 40, unit: 'g', instantMs: START_MS + 3_600_000 },
    ],
    [
      'insulin, with the unit',
      { kind: 'insulin', id: 'a', deleted: false, value: 0.8, unit: '[IU]/h', instantMs: START_MS },
      { kind: 'insulin', value: 0.8, unit: '[IU]/h' },
      { kind: 'insulin', value: 0.8, unit: '[iU]' },
    ],
    [
      'a device, by its firmware',
      { kind: 'device', id: 'a', deleted: false, firmware: '1.1' },
      { kind: 'device', texts: ['Simulated', '1.1'] },
      { kind: 'device', texts: ['Simulated', '1.0'] },
    ],
    [
      'a report, by its bytes',
      { kind: 'report', id: 'set', deleted: false, sha256: 'aa' },
      { kind: 'report', item: 'document', sha256: 'aa' },
      { kind: 'report', item: 'document', sha256: 'bb' },
    ],
    [
      'a kind for another',
      { kind: 'glucose', id: 'a', deleted: false, value: 40, unit: 'g', instantMs: START_MS },
      { kind: 'glucose', value: 40, unit: 'g' },
      { kind: 'carbs', value: 40, unit: 'g' },
    ],
  ])('should know %s', (_what, item, right, wrong) => {
    const board = new Scoreboard();
    board.share({ messageId: 'm1', items: [item] });
    board.receive([frame('C1', [], { entries: [entry(wrong)] })]);
    expect(board.count([notification('m1')])).toMatchObject({ delivered: 0, lost: 1, items: 0 });
    board.receive([frame('C2', [], { entries: [entry(right)] })]);
    expect(board.count([notification('m1')])).toMatchObject({ delivered: 1, lost: 0, items: 1 });
  });

  it('should count what the EMR refused as parked until it is delivered', () => {
    const board = new Scoreboard();
    board.share({ messageId: 'm1', items: [reading('a', 100)] });
    board.receive([frame('C1', [['a', 100, 'new']], { accepted: false, answer: { kind: 'AE', errorCode: '204' } })]);
    expect(board.count([notification('m1')])).toMatchObject({ open: 1, refused: 1, repaired: 0, items: 0 });
    board.receive([frame('C1', [['a', 100, 'new']])]);
    expect(board.count([notification('m1', { acks: [ack] })])).toMatchObject({ open: 0, refused: 0, repaired: 1 });
  });

  it('should count the POSTs that came twice', () => {
    const board = new Scoreboard();
    const attempts = (['first', 'duplicate', 'repeat', 'retry', 'renotification'] as const).map((kind) => ({
      kind,
      sentAtMs: START_MS,
    }));
    expect(board.count([notification('m1', { attempts })]).duplicates).toBe(2);
  });

  it('should go by the ACK where it does not know the readings of a file', () => {
    const board = new Scoreboard();
    board.share({ messageId: 'own', items: [] });
    expect(board.count([notification('own')])).toMatchObject({ delivered: 0, open: 1 });
    expect(board.count([notification('own', { acks: [ack] })])).toMatchObject({ delivered: 1, open: 0 });
  });

  it('should take the same version in a second file for delivered when the EMR has it', () => {
    const board = new Scoreboard();
    board.share({ messageId: 'm1', items: [reading('a', 100)] });
    board.receive([frame('C1', [['a', 100, 'new']])]);
    board.share({ messageId: 'm2', items: [reading('a', 100)] });
    expect(board.count([notification('m1'), notification('m2')])).toMatchObject({ delivered: 2, lost: 0, items: 1 });
  });
});

describe('percentile', () => {
  it('should give the nearest rank', () => {
    expect(percentile([], 0.5)).toBeUndefined();
    expect(percentile([7], 0.95)).toBe(7);
    expect(percentile([4, 1, 3, 2], 0.5)).toBe(2);
    expect(
      percentile(
        Array.from({ length: 100 }, (_, index) => index + 1),
        0.95,
      ),
    ).toBe(95);
  });
});

/** The scoreboard counts by what Roche and the EMR saw. */
import { percentile, Scoreboard, type ReadingVersion } from '../../demo/scoreboard';
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
  readings: readonly (readonly [id: string, value: string, status: string])[],
  more: Partial<EmrFrame> = {},
): EmrFrame {
  return {
    seq: 1,
    receivedAtMs: START_MS + 300,
    answeredAtMs: START_MS + 301,
    controlId,
    messageType: 'ORU^R01',
    patientIds: ['1'],
    observations: readings.map(([observationId, value, status]) => ({
      orderId: 'order',
      observationId,
      code: '41653-7',
      value,
      unit: 'mg/dL',
      status,
      time: '',
    })),
    answer: { kind: 'AA' },
    accepted: true,
    repeat: false,
    bytes: Buffer.alloc(0),
    ...more,
  };
}

const reading = (id: string, value: number, deleted = false): ReadingVersion => ({ id, value, deleted });

describe('scoreboard', () => {
  it('should count a file as delivered once the EMR accepted its last reading', () => {
    const board = new Scoreboard();
    board.share({ messageId: 'm1', readings: [reading('a', 100), reading('b', 5.5)] });
    board.receive([frame('C1', [['a', '100', 'F']])]);
    expect(board.count([notification('m1')])).toMatchObject({
      notified: 1,
      delivered: 0,
      open: 1,
      lost: 1,
      readings: 1,
    });
    expect(board.count([notification('m1')]).p50Ms).toBeUndefined();

    board.receive([frame('C2', [['b', '5.50', 'F']], { receivedAtMs: START_MS + 420 })]);
    expect(board.count([notification('m1', { acks: [ack] })])).toMatchObject({
      delivered: 1,
      acked: 1,
      open: 0,
      lost: 0,
      twice: 0,
      readings: 2,
      p50Ms: 420,
      p95Ms: 420,
    });
  });

  it('should not take a reading with another value for the one that was shared', () => {
    const board = new Scoreboard();
    board.share({ messageId: 'm1', readings: [reading('a', 100)] });
    board.receive([frame('C1', [['a', '101', 'F']])]);
    expect(board.count([notification('m1', { acks: [ack] })])).toMatchObject({ delivered: 0, lost: 1, readings: 0 });
  });

  it('should see a reading that came under two message ids, and not mind a repeat under the same', () => {
    const board = new Scoreboard();
    board.share({ messageId: 'm1', readings: [reading('a', 100)] });
    board.receive([frame('C1', [['a', '100', 'F']]), frame('C1', [['a', '100', 'F']], { repeat: true })]);
    expect(board.count([notification('m1')]).twice).toBe(0);
    board.receive([frame('C2', [['a', '100', 'F']])]);
    expect(board.count([notification('m1')]).twice).toBe(1);
  });

  it('should wait for corrections and deletions, and not miss what they superseded', () => {
    const board = new Scoreboard();
    board.share({ messageId: 'm1', readings: [reading('a', 100), reading('b', 90)] });
    board.share({ messageId: 'm2', readings: [reading('a', 120), reading('b', 90, true)] });
    const both = [notification('m1'), notification('m2')];
    expect(board.count(both).lost).toBe(2);
    board.receive([frame('C2', [['a', '120', 'C']])]);
    expect(board.count(both)).toMatchObject({ delivered: 0, lost: 1 });
    board.receive([frame('C3', [['b', '90', 'D']])]);
    expect(board.count(both)).toMatchObject({ delivered: 2, lost: 0, twice: 0 });
  });

  it('should count what the EMR refused as parked until it is delivered', () => {
    const board = new Scoreboard();
    board.share({ messageId: 'm1', readings: [reading('a', 100)] });
    board.receive([frame('C1', [['a', '100', 'F']], { accepted: false, answer: { kind: 'AE', errorCode: '204' } })]);
    expect(board.count([notification('m1')])).toMatchObject({ open: 1, refused: 1, repaired: 0, readings: 0 });
    board.receive([frame('C1', [['a', '100', 'F']])]);
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
    board.share({ messageId: 'own', readings: [] });
    expect(board.count([notification('own')])).toMatchObject({ delivered: 0, open: 1 });
    expect(board.count([notification('own', { acks: [ack] })])).toMatchObject({ delivered: 1, open: 0 });
  });

  it('should take the same version in a second file for delivered when the EMR has it', () => {
    const board = new Scoreboard();
    board.share({ messageId: 'm1', readings: [reading('a', 100)] });
    board.receive([frame('C1', [['a', '100', 'F']])]);
    board.share({ messageId: 'm2', readings: [reading('a', 100)] });
    expect(board.count([notification('m1'), notification('m2')])).toMatchObject({ delivered: 2, lost: 0, readings: 1 });
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

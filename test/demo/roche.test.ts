/** The demo knows what it shared, whoever asked for it. */
import { createHash } from 'node:crypto';
import { flowResult, problems, type Expected } from '../../demo/result';
import { Scoreboard, type FlowCounts } from '../../demo/scoreboard';
import { itemsOf } from '../../demo/shared-items';
import { diaryBundle } from '../../simulators/roche-dc/sample-diary';
import { editedDiary } from '../../simulators/roche-dc/sample-edits';
import { sampleReport } from '../../simulators/roche-dc/sample-report';

describe('items of a file', () => {
  const bundle = diaryBundle({ patient: 1, seed: 1, start: '2026-10-24T23:00:00Z', meals: 3, times: 'bare' });

  it('should be those of a bundle, from an object, from text or from bytes', () => {
    const items = itemsOf(bundle, 'Europe/Berlin');
    expect(items.map(({ kind }) => kind).toSorted()).toEqual([
      ...Array.from({ length: 3 }, () => 'carbs'),
      ...Array.from({ length: 2 }, () => 'device'),
      ...Array.from({ length: 3 }, () => 'glucose'),
      ...Array.from({ length: 6 }, () => 'insulin'),
    ]);
    expect(itemsOf(JSON.stringify(bundle), 'Europe/Berlin')).toEqual(items);
    expect(itemsOf(Buffer.from(JSON.stringify(bundle)), 'Europe/Berlin')).toEqual(items);
  });

  it("should have the instants of the hospital's zone", () => {
    const first = (zone: string) => itemsOf(bundle, zone).find(({ kind }) => kind === 'glucose')?.instantMs;
    expect(first('Europe/Berlin')).toBe(Date.parse('2026-10-24T23:00:00Z'));
    expect(first('Atlantic/Canary')).toBe(Date.parse('2026-10-25T00:00:00Z'));
  });

  it('should say which are deleted', () => {
    const deleted = itemsOf(editedDiary(bundle, 1), 'Europe/Berlin').filter((item) => item.deleted);
    expect(deleted.map(({ kind }) => kind)).toEqual(['glucose', 'carbs', 'insulin']);
  });

  it('should be the report of a report, the same in all versions', () => {
    const [first, second] = [1, 2].map((version) => sampleReport({ patient: 1, seed: 1, version }));
    const [one, other] = [first, second].flatMap((bytes = Buffer.alloc(0)) => itemsOf(bytes, 'Europe/Berlin'));
    expect(one).toEqual({
      kind: 'report',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      deleted: false,
      sha256: createHash('sha256')
        .update(first ?? '')
        .digest('hex'),
    });
    expect(other?.id).toBe(one?.id);
    expect(other?.sha256).not.toBe(one?.sha256);
  });

  it('should be none of what is nothing that we know', () => {
    for (const file of ['no JSON', '{}', { resourceType: 'Patient' }, { resourceType: 'Bundle', entry: [null] }]) {
      expect(itemsOf(file, 'Europe/Berlin')).toEqual([]);
    }
  });
});

describe('result of a day', () => {
  const expected: Expected = { notifications: 60, corrections: 11, deletions: 6 };
  const items = {
    byKind: { glucose: 900, carbs: 90, insulin: 120, device: 80, report: 3 },
    corrections: 11,
    deletions: 6,
  };
  const counts: FlowCounts = {
    ...new Scoreboard().count([]),
    notified: 60,
    duplicates: 2,
    delivered: 60,
    acked: 60,
    repaired: 1,
    shared: items,
    received: items,
    p50Ms: 99.6,
    p95Ms: 1500,
  };
  const wrong = (change: Partial<FlowCounts>): string[] =>
    problems(flowResult({ ...counts, ...change }, 0, 5), expected, items);
  const received = (change: Partial<typeof items.byKind>) => ({
    received: { ...items, byKind: { ...items.byKind, ...change } },
  });

  it('should be well when everything arrived once', () => {
    expect(wrong({})).toEqual([]);
    expect(flowResult(counts, 0, 5)).toEqual({
      flow: 'data-sharing',
      notified: 60,
      duplicates: 2,
      delivered: 60,
      acked: 60,
      parked: 0,
      repaired: 1,
      lost: 0,
      twice: 0,
      p50Ms: 100,
      p95Ms: 1500,
      byType: items.byKind,
      corrections: 11,
      deletions: 6,
      unmapped: 0,
      seed: 5,
    });
  });

  it.each([
    [{ notified: 59, delivered: 59, acked: 59 }, '59 notifications went out, not 60'],
    [{ duplicates: 0 }, 'no notification came twice'],
    [{ delivered: 58 }, '2 files are not in the EMR'],
    [{ acked: 59 }, '1 notifications have no ACK'],
    [{ open: 1 }, '1 files are parked'],
    [{ repaired: 0 }, 'no file was parked and repaired'],
    [{ lost: 3 }, '3 items are lost'],
    [{ twice: 1 }, '1 items came under two message ids'],
    [received({ glucose: 899 }), 'the EMR has 899 of glucose, and 900 were shared'],
    [received({ carbs: 91 }), 'the EMR has 91 of carbs, and 90 were shared'],
    [received({ insulin: 0 }), 'the EMR has 0 of insulin, and 120 were shared'],
    [received({ device: 79 }), 'the EMR has 79 of device, and 80 were shared'],
    [received({ report: 2 }), 'the EMR has 2 of report, and 3 were shared'],
    [{ received: { ...items, corrections: 10 } }, 'the EMR got 10 corrections, not 11'],
    [{ received: { ...items, deletions: 7 } }, 'the EMR got 7 deletions, not 6'],
  ])('should not be well with %j', (change, what) => {
    expect(wrong(change)).toEqual([what]);
  });

  it('should not be well when Ductus had no mapping for something', () => {
    expect(problems(flowResult(counts, 2, 5), expected, items)).toEqual(['2 resources have no mapping']);
  });

  it('should not be well when the day had none of a kind', () => {
    const none = { ...items, byKind: { ...items.byKind, report: 0 } };
    const result = flowResult({ ...counts, received: none }, 0, 5);
    expect(problems(result, expected, none)).toEqual(['the EMR has 0 of report, and 0 were shared']);
  });
});

/** The demo knows what it shared, whoever asked for it. */
import { readingsOf } from '../../demo/roche';
import { flowResult, problems } from '../../demo/result';
import { Scoreboard } from '../../demo/scoreboard';
import { bgBundle, correctionBundle } from '../../simulators/roche-dc/sample-data';

describe('readings of a file', () => {
  const bundle = bgBundle({ patient: 1, count: 3, seed: 1, carbs: 2 });

  it('should be the glucose readings of a bundle, from an object or from text', () => {
    expect(readingsOf(bundle)).toHaveLength(3);
    expect(readingsOf(JSON.stringify(bundle))).toEqual(readingsOf(bundle));
    expect(readingsOf(bundle)[0]).toEqual({ id: expect.any(String), value: expect.any(Number), deleted: false });
  });

  it('should say which are deleted', () => {
    const corrections = readingsOf(correctionBundle(bundle, { seed: 1, corrected: 1, cancelled: 1 }));
    expect(corrections.map(({ deleted }) => deleted)).toEqual([false, true]);
  });

  it('should be none of what is no bundle', () => {
    for (const file of ['no JSON', '{}', { resourceType: 'Patient' }, { resourceType: 'Bundle', entry: [null] }]) {
      expect(readingsOf(file)).toEqual([]);
    }
  });
});

describe('result of a day', () => {
  const counts = {
    ...new Scoreboard().count([]),
    notified: 60,
    duplicates: 2,
    delivered: 60,
    acked: 60,
    repaired: 1,
    readings: 900,
    p50Ms: 99.6,
    p95Ms: 1500,
  };

  it('should be well when everything arrived once', () => {
    const result = flowResult(counts, 5);
    expect(problems(result, 60)).toEqual([]);
    expect(result).toMatchObject({ flow: 'data-sharing', parked: 0, lost: 0, twice: 0, p50Ms: 100, seed: 5 });
  });

  it.each([
    [{ notified: 59, delivered: 59, acked: 59 }, '59 notifications went out, not 60'],
    [{ duplicates: 0 }, 'no notification came twice'],
    [{ delivered: 58 }, '2 files are not in the EMR'],
    [{ acked: 59 }, '1 notifications have no ACK'],
    [{ open: 1 }, '1 files are parked'],
    [{ repaired: 0 }, 'no file was parked and repaired'],
    [{ lost: 3 }, '3 readings are lost'],
    [{ twice: 1 }, '1 readings came under two message ids'],
  ])('should not be well with %j', (change, what) => {
    expect(problems(flowResult({ ...counts, ...change }, 5), 60)).toEqual([what]);
  });
});

/** What is remembered of control ids, and the look-up of what is not. */
import { KeyedHashSchema, OrganizationIdSchema } from '../../../src/domain/identifiers';
import { ControlIds } from '../../../src/api/patient-sync/control-ids';
import { controlIdLookup } from '../../../src/api/patient-sync/control-id-lookup';
import { LIMITS } from '../../../src/domain/limits';

const DIGEST = KeyedHashSchema.parse('a'.repeat(22));

describe('the memory of control ids', () => {
  it('should hold the latest, and no more than so many', () => {
    const ids = new ControlIds(3);
    for (const id of ['a', 'b', 'c', 'a', 'd']) ids.remember(id, DIGEST, 0);
    expect(ids.size).toBe(3);
    expect(['a', 'b', 'c', 'd'].filter((id) => ids.find(id, 0) !== undefined)).toEqual(['a', 'c', 'd']);
  });

  it('should forget after the window: counters of a HIS begin anew', () => {
    const ids = new ControlIds(3, 100);
    ids.remember('a', DIGEST, 0);
    expect(ids.find('a', 100)).toBe(DIGEST);
    expect(ids.find('a', 101)).toBeUndefined();
    expect(ids.size).toBe(0);
  });

  it('should let work under one key wait for each other, also for one that fails, and keep nothing of it', async () => {
    const ids = new ControlIds();
    const order: string[] = [];
    const work = (name: string, fails = false) =>
      ids.alone('key', async () => {
        order.push(`${name} begins`);
        await Promise.resolve();
        order.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      });
    const other = ids.alone('other', async () => 'other');
    const results = await Promise.allSettled([work('a', true), work('b'), work('c')]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    expect(await other).toBe('other');
    expect(ids.running).toBe(0);
  });
});

describe('the look-up of a control id', () => {
  const organization = OrganizationIdSchema.parse('st-marien');

  it('should give what the store knows', async () => {
    const lookup = controlIdLookup(async (...key) => ({ digest: key.join(' ') }), fail);
    expect(await lookup(organization, 'his', 'M1')).toEqual({ digest: 'st-marien his M1' });
  });

  it('should give nothing when the store fails, and ask again after a pause only', async () => {
    jest.useFakeTimers();
    try {
      let asked = 0;
      const failures: unknown[] = [];
      const lookup = controlIdLookup(
        async () => {
          asked += 1;
          throw new Error('away');
        },
        (error) => failures.push(error),
      );
      for (let call = 0; call < 3; call += 1) expect(await lookup(organization, 'his', 'M1')).toBeUndefined();
      expect([asked, failures.length]).toEqual([1, 1]);
      await jest.advanceTimersByTimeAsync(LIMITS.controlIdLookupPauseMs);
      await lookup(organization, 'his', 'M1');
      expect(asked).toBe(2);
    } finally {
      jest.useRealTimers();
    }
  });

  it('should not wait longer than its limit', async () => {
    jest.useFakeTimers();
    try {
      const failures: unknown[] = [];
      const lookup = controlIdLookup(
        () => new Promise(() => undefined),
        (error) => failures.push(error),
      );
      const found = lookup(organization, 'his', 'M1');
      await jest.advanceTimersByTimeAsync(LIMITS.controlIdLookupMs);
      expect(await found).toBeUndefined();
      expect(failures).toHaveLength(1);
    } finally {
      jest.useRealTimers();
    }
  });
});

function fail(error: unknown): never {
  throw error;
}

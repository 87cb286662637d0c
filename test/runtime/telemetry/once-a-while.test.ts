import { onceAWhile, within } from '../../../src/runtime/telemetry/once-a-while';

describe('onceAWhile', () => {
  it('should make one call for those who come while it runs, and for a while', async () => {
    let calls = 0;
    let end: (value: number) => void = () => undefined;
    const ask = onceAWhile(60_000, () => {
      calls += 1;
      return new Promise<number>((resolve) => (end = resolve));
    });
    const asked = [ask(), ask(), ask()];
    end(7);
    expect(await Promise.all(asked)).toEqual([7, 7, 7]);
    expect(await ask()).toBe(7);
    expect(calls).toBe(1);
  });

  it('should call again when nothing is kept, and after a failure', async () => {
    let calls = 0;
    const fresh = onceAWhile(0, () => Promise.resolve((calls += 1)));
    expect([await fresh(), await fresh()]).toEqual([1, 2]);
    let fails = true;
    const failing = onceAWhile(60_000, () => (fails ? Promise.reject(new Error('no')) : Promise.resolve('yes')));
    await expect(failing()).rejects.toThrow('no');
    fails = false;
    expect(await failing()).toBe('yes');
  });
});

describe('within', () => {
  it('should give a result in time, and fail for a call that hangs', async () => {
    expect(await within(60_000, Promise.resolve(1))).toBe(1);
    await expect(within(1, new Promise(() => undefined))).rejects.toThrow('longer than 1 ms');
  });
});

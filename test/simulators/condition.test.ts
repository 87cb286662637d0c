import { ChangeSignal } from '../../simulators/condition';

describe('waiting for a condition', () => {
  it('should be over when a change makes it true', async () => {
    const signal = new ChangeSignal();
    let value = 0;
    const waiting = signal.until(
      () => value === 2,
      10_000,
      () => `value is ${value}`,
    );
    value = 1;
    signal.changed();
    value = 2;
    signal.changed();
    await expect(waiting).resolves.toBeUndefined();
  });

  it('should gather changes', async () => {
    const signal = new ChangeSignal(5);
    let looks = 0;
    let done = false;
    const waiting = signal.until(
      () => {
        looks += 1;
        return done;
      },
      10_000,
      () => '',
    );
    for (let index = 0; index < 100; index += 1) {
      signal.changed();
    }
    done = true;
    await waiting;
    expect(looks).toBe(2);
  });

  it('should fail in the end, and say how things stand', async () => {
    const waiting = new ChangeSignal().until(
      () => false,
      5,
      () => 'value is 0',
    );
    await expect(waiting).rejects.toThrow('did not happen within 5 ms: value is 0');
  });

  it('should fail with what the condition throws', async () => {
    const signal = new ChangeSignal();
    let broken = false;
    const waiting = signal.until(
      () => {
        if (broken) {
          throw new Error('broken');
        }
        return false;
      },
      10_000,
      () => '',
    );
    broken = true;
    signal.changed();
    await expect(waiting).rejects.toThrow('broken');
  });
});

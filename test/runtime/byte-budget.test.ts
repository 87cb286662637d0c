import fc from 'fast-check';
import { ByteBudget } from '../../src/runtime/byte-budget';

describe('ByteBudget', () => {
  it('should let requests through that fit together, and the next one after a release', async () => {
    const budget = new ByteBudget(100);
    const releaseA = await budget.acquire(60);
    const releaseB = await budget.acquire(40);
    expect(budget.inFlight).toBe(100);
    const third = budget.acquire(1);
    expect(budget.waiting).toBe(1);
    releaseA();
    const releaseC = await third;
    expect(budget.inFlight).toBe(41);
    releaseB();
    releaseC();
    expect(budget.inFlight).toBe(0);
  });

  it('should count a release once', async () => {
    const budget = new ByteBudget(100);
    const release = await budget.acquire(60);
    const other = await budget.acquire(10);
    release();
    release();
    expect(budget.inFlight).toBe(10);
    other();
  });

  it('should let a request above the limit in alone', async () => {
    const budget = new ByteBudget(100);
    const small = await budget.acquire(1);
    const large = budget.acquire(500);
    expect(budget.waiting).toBe(1);
    small();
    const release = await large;
    expect(budget.inFlight).toBe(500);
    expect(budget.tryAcquire(1)).toBeUndefined();
    release();
    expect(budget.inFlight).toBe(0);
  });

  it('should not let small requests pass a large one that waits', async () => {
    const budget = new ByteBudget(100);
    const first = await budget.acquire(50);
    const order: string[] = [];
    const large = budget.acquire(80).then((release) => (order.push('large'), release));
    const small = budget.acquire(10).then((release) => (order.push('small'), release));
    expect(budget.tryAcquire(10)).toBeUndefined();
    first();
    for (const release of await Promise.all([large, small])) release();
    expect(order).toEqual(['large', 'small']);
  });

  it('should let those behind go on when the one in front gives up', async () => {
    const budget = new ByteBudget(100);
    const first = await budget.acquire(50);
    const controller = new AbortController();
    const large = budget.acquire(80, controller.signal);
    const small = budget.acquire(10);
    const reason = new Error('cancelled');
    controller.abort(reason);
    await expect(large).rejects.toBe(reason);
    (await small)();
    first();
    expect([budget.inFlight, budget.waiting]).toEqual([0, 0]);
    await expect(budget.acquire(1, controller.signal)).rejects.toBe(reason);
  });

  it('should never hold more than the limit unless one request is alone, and serve everybody in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 150 }), givesUp: fc.boolean() }), { maxLength: 20 }),
        async (scheduler, requests) => {
          const budget = new ByteBudget(100);
          const granted: number[] = [];
          let holders = 0;
          const runs = requests.map(async ({ bytes, givesUp }, index) => {
            const controller = new AbortController();
            const wait = budget.acquire(bytes, controller.signal);
            if (givesUp) void scheduler.schedule(Promise.resolve()).then(() => controller.abort(new Error('gave up')));
            let release;
            try {
              release = await wait;
            } catch {
              return;
            }
            granted.push(index);
            holders += 1;
            expect(budget.inFlight <= 100 || holders === 1).toBe(true);
            await scheduler.schedule(Promise.resolve());
            holders -= 1;
            release();
          });
          await scheduler.waitFor(Promise.all(runs));
          await scheduler.waitAll();
          expect(granted).toEqual([...granted].sort((a, b) => a - b));
          expect(requests.every(({ givesUp }, index) => givesUp || granted.includes(index))).toBe(true);
          expect([budget.inFlight, budget.waiting]).toEqual([0, 0]);
        },
      ),
      { numRuns: 200 },
    );
  });
});

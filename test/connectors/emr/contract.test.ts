/** What the delivery step relies on, for every kind of destination alike. */
import { ductusErrorOf, everythingOf } from '../../support/error-of';
import { until } from '../../support/until';
import { KINDS, NETWORK_KINDS, SECRET_TEXT } from './kinds';

/** A step before sending that stops a message while it holds a place. */
function doors() {
  const open = new Map<string, () => void>();
  const order: string[] = [];
  return {
    order,
    at: (id: string) => () =>
      new Promise<void>((resolve) => {
        order.push(id);
        open.set(id, resolve);
      }),
    pass(id: string): void {
      open.get(id)?.();
    },
  };
}

describe.each(KINDS)('a destination of kind $name', (kind) => {
  it('should return when the destination has the message', async () => {
    await using peer = await kind.start();
    const connection = peer.open();
    for (const id of ['A1', 'A2', 'A3']) {
      await connection.send(kind.message(id), { resent: false });
      expect(await peer.stored()).toContain(id);
    }
    expect(await peer.stored()).toEqual(['A1', 'A2', 'A3']);
    expect(connection.stats).toMatchObject({ busy: 0, waiting: 0 });
  });

  it('should say that a message was refused for its content, and take the next one', async () => {
    await using peer = await kind.start();
    const connection = peer.open();
    await peer.refuse('A1');
    const error = await ductusErrorOf(connection.send(kind.message('A1'), { resent: false }));
    expect([error.code, error.details['controlId']]).toEqual(['DUCTUS_EMR_REJECTED', 'A1']);
    expect(everythingOf(error)).not.toContain(SECRET_TEXT);
    await connection.send(kind.message('A2'), { resent: false });
    expect(await peer.stored()).toEqual(['A2']);
  });

  it('should say that nothing was sent when nothing is there', async () => {
    const connection = await kind.nowhere();
    const error = await ductusErrorOf(connection.send(kind.message('A1'), { resent: false }));
    expect(error.code).toBe('DUCTUS_EMR_UNREACHABLE');
    expect(error.details['reason']).toMatch(/^(ECONNREFUSED|ENOENT)$/);
    expect(everythingOf(error)).not.toContain(SECRET_TEXT);
    await connection.close();
  });

  it('should run what comes before sending once, when a place is held and nothing has left', async () => {
    await using peer = await kind.start();
    const connection = peer.open();
    const seen: unknown[] = [];
    const beforeSend = async (): Promise<void> => {
      seen.push(connection.stats.busy, await peer.stored());
    };
    await connection.send(kind.message('A1'), { resent: false, beforeSend });
    expect(seen).toEqual([1, []]);
    expect(await peer.stored()).toEqual(['A1']);
  });

  it('should send nothing when what comes before sending fails, and pass its error on', async () => {
    await using peer = await kind.start();
    const connection = peer.open();
    const failure = new Error('the store is away');
    const beforeSend = (): Promise<void> => Promise.reject(failure);
    await expect(connection.send(kind.message('A1'), { resent: false, beforeSend })).rejects.toBe(failure);
    await connection.send(kind.message('A2'), { resent: false });
    expect(await peer.stored()).toEqual(['A2']);
  });

  it('should hold as many places as configured, and serve those in line in order', async () => {
    await using peer = await kind.start();
    const connection = peer.open({ connections: 2 });
    const { order, at, pass } = doors();
    const ids = ['A1', 'A2', 'A3', 'A4', 'A5'];
    const sent = ids.map((id) => connection.send(kind.message(id), { resent: false, beforeSend: at(id) }));
    await until(() => order.length === 2);
    expect(connection.stats).toMatchObject({ busy: 2, waiting: 3 });
    for (const [index, id] of ids.entries()) {
      await until(() => order.length >= Math.min(index + 2, ids.length));
      expect(order).toEqual(ids.slice(0, Math.min(index + 2, ids.length)));
      pass(id);
      await sent[index];
    }
    expect((await peer.stored()).sort()).toEqual(ids);
    expect(connection.stats).toMatchObject({ busy: 0, waiting: 0 });
  });

  it('should end the wait for a place when the caller gives up, and let the next in line go on', async () => {
    await using peer = await kind.start();
    const connection = peer.open({ connections: 1 });
    const { order, at, pass } = doors();
    const giveUp = new AbortController();
    const first = connection.send(kind.message('A1'), { resent: false, beforeSend: at('A1') });
    const second = ductusErrorOf(
      connection.send(kind.message('A2'), { resent: false, beforeSend: at('A2'), signal: giveUp.signal }),
    );
    const third = connection.send(kind.message('A3'), { resent: false });
    await until(() => order.length === 1 && connection.stats.waiting === 2);
    giveUp.abort();
    const error = await second;
    expect([error.code, error.details]).toEqual(['DUCTUS_EMR_UNREACHABLE', { reason: 'aborted' }]);
    pass('A1');
    await Promise.all([first, third]);
    expect(await peer.stored()).toEqual(['A1', 'A3']);
    expect(order).toEqual(['A1']);
  });

  it('should send nothing for a caller that has given up already', async () => {
    await using peer = await kind.start();
    const options = { resent: false, signal: AbortSignal.abort() };
    const error = await ductusErrorOf(peer.open().send(kind.message('A1'), options));
    expect(error.code).toBe('DUCTUS_EMR_UNREACHABLE');
    expect(await peer.stored()).toEqual([]);
  });

  it('should close after the messages on their way, and fail those in line and those to come', async () => {
    await using peer = await kind.start();
    const connection = peer.open({ connections: 1 });
    const { order, at, pass } = doors();
    const first = connection.send(kind.message('A1'), { resent: false, beforeSend: at('A1') });
    const second = ductusErrorOf(connection.send(kind.message('A2'), { resent: false }));
    await until(() => order.length === 1);
    let isClosed = false;
    const closed = connection.close().then(() => (isClosed = true));
    expect((await second).details).toEqual({ reason: 'closed' });
    expect((await ductusErrorOf(connection.send(kind.message('A3'), { resent: false }))).details).toEqual({
      reason: 'closed',
    });
    expect(isClosed).toBe(false);
    pass('A1');
    await first;
    await closed;
    expect(await peer.stored()).toEqual(['A1']);
  });
});

describe.each(NETWORK_KINDS)('a destination of kind $name, behind a network', (kind) => {
  it('should say that it is busy', async () => {
    await using peer = await kind.start();
    const connection = peer.open();
    peer.busy?.();
    const error = await ductusErrorOf(connection.send(kind.message('A1'), { resent: false }));
    expect([error.code, error.class]).toEqual(['DUCTUS_EMR_BUSY', 'transient']);
    await connection.send(kind.message('A1'), { resent: false });
    expect(await peer.stored()).toEqual(['A1']);
  });

  it('should not know the outcome when the connection breaks after sending; a resend is the same message', async () => {
    await using peer = await kind.start();
    const connection = peer.open();
    peer.cut?.();
    const cut = await ductusErrorOf(connection.send(kind.message('A1'), { resent: false }));
    expect([cut.code, cut.details['controlId']]).toEqual(['DUCTUS_EMR_AMBIGUOUS', 'A1']);
    expect(everythingOf(cut)).not.toContain(SECRET_TEXT);
    await connection.send(kind.message('A1'), { resent: true });
    expect(await peer.stored()).toEqual(['A1', 'A1']);

    peer.lose?.();
    const lost = await ductusErrorOf(connection.send(kind.message('A2'), { resent: false }));
    expect(lost.code).toBe('DUCTUS_EMR_AMBIGUOUS');
    expect(await peer.stored()).toEqual(['A1', 'A1']);
  });

  it('should not know the outcome when no answer comes in time, and give the place to the next', async () => {
    await using peer = await kind.start();
    const connection = peer.open({ connections: 1, acknowledgmentTimeoutMs: 300 });
    peer.hang?.();
    const first = ductusErrorOf(connection.send(kind.message('A1'), { resent: false }));
    const second = connection.send(kind.message('A2'), { resent: false });
    const error = await first;
    expect([error.code, error.details]).toEqual(['DUCTUS_EMR_AMBIGUOUS', { controlId: 'A1', reason: 'timeout' }]);
    await second;
    expect(await peer.stored()).toEqual(['A1', 'A2']);
  });

  it('should not let the time before sending count against the destination', async () => {
    await using peer = await kind.start();
    const connection = peer.open({ acknowledgmentTimeoutMs: 300 });
    // Longer than the time limit.
    const beforeSend = () => new Promise<void>((resolve) => setTimeout(resolve, 350));
    await connection.send(kind.message('A1'), { resent: false, beforeSend });
    expect(await peer.stored()).toEqual(['A1']);
  });
});

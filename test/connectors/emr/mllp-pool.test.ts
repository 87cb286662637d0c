/** The pool and its connections against a scripted peer on real sockets. */
import net from 'node:net';
import { MllpPool, type MllpOptions } from '../../../src/connectors/emr/mllp-pool';
import { MessageControlIdSchema, type MessageControlId } from '../../../src/domain/identifiers';
import { ductusErrorOf, everythingOf } from '../../support/error-of';
import { answer, controlIdOf, MllpPeer, type PeerScript } from '../../support/mllp-peer';
import { until } from '../../support/until';

const SECRET_TEXT = 'Muster^Maxi';

function id(text: string): MessageControlId {
  return MessageControlIdSchema.parse(text);
}

function message(controlId: string, length = 0): Buffer {
  return Buffer.from(
    `MSH|^~\\&|D|R|E|H|20240301||ORU^R01^ORU_R01|${controlId}|P|2.5.1\rPID|||7||${SECRET_TEXT}${'x'.repeat(length)}\r`,
  );
}

/** A peer, a pool to it, and what closes both. */
async function setUp(script: PeerScript, changes: Partial<MllpOptions> = {}) {
  const peer = await MllpPeer.start(script);
  const pool = poolTo(peer.port, changes);
  return {
    peer,
    pool,
    send: (controlId: string, signal?: AbortSignal) =>
      pool.send(message(controlId), id(controlId), signal === undefined ? {} : { signal }),
    async [Symbol.asyncDispose]() {
      await pool.close();
      await peer[Symbol.asyncDispose]();
    },
  };
}

function poolTo(port: number, changes: Partial<MllpOptions> = {}): MllpPool {
  return new MllpPool({
    host: '127.0.0.1',
    port,
    connections: 1,
    connectTimeoutMs: 5_000,
    acknowledgmentTimeoutMs: 5_000,
    idleTimeoutMs: 60_000,
    maxAnswerBytes: 1_000,
    ...changes,
  });
}

const accept: PeerScript = { message: (text, { socket }) => socket.write(answer(controlIdOf(text))) };

describe('MllpPool', () => {
  it('should send messages one after another on one connection, byte for byte', async () => {
    await using test = await setUp(accept);
    for (const controlId of ['A1', 'A2', 'A3']) {
      expect(await test.send(controlId)).toEqual({ code: 'AA', controlId, errors: [] });
    }
    expect(test.peer.messages).toEqual(['A1', 'A2', 'A3'].map((controlId) => message(controlId).toString('latin1')));
    expect(test.peer.connections).toHaveLength(1);
    expect(test.pool.stats).toEqual({ busy: 0, idle: 1, waiting: 0 });
  });

  it('should carry large messages and bytes of any character set', async () => {
    await using test = await setUp(accept);
    const large = Buffer.concat([message('BIG', 3_000_000), Buffer.from([0xe4, 0xa4, 0xff, 0x80, 0x0d])]);
    await test.pool.send(large, id('BIG'));
    expect(test.peer.messages[0]).toBe(large.toString('latin1'));
  });

  it('should read an answer that comes byte by byte', async () => {
    await using test = await setUp({
      message: (text, { socket }) => {
        socket.setNoDelay(true);
        const bytes = [...answer(controlIdOf(text))];
        const next = (): void => {
          const byte = bytes.shift();
          if (byte === undefined) return;
          socket.write(Buffer.from([byte]), () => setImmediate(next));
        };
        next();
      },
    });
    expect((await test.send('A1')).controlId).toBe('A1');
    expect((await test.send('A2')).controlId).toBe('A2');
  });

  it('should give back negative answers as they are', async () => {
    await using test = await setUp({
      message: (text, { socket }) => socket.write(answer(controlIdOf(text), 'AE', 'ERR||PID^1^3|204|E\r')),
    });
    expect(await test.send('A1')).toEqual({
      code: 'AE',
      controlId: 'A1',
      errors: [{ code: '204', location: 'PID[1]-3' }],
    });
    expect(test.pool.stats.idle).toBe(1);
  });

  it('should accept an answer with which the peer closes, and connect anew for the next message', async () => {
    await using test = await setUp({ message: (text, { socket }) => socket.end(answer(controlIdOf(text))) });
    await test.send('A1');
    await until(() => test.pool.stats.idle === 0);
    await test.send('A2');
    expect(test.peer.connections).toHaveLength(2);
  });
});

describe('outcomes that are not known', () => {
  const cases: [string, string, PeerScript, Partial<MllpOptions>][] = [
    [
      'an answer to another message',
      'wrong-control-id',
      { message: (_, { socket }) => socket.write(answer('OTHER')) },
      {},
    ],
    ['an answer to no message', 'wrong-control-id', { message: (_, { socket }) => socket.write(answer('')) }, {}],
    [
      'an unknown code',
      'not-an-acknowledgment',
      { message: (t, { socket }) => socket.write(answer(controlIdOf(t), 'XX')) },
      {},
    ],
    ['no HL7', 'not-an-acknowledgment', { message: (_, { socket }) => socket.write('\x0bhello\x1c\r') }, {}],
    ['no frame', 'not-an-acknowledgment', { message: (_, { socket }) => socket.write('HTTP/1.1 400\r\n\r\n') }, {}],
    [
      'an answer without end',
      'answer-too-large',
      { message: (_, { socket }) => socket.write(`\x0b${'x'.repeat(2_000)}`) },
      { maxAnswerBytes: 1_000 },
    ],
    ['a close after the message', 'connection-lost', { message: (_, { socket }) => socket.end() }, {}],
    ['a reset after the message', 'connection-lost', { message: (_, { socket }) => socket.resetAndDestroy() }, {}],
    [
      'half an answer',
      'connection-lost',
      { message: (t, { socket }) => socket.end(answer(controlIdOf(t)).subarray(0, 40)) },
      {},
    ],
    ['no answer', 'timeout', {}, { acknowledgmentTimeoutMs: 60 }],
  ];

  it.each(cases)('should be ambiguous after %s (%s), and close the connection', async (_, reason, script, changes) => {
    await using test = await setUp(script, changes);
    const error = await ductusErrorOf(test.send('A1'));
    expect([error.code, error.details]).toEqual(['DUCTUS_EMR_AMBIGUOUS', { controlId: 'A1', reason }]);
    expect(everythingOf(error)).not.toContain('Muster');
    await until(() => test.peer.open === 0);
    expect(test.pool.stats).toEqual({ busy: 0, idle: 0, waiting: 0 });
  });

  it('should be ambiguous when the peer closes in the middle of the message', async () => {
    await using test = await setUp({ connect: ({ socket }) => socket.once('data', () => socket.resetAndDestroy()) });
    const error = await ductusErrorOf(test.pool.send(message('A1', 20_000_000), id('A1')));
    expect(error.code).toBe('DUCTUS_EMR_AMBIGUOUS');
  });

  it('should never take the late answer to one message for that to the next', async () => {
    let late: (() => void) | undefined;
    await using test = await setUp(
      {
        message: (text, { socket }) => {
          if (controlIdOf(text) === 'M1') late = () => socket.write(answer('M1'));
          else {
            // The answer to the first message comes while the second one waits.
            late?.();
            setImmediate(() => socket.write(answer('M2', 'AE')));
          }
        },
      },
      { acknowledgmentTimeoutMs: 400 },
    );
    const first = ductusErrorOf(test.send('M1'));
    const second = test.send('M2');
    expect((await first).details).toEqual({ controlId: 'M1', reason: 'timeout' });
    expect(await second).toMatchObject({ code: 'AE', controlId: 'M2' });
    expect(test.peer.connections).toHaveLength(2);
  });

  it('should never take a second answer for that to the next message', async () => {
    await using test = await setUp({
      message: (text, { socket }) => socket.write(Buffer.concat([answer(controlIdOf(text)), answer('M2')])),
    });
    expect((await test.send('M1')).code).toBe('AA');
    expect(test.pool.stats.idle).toBe(0);
    expect((await test.send('M2')).controlId).toBe('M2');
    expect(test.peer.connections).toHaveLength(2);
  });

  it('should drop a connection on which the peer talks unasked', async () => {
    await using test = await setUp(accept);
    await test.send('M1');
    test.peer.connections[0]?.socket.write(answer('M2', 'AE'));
    await until(() => test.peer.open === 0);
    expect((await test.send('M2')).code).toBe('AA');
  });

  it('should be ambiguous when the caller gives up after sending', async () => {
    const controller = new AbortController();
    await using test = await setUp({ message: () => controller.abort() });
    const error = await ductusErrorOf(test.send('A1', controller.signal));
    expect([error.code, error.details]).toEqual(['DUCTUS_EMR_AMBIGUOUS', { controlId: 'A1', reason: 'aborted' }]);
    await until(() => test.peer.open === 0);
  });
});

describe('messages that were not sent', () => {
  it('should say that nobody listens', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    await new Promise((resolve) => server.close(resolve));
    const pool = poolTo(typeof address === 'object' && address !== null ? address.port : 1);
    const error = await ductusErrorOf(pool.send(message('A1'), id('A1')));
    expect([error.code, error.details]).toEqual(['DUCTUS_EMR_UNREACHABLE', { reason: 'ECONNREFUSED' }]);
    await pool.close();
  });

  it('should say that the host is not known', async () => {
    const pool = poolTo(1, { host: 'emr.invalid' });
    const error = await ductusErrorOf(pool.send(message('A1'), id('A1')));
    expect(error.code).toBe('DUCTUS_EMR_UNREACHABLE');
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(error.details['reason']);
    await pool.close();
  });

  it('should refuse a message that would break the frame, without connecting it', async () => {
    await using test = await setUp(accept);
    const error = await ductusErrorOf(test.pool.send(Buffer.from('MSH|\x1c\r'), id('A1')));
    expect(error.code).toBe('DUCTUS_INTERNAL');
    expect(test.peer.messages).toEqual([]);
    expect((await test.send('A2')).code).toBe('AA');
  });

  it('should stop waiting for a connection when the caller gives up, and let the next in line go on', async () => {
    const answers: (() => void)[] = [];
    await using test = await setUp({
      message: (text, { socket }) => answers.push(() => socket.write(answer(controlIdOf(text)))),
    });
    const controller = new AbortController();
    const first = test.send('A1');
    const second = ductusErrorOf(test.send('A2', controller.signal));
    const third = test.send('A3');
    await until(() => answers.length === 1);
    expect(test.pool.stats).toEqual({ busy: 1, idle: 0, waiting: 2 });
    controller.abort();
    expect([(await second).code, (await second).details]).toEqual(['DUCTUS_EMR_UNREACHABLE', { reason: 'aborted' }]);
    answers[0]?.();
    await first;
    await until(() => answers.length === 2);
    answers[1]?.();
    expect((await third).controlId).toBe('A3');
    expect(test.peer.messages.map(controlIdOf)).toEqual(['A1', 'A3']);
  });

  it('should send nothing for a caller that has given up already', async () => {
    await using test = await setUp(accept);
    expect((await ductusErrorOf(test.send('A1', AbortSignal.abort()))).code).toBe('DUCTUS_EMR_UNREACHABLE');
    expect(test.peer.connections).toHaveLength(0);
  });
});

describe('what runs before a message is sent', () => {
  it('should run once a connection is held and before the first byte', async () => {
    await using test = await setUp(accept);
    let seen: number[] = [];
    const beforeSend = async (): Promise<void> => {
      await until(() => test.peer.connections.length === 1);
      seen = [test.peer.connections.length, test.peer.messages.length];
    };
    expect((await test.pool.send(message('A1'), id('A1'), { beforeSend })).code).toBe('AA');
    expect(seen).toEqual([1, 0]);
  });

  it('should send nothing when it fails, pass its error on, and keep the connection', async () => {
    await using test = await setUp(accept);
    const failure = new Error('the store is away');
    const beforeSend = (): Promise<void> => Promise.reject(failure);
    await expect(test.pool.send(message('A1'), id('A1'), { beforeSend })).rejects.toBe(failure);
    expect((await test.send('A2')).code).toBe('AA');
    expect(test.peer.messages.map(controlIdOf)).toEqual(['A2']);
    expect(test.peer.connections).toHaveLength(1);
  });

  it('should know that nothing was sent when the peer closes meanwhile', async () => {
    await using test = await setUp(accept);
    const beforeSend = async (): Promise<void> => {
      const connection = await until(() => test.peer.connections[0]);
      connection.socket.end();
      await until(() => test.peer.open === 0);
    };
    const error = await ductusErrorOf(test.pool.send(message('A1'), id('A1'), { beforeSend }));
    expect([error.code, error.details]).toEqual(['DUCTUS_EMR_UNREACHABLE', { reason: 'connection-lost' }]);
    expect(test.peer.messages).toEqual([]);
  });

  it('should know that nothing was sent when the caller gives up meanwhile', async () => {
    await using test = await setUp(accept);
    const controller = new AbortController();
    const beforeSend = (): Promise<void> => Promise.resolve(controller.abort());
    const { signal } = controller;
    const error = await ductusErrorOf(test.pool.send(message('A1'), id('A1'), { signal, beforeSend }));
    expect([error.code, error.details]).toEqual(['DUCTUS_EMR_UNREACHABLE', { reason: 'aborted' }]);
    expect(test.peer.messages).toEqual([]);
  });

  it('should not run without a connection', async () => {
    const pool = poolTo(1, { host: 'emr.invalid' });
    let ran = false;
    const beforeSend = (): Promise<void> => {
      ran = true;
      return Promise.resolve();
    };
    expect((await ductusErrorOf(pool.send(message('A1'), id('A1'), { beforeSend }))).code).toBe(
      'DUCTUS_EMR_UNREACHABLE',
    );
    expect(ran).toBe(false);
    await pool.close();
  });
});

describe('connections', () => {
  it('should use as many as allowed at a time, and serve those in line in order', async () => {
    const held: (() => void)[] = [];
    await using test = await setUp(
      { message: (text, { socket }) => held.push(() => socket.write(answer(controlIdOf(text)))) },
      { connections: 2 },
    );
    const ids = ['A1', 'A2', 'A3', 'A4', 'A5', 'A6'];
    const sent = ids.map((controlId) => test.send(controlId));
    for (let answered = 0; answered < ids.length; answered += 1) {
      await until(() => held.length >= Math.min(answered + 2, ids.length));
      expect(held.length).toBeLessThanOrEqual(answered + 2);
      held[answered]?.();
      await sent[answered];
    }
    await Promise.all(sent);
    expect(test.peer.connections).toHaveLength(2);
    expect(test.peer.messages.map(controlIdOf).slice(2)).toEqual(['A3', 'A4', 'A5', 'A6']);
    expect(test.pool.stats).toEqual({ busy: 0, idle: 2, waiting: 0 });
  });

  it('should give a place back when a message fails', async () => {
    await using test = await setUp({
      message: (text, { socket, number }) =>
        number === 0 ? socket.destroy() : socket.write(answer(controlIdOf(text))),
    });
    const first = ductusErrorOf(test.send('A1'));
    const second = test.send('A2');
    expect((await first).code).toBe('DUCTUS_EMR_AMBIGUOUS');
    expect((await second).code).toBe('AA');
  });

  it('should close idle ones after their time', async () => {
    await using test = await setUp(accept, { idleTimeoutMs: 30 });
    await test.send('A1');
    expect(test.pool.stats.idle).toBe(1);
    await until(() => test.peer.open === 0);
    expect(test.pool.stats.idle).toBe(0);
    expect((await test.send('A2')).code).toBe('AA');
  });

  it('should not use one that the peer has closed while it was idle', async () => {
    await using test = await setUp(accept);
    for (let round = 0; round < 20; round += 1) {
      await test.send(`A${round}`);
      test.peer.connections.at(-1)?.socket.end();
      await until(() => test.peer.open === 0);
    }
    expect(test.peer.connections).toHaveLength(20);
  });

  it('should close after the messages on their way, and fail those in line', async () => {
    let release: (() => void) | undefined;
    const peer = await MllpPeer.start({
      message: (text, { socket }) => (release = () => socket.write(answer(controlIdOf(text)))),
    });
    const pool = poolTo(peer.port);
    const first = pool.send(message('A1'), id('A1'));
    const second = ductusErrorOf(pool.send(message('A2'), id('A2')));
    await until(() => release);
    const closed = pool.close();
    expect((await second).details).toEqual({ reason: 'closed' });
    expect((await ductusErrorOf(pool.send(message('A3'), id('A3')))).details).toEqual({ reason: 'closed' });
    release?.();
    expect((await first).code).toBe('AA');
    await closed;
    await until(() => peer.open === 0);
    await peer[Symbol.asyncDispose]();
  });
});

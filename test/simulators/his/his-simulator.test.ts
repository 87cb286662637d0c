import { listenForControl } from '../../../simulators/control-server';
import { createHisControl, HisControl } from '../../../simulators/his/control';
import { HisSimulator } from '../../../simulators/his/his-simulator';
import type { HisOptions } from '../../../simulators/his/options';
import { answer, controlIdOf, MllpPeer } from '../../support/mllp-peer';
import type { PeerConnection } from '../../support/mllp-peer';
import { until } from '../../support/until';

const OPTIONS = { seed: 7, patients: 10, messages: 60, connections: 4, retryMs: 10, startAtMs: 1_772_366_400_000 };

/** A receiver that answers each message by a rule; undefined: not at all. */
async function receiver(
  rule: (text: string, connection: PeerConnection, seen: number) => Buffer | undefined,
): Promise<MllpPeer> {
  const seen = new Map<string, number>();
  return MllpPeer.start({
    message: (text, connection) => {
      const id = controlIdOf(text);
      const times = seen.get(id) ?? 0;
      seen.set(id, times + 1);
      const bytes = rule(text, connection, times);
      if (bytes !== undefined) connection.socket.write(bytes);
    },
  });
}

const accept = (text: string): Buffer => answer(controlIdOf(text));

async function sendAll(peer: MllpPeer, options: Partial<HisOptions> = {}): Promise<HisSimulator> {
  const his = new HisSimulator({ ...OPTIONS, ...options, target: { port: peer.port } });
  await his.run();
  return his;
}

function fieldOf(message: string, name: string, field: number): string {
  const line = message.split('\r').find((segment) => segment.startsWith(`${name}|`));
  return line?.split('|')[field] ?? '';
}

describe('HisSimulator', () => {
  it('should send each planned message once and keep what was answered', async () => {
    await using peer = await receiver(accept);
    await using his = await sendAll(peer);
    expect(peer.messages.map(controlIdOf).sort()).toEqual(his.plan.map(({ controlId }) => controlId));
    expect(his.stats()).toMatchObject({ state: 'done', planned: 60, accepted: 60, refused: 0, frames: 60, resent: 0 });
    expect(
      his.ledger().every(({ answer: code, accepted, attempts }) => code === 'AA' && accepted && attempts === 1),
    ).toBe(true);
    expect(peer.connections).toHaveLength(4);
  });

  it('should send the same bytes for the same seed', async () => {
    const sent = async (): Promise<string[]> => {
      await using peer = await receiver(accept);
      await using his = await sendAll(peer);
      expect(his.plan).toHaveLength(60);
      // MSH-7 is when it was sent.
      return peer.messages.map((message) => message.replace(/^((?:[^|]*\|){6})[^|]*/, '$1')).sort();
    };
    expect(await sent()).toEqual(await sent());
  });

  it('should keep a patient on one connection, in the order of the events', async () => {
    await using peer = await receiver(accept);
    await using his = await sendAll(peer, { mergeShare: 0 });
    const byPatient = Map.groupBy(his.ledger(), ({ person }) => person.number);
    for (const entries of byPatient.values()) {
      expect(new Set(entries.map(({ connection }) => connection)).size).toBe(1);
      const times = entries.map(({ sentAtMs }) => sentAtMs);
      expect(times).toEqual([...times].sort((one, other) => one - other));
    }
  });

  it('should spread a patient over all connections', async () => {
    await using peer = await receiver(accept);
    await using his = await sendAll(peer, { mode: 'spread', patients: 1 });
    expect(new Set(his.ledger().map(({ connection }) => connection)).size).toBe(4);
  });

  it('should repeat the same bytes until they are answered, on a new connection', async () => {
    await using peer = await receiver((text, { socket }, times) => {
      if (times === 0) socket.destroy();
      return times === 0 ? undefined : accept(text);
    });
    await using his = await sendAll(peer, { messages: 10 });
    expect(his.stats()).toMatchObject({ accepted: 10, frames: 20, resent: 10 });
    for (const copies of Map.groupBy(peer.messages, controlIdOf).values()) {
      expect(copies).toHaveLength(2);
      expect(new Set(copies).size).toBe(1);
    }
    expect(his.stats().connects).toBeGreaterThan(10);
  });

  it('should give up an answer that does not come, and take none of another message', async () => {
    await using peer = await receiver((text, _, times) => {
      if (times === 0) return undefined;
      return times === 1 ? answer('ANOTHER') : accept(text);
    });
    await using his = await sendAll(peer, { patients: 2, messages: 4, connections: 2, answerTimeoutMs: 100 });
    expect(his.stats()).toMatchObject({ accepted: 4, frames: 12, wrongAnswers: 4 });
  });

  it.each([
    ['AE with 101', 'AE', 'ERR||PID^1^5|101|E\r', { refused: 1, accepted: 3, resent: 0 }],
    ['AR with 203', 'AR', 'ERR||MSH^1^12|203|E\r', { refused: 1, accepted: 3, resent: 0 }],
    ['AE with 207', 'AE', 'ERR|||207|E\r', { refused: 0, accepted: 4, resent: 1 }],
    ['AR with 207 as before v2.5', 'AR', 'ERR|^^^207&busy\r', { refused: 0, accepted: 4, resent: 1 }],
  ])('should go on after %s', async (_, code, err, expected) => {
    const first: string[] = [];
    await using peer = await receiver((text, __, times) => {
      const id = controlIdOf(text);
      first.push(id);
      return times === 0 && first[0] === id ? answer(id, code, err) : answer(id);
    });
    await using his = await sendAll(peer, { patients: 2, messages: 4 });
    expect(his.stats()).toMatchObject(expected);
  });

  it('should send accepted messages again, and cut connections, at the rates set', async () => {
    await using peer = await receiver(accept);
    await using his = await sendAll(peer, { repeatShare: 0.5, cutShare: 0.2 });
    const { repeated, repeatsAccepted, resent, accepted } = his.stats();
    expect(accepted).toBe(60);
    expect(repeated).toBeGreaterThan(10);
    expect(repeatsAccepted).toBe(repeated);
    expect(resent).toBeGreaterThan(3);
  });

  it('should send a merge only when all about the number that ends was answered', async () => {
    const late: (() => void)[] = [];
    await using peer = await receiver((text, { socket }) => {
      late.push(() => socket.write(accept(text)));
      return undefined;
    });
    await using his = new HisSimulator({ ...OPTIONS, mergeShare: 0.3, mode: 'spread', target: { port: peer.port } });
    const run = his.run();
    const merges = his.plan.filter(({ event }) => event === 'A40');
    expect(merges.length).toBeGreaterThan(2);
    const early: string[] = [];
    while (his.stats().accepted < 60) {
      await until(() => late.length > 0, 5_000, 'a message');
      const answered = new Set(
        his
          .ledger()
          .filter(({ accepted }) => accepted)
          .map(({ number }) => number),
      );
      const sent = new Set(peer.messages.map(controlIdOf));
      for (const { controlId, after } of merges) {
        if (sent.has(controlId) && !after.every((number) => answered.has(number))) early.push(controlId);
      }
      const before = his.stats().accepted;
      late.splice(0).forEach((send) => send());
      await until(() => his.stats().accepted > before, 5_000, 'an answer');
    }
    await run;
    expect(early).toEqual([]);
  });

  it('should end when it is stopped', async () => {
    await using peer = await receiver(() => undefined);
    const his = new HisSimulator({ ...OPTIONS, target: { port: peer.port } });
    const run = his.run();
    await until(() => peer.messages.length > 0, 5_000, 'a message');
    await Promise.all([expect(run).rejects.toThrow('stopped'), his.stop()]);
    expect(his.stats()).toMatchObject({ state: 'failed' });
  });

  it('should be driven through the control API', async () => {
    await using peer = await receiver(accept);
    await using his = new HisSimulator(OPTIONS);
    const server = createHisControl(his);
    const control = new HisControl(await listenForControl(server, 0));
    try {
      expect(await control.stats()).toMatchObject({ state: 'idle', planned: 60, accepted: 0 });
      await control.run({ port: peer.port });
      await until(async () => (await control.stats()).state === 'done', 10_000, 'the end of the run');
      expect(await control.ledger()).toEqual(his.ledger());
      await expect(control.run({ port: peer.port })).rejects.toThrow('it runs already');
    } finally {
      await server.close();
    }
  });
});

describe('the styles of the HIS', () => {
  it.each([
    ['standard', '2.5.1', 'UNICODE UTF-8', 'utf-8', /^\d{14}\+0000$/],
    ['american', '2.3', '', 'utf-8', /^\d{14}$/],
    ['german', '2.5', '8859/1', 'iso-8859-1', /^\d{14}\+0000$/],
    ['spanish', '2.4', '8859/15', 'iso-8859-15', /^\d{14}$/],
    ['central', '2.3.1', '8859/2', 'iso-8859-2', /^\d{14}\+0000$/],
  ] as const)('should write as %s: v%s in "%s"', async (style, version, characterSet, label, time) => {
    const his = new HisSimulator({ ...OPTIONS, timeZone: 'Europe/Madrid', patients: 40, messages: 200 });
    const region = { standard: undefined, american: 2, german: 1, spanish: 0, central: 3 }[style];
    const own = his.plan.filter(({ person: { index } }) =>
      region === undefined ? index % 3 === 2 : index % 4 === region && index % 3 !== 2,
    );
    expect(own.length).toBeGreaterThan(10);
    for (const message of own) {
      const text = new TextDecoder(label, { fatal: true }).decode(his.bytesOf(message, OPTIONS.startAtMs));
      expect([fieldOf(text, 'MSH', 11), fieldOf(text, 'MSH', 17)]).toEqual([version, characterSet]);
      expect(fieldOf(text, 'EVN', 2)).toMatch(time);
      expect(fieldOf(text, 'PID', 5)).toContain(message.person.family);
      expect(fieldOf(text, 'PID', 3)).toContain(message.person.number);
      expect(fieldOf(text, 'PID', 13).replace(/\D/g, '')).toContain(`6${String(message.number).padStart(8, '0')}`);
      expect(fieldOf(text, 'MRG', 1)).toBe(message.event === 'A40' ? `${message.priorNumber ?? ''}^^^HOSP^MR` : '');
      expect(text.split('\r').every((line) => !line.endsWith('|'))).toBe(true);
    }
  });

  it('should write local times of the zone, also after the clocks changed', () => {
    const his = new HisSimulator({
      ...OPTIONS,
      style: 'spanish',
      patients: 1,
      messages: 1,
      startAtMs: Date.UTC(2026, 6, 1, 10),
    });
    const [first] = his.plan;
    if (first === undefined) throw new Error('no message');
    const text = his.bytesOf(first, Date.UTC(2026, 0, 1, 10)).toString('latin1');
    expect(fieldOf(text, 'EVN', 2)).toBe('20260701120001');
    expect(fieldOf(text, 'MSH', 6)).toBe('20260101110000');
  });
});

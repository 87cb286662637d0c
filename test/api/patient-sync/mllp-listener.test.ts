/** The MLLP door on real sockets: what it answers, what it hands on, and what no peer can do to it. */
import { once } from 'node:events';
import net from 'node:net';
import { KeyedHashSchema } from '../../../src/domain/identifiers';
import { DuctusError } from '../../../src/domain/errors';
import { adt, fieldOf, HisClient, summaryOf } from '../../support/his-client';
import { listen } from '../../support/his-door';
import { until } from '../../support/until';
import { cut, stream } from '../../fuzz/inputs';
import { Random } from '../../fuzz/random';

/** A promise that the test settles. */
function gate(): { readonly opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

const reused = 'AE M1 205 MSH^1^10';

describe('an MLLP listener', () => {
  it('should answer AA after the change is stored, and not before', async () => {
    await using his = await listen();
    await using client = await HisClient.connect(his.port);
    const stored = gate();
    const asked = gate();
    his.door.behind = async () => {
      asked.open();
      await stored.opened;
    };
    client.send(adt('M1'));
    await asked.opened;
    expect(client.answers).toEqual([]);
    stored.open();
    const answer = await until(() => client.answers[0]);
    expect(summaryOf(answer)).toBe('AA M1');
    expect(fieldOf(answer, 'MSH', 9)).toBe('ACK^A08^ACK');
    expect([3, 4, 5, 6].map((field) => fieldOf(answer, 'MSH', field))).toEqual(['DUCTUS', 'ROCHE', 'HIS', 'ST-MARIEN']);
    expect(fieldOf(answer, 'MSH', 10)).toMatch(/^[0-9A-F]{20}$/);
  });

  it('should hand on what the message says, where it came in, and a hash in place of the number', async () => {
    await using his = await listen();
    await using client = await HisClient.connect(his.port);
    const before = Date.now();
    await client.ask(adt('M1', { event: 'A28' }));
    await client.ask(adt('M2', { event: 'A40' }));
    const [first, second] = his.door.accepted;
    expect(first).toMatchObject({
      organization: 'st-marien',
      change: {
        event: 'A28',
        kind: 'upsert',
        eventAtMs: Date.parse('2026-03-01T11:00:00Z'),
        origin: { source: 'his-main', sequence: 1, controlId: 'M1' },
        content: { form: 'hl7' },
      },
    });
    expect(first?.change.receivedAtMs).toBeGreaterThanOrEqual(before);
    expect(first?.change.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(first?.change.origin.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(KeyedHashSchema.safeParse(first?.patient).success).toBe(true);
    expect(second?.patient).toBe(first?.patient);
    expect(second?.change).toMatchObject({
      kind: 'merge',
      origin: { sequence: 2, connection: first?.change.origin.connection },
    });
    expect(second?.change.prior).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(second?.change.prior).not.toBe(second?.patient);
  });

  it('should not believe a time that is far ahead: every later change would be an old one', async () => {
    await using his = await listen();
    await using client = await HisClient.connect(his.port);
    expect(summaryOf(await client.ask(adt('M1', { at: '20621231120000+0100' })))).toBe('AA M1');
    const change = his.door.accepted[0]?.change;
    expect(change?.eventAtMs).toBe(change?.receivedAtMs);
  });

  it('should go by its own clock where that of the HIS is minutes ahead: others would be dropped as old meanwhile', async () => {
    await using his = await listen();
    await using client = await HisClient.connect(his.port);
    const ahead = new Date(Date.now() + 10 * 60_000).toISOString().slice(0, 19).replace(/[-:T]/g, '');
    expect(summaryOf(await client.ask(adt('M1', { at: `${ahead}+0000` })))).toBe('AA M1');
    const change = his.door.accepted[0]?.change;
    expect(change?.eventAtMs).toBe(change?.receivedAtMs);
  });

  it('should answer AR with 207 when nothing could be stored, and take the same message when it comes again', async () => {
    await using his = await listen();
    await using client = await HisClient.connect(his.port);
    his.door.behind = () => Promise.reject(new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE'));
    const answer = await client.ask(adt('M1'));
    expect(summaryOf(answer)).toBe('AR M1 207');
    expect(fieldOf(answer, 'ERR', 8)).toMatch(/Try again/);
    his.door.behind = () => Promise.reject(new TypeError('a defect'));
    expect(summaryOf(await client.ask(adt('M1')))).toBe('AR M1 207');
    his.door.behind = () => Promise.resolve();
    expect(summaryOf(await client.ask(adt('M1')))).toBe('AA M1');
    expect(his.door.accepted).toHaveLength(1);
  });

  it('should not let a message be repeated for ever that no repeat makes smaller', async () => {
    await using his = await listen();
    await using client = await HisClient.connect(his.port);
    const cause = new DuctusError('DUCTUS_PAYLOAD_TOO_LARGE');
    his.door.behind = () => Promise.reject(new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE', undefined, { cause }));
    expect(summaryOf(await client.ask(adt('M1')))).toBe('AE M1 102');
  });

  describe('with a control id that was used', () => {
    it('should answer AA again for the same bytes and do nothing, on any connection', async () => {
      await using his = await listen();
      await using first = await HisClient.connect(his.port);
      await using second = await HisClient.connect(his.port);
      for (const client of [first, second, first]) expect(summaryOf(await client.ask(adt('M1')))).toBe('AA M1');
      expect(his.door.accepted).toHaveLength(1);
    });

    it('should answer AE with 205 for other bytes, and take nothing of them', async () => {
      await using his = await listen();
      await using client = await HisClient.connect(his.port);
      await client.ask(adt('M1'));
      expect(summaryOf(await client.ask(adt('M1', { family: 'Other' })))).toBe(reused);
      expect(summaryOf(await client.ask(adt('M1')))).toBe('AA M1');
      expect(his.door.accepted).toHaveLength(1);
    });

    it('should know what another process took, by the ledger', async () => {
      await using his = await listen();
      await using client = await HisClient.connect(his.port);
      await client.ask(adt('M0'));
      const digest = his.door.hash(his.door.accepted[0]?.change.origin.digest ?? '');
      his.door.ledger = async (controlId) => (controlId === 'M1' ? { digest: 'other' } : undefined);
      expect(summaryOf(await client.ask(adt('M1')))).toBe(reused);
      // From memory now.
      his.door.ledger = async () => undefined;
      expect(summaryOf(await client.ask(adt('M1')))).toBe(reused);
      await using other = await listen();
      await using again = await HisClient.connect(other.port);
      other.door.ledger = async () => ({ digest });
      other.door.behind = () => Promise.reject(new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE'));
      expect(summaryOf(await again.ask(adt('M0')))).toBe('AA M0');
    });

    it('should go on without the ledger', async () => {
      await using his = await listen();
      await using client = await HisClient.connect(his.port);
      his.door.ledger = () => Promise.reject(new Error('PostgreSQL is away'));
      expect(summaryOf(await client.ask(adt('M1')))).toBe('AA M1');
    });

    it('should store one that comes twice at the same time once', async () => {
      await using his = await listen();
      await using first = await HisClient.connect(his.port);
      await using second = await HisClient.connect(his.port);
      await using third = await HisClient.connect(his.port);
      const stored = gate();
      his.door.behind = () => stored.opened;
      first.send(adt('M1'));
      second.send(adt('M1'));
      third.send(adt('M1', { family: 'Other' }));
      await until(() => his.door.answered.running === 1);
      stored.open();
      const all = [first, second, third];
      await until(() => all.every((client) => client.answers.length === 1));
      const summaries = all.map((client) => summaryOf(client.answers[0] ?? ''));
      expect(his.door.accepted).toHaveLength(1);
      // Whichever came first.
      const isOther = JSON.stringify(his.door.accepted[0]?.change.content).includes('Other');
      expect(summaries).toEqual(isOther ? [reused, reused, 'AA M1'] : ['AA M1', 'AA M1', reused]);
      await until(() => his.door.answered.running === 0);
    });
  });

  describe('with content that is not taken', () => {
    it.each([
      ['AE', 'no MSH-10', adt('').replace('|P|', '|P|'), 'AE  101 MSH^1^10'],
      [
        'AR',
        'a type that is not taken',
        adt('M1').replace('ADT^A08^ADT_A01', 'ORU^R01^ORU_R01'),
        'AR M1 200 MSH^1^9^1^1',
      ],
      ['AR', 'an event that is not taken', adt('M1', { event: 'A03' }), 'AR M1 201 MSH^1^9^1^2'],
      ['AR', 'a version that is none', adt('M1', { version: '3.0' }), 'AR M1 203 MSH^1^12^1^1'],
      ['AE', 'no PID', adt('M1').replace('PID|', 'ZID|'), /^AE M1 10[01] PID/],
      ['AE', 'no patient number', adt('M1', { number: '' }), /^AE M1 101 PID\^1\^3/],
      ['AE', 'a birth date that is none', adt('M1').replace('19610713', '19611399'), /^AE M1 102 PID\^1\^7/],
      ['AE', 'two messages in a frame', adt('M1') + adt('M2'), 'AE M1 100 MSH^2'],
      ['AE', 'a byte of the framing', adt('M1').replace('Anna', 'An\x0bna'), 'AE M1 102 PID^1^5'],
      ['AE', 'no header', 'PID|1||4711', 'AE  100 MSH^1'],
      ['AE', 'a batch', `FHS|^~\\&\r${adt('M1')}`, 'AE  100 MSH^1'],
      ['AE', 'nothing', '', 'AE  100 MSH^1'],
      ['AE', 'something else', '{"resourceType":"Patient"}', 'AE  100 MSH^1'],
      ['AE', 'bytes of nothing', Buffer.from([0xff, 0xfe, 0, 1, 2, 0x80]), 'AE  100 MSH^1'],
    ])('should answer %s to %s', async (_code, _what, message, summary) => {
      await using his = await listen();
      await using client = await HisClient.connect(his.port);
      const answer = summaryOf(await client.ask(message));
      if (typeof summary === 'string') expect(answer).toBe(summary);
      else expect(answer).toMatch(summary);
      expect(his.door.accepted).toEqual([]);
      // The connection is as good as before.
      expect(summaryOf(await client.ask(adt('NEXT')))).toBe('AA NEXT');
    });

    it('should take a corrected message under the same control id', async () => {
      await using his = await listen();
      await using client = await HisClient.connect(his.port);
      expect(summaryOf(await client.ask(adt('M1', { number: '' })))).toMatch(/^AE/);
      expect(summaryOf(await client.ask(adt('M1')))).toBe('AA M1');
    });
  });

  describe('with an encoding', () => {
    it.each([
      ['UNICODE UTF-8', Buffer.from('Müßig-Łoś', 'utf8'), 'Müßig-Łoś'],
      ['8859/1', Buffer.from('M\xfc\xdfig', 'latin1'), 'Müßig'],
      ['8859/2', Buffer.from('\xa3o\xb6', 'latin1'), 'Łoś'],
      ['8859/15', Buffer.from('\xa4\xbd', 'latin1'), '€œ'],
      ['WINDOWS-1252', Buffer.from('O\x92Brien', 'latin1'), 'O’Brien'],
    ])('should decode %s, and answer in it', async (characterSet, written, name) => {
      await using his = await listen();
      await using client = await HisClient.connect(his.port);
      const [head = '', tail = ''] = adt('M1', { characterSet, family: '§' }).split('§');
      const sender = head.replace('|HIS|', '|§|').split('§');
      const raw: Buffer[] = [];
      client.socket.on('data', (chunk: Buffer) => void raw.push(chunk));
      const parts = [sender[0] ?? '', written, sender[1] ?? '', written, tail];
      const message = Buffer.concat(
        parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
      );
      expect(summaryOf(await client.ask(message))).toBe('AA M1');
      expect(his.door.accepted[0]?.change.content).toMatchObject({ text: expect.stringContaining(`|${name}^Anna`) });
      expect(
        Buffer.concat(raw).includes(Buffer.concat([Buffer.from('|ROCHE|'), written, Buffer.from('|ST-MARIEN|')])),
      ).toBe(true);
      expect(fieldOf(client.answers[0] ?? '', 'MSH', 18)).toBe(characterSet);
    });

    it('should answer AE that names MSH-18 for a set that it does not know, or bytes that the set does not have', async () => {
      await using his = await listen();
      await using client = await HisClient.connect(his.port);
      expect(summaryOf(await client.ask(adt('M1', { characterSet: 'GB 18030-2000' })))).toBe('AE M1 103 MSH^1^18');
      const latin1 = Buffer.from(adt('M2', { family: 'M\xfcller' }), 'latin1');
      expect(summaryOf(await client.ask(latin1))).toBe('AE M2 102 MSH^1^18');
      expect(his.door.accepted).toEqual([]);
    });

    it('should use the configured set for a message without MSH-18', async () => {
      await using his = await listen({ characterSet: '8859/1' });
      await using client = await HisClient.connect(his.port);
      await client.ask(Buffer.from(adt('M1', { family: 'M\xfcller', characterSet: '' }), 'latin1'));
      expect(his.door.accepted[0]?.change.content).toMatchObject({ text: expect.stringContaining('Müller') });
    });
  });

  describe('in enhanced mode', () => {
    it.each([
      [['AL', 'NE'], 'CA', 'CE'],
      [['AL', 'AL'], 'AA', 'AE'],
      [['NE', 'AL'], 'AA', 'AE'],
      [['NE', 'ER'], undefined, 'AE'],
      [['SU', 'NE'], 'CA', undefined],
      [['NE', 'NE'], undefined, undefined],
    ] as const)('should answer as MSH-15 and MSH-16 say: %j', async (wanted, good, bad) => {
      await using his = await listen();
      await using client = await HisClient.connect(his.port);
      client.send(adt('GOOD', { wanted }));
      client.send(adt('BAD', { wanted, number: '' }));
      // In order, so that the answer to this one comes after those, or in their place.
      client.send(adt('LAST'));
      await until(() => client.answers.some((answer) => summaryOf(answer) === 'AA LAST'));
      const expected = [good && `${good} GOOD`, bad && `${bad} BAD`, 'AA LAST'].filter((each) => each !== undefined);
      expect(client.answers.map((answer) => summaryOf(answer).split(' ').slice(0, 2).join(' '))).toEqual(expected);
      expect(his.door.accepted.map(({ change }) => change.origin.controlId)).toEqual(['GOOD', 'LAST']);
    });

    it('should never acknowledge an acknowledgment', async () => {
      await using his = await listen();
      await using client = await HisClient.connect(his.port);
      client.send('MSH|^~\\&|A|B|C|D|20260301||ACK^A08^ACK|X|P|2.5|||AL|AL\rMSA|AA|1\r');
      expect(summaryOf(await client.ask(adt('M1')))).toBe('AA M1');
      expect(client.answers).toHaveLength(1);
      expect(await his.door.samples('ductus_his_messages_seconds_count')).toContain(
        'ductus_his_messages_seconds_count{organization="st-marien",source="his-main",answer="none"} 1',
      );
    });
  });

  describe('reading the stream', () => {
    it('should answer several frames of one write one after the other: none is begun before the last has its answer', async () => {
      await using his = await listen();
      await using client = await HisClient.connect(his.port);
      const stored = gate();
      const begun: string[] = [];
      his.door.behind = async ({ change }) => {
        begun.push(change.origin.controlId);
        if (change.origin.controlId === 'M1') await stored.opened;
      };
      const frames = ['M1', 'M2', 'M3'].map((id) => Buffer.from(`\x0b${adt(id)}\x1c\r`));
      client.socket.write(Buffer.concat(frames));
      await until(() => begun.length === 1);
      stored.open();
      await until(() => client.answers.length === 3);
      expect(client.answers.map(summaryOf)).toEqual(['AA M1', 'AA M2', 'AA M3']);
      expect(his.door.accepted.map(({ change }) => change.origin.sequence)).toEqual([1, 2, 3]);
    });

    it('should put a frame together that comes byte by byte', async () => {
      await using his = await listen();
      await using client = await HisClient.connect(his.port);
      client.socket.setNoDelay(true);
      for (const byte of Buffer.from(`\x0b${adt('M1')}\x1c\r`)) {
        await new Promise<void>((resolve) => client.socket.write(Buffer.of(byte), () => resolve()));
      }
      await until(() => client.answers.length === 1);
      expect(client.answers.map(summaryOf)).toEqual(['AA M1']);
    });

    it('should drop and count what stands between frames, and close when it is too much', async () => {
      await using his = await listen();
      await using client = await HisClient.connect(his.port);
      client.socket.write('noise');
      expect(summaryOf(await client.ask(adt('M1')))).toBe('AA M1');
      client.socket.write(Buffer.alloc(70_000, 'x'));
      await until(() => client.closed || client.ended);
      client.socket.end();
      await until(async () => (await his.door.samples('ductus_his_dropped_bytes_total'))[0]?.endsWith(' 70005'));
      expect(await his.door.samples('ductus_his_connections_total')).toContain(
        'ductus_his_connections_total{organization="st-marien",source="his-main",event="outside-frame"} 1',
      );
    });

    it.each([
      ['at once', 3000],
      ['and goes on', 30_000_000],
    ])('should answer AR to a frame that is too large %s, and close', async (_, size) => {
      await using his = await listen({ maxMessageBytes: 2000 });
      await using client = await HisClient.connect(his.port);
      client.socket.write(`\x0b${adt('M1')}ZZZ|`);
      client.socket.write(Buffer.alloc(size, 'x'));
      await until(() => client.answers.length === 1);
      expect(summaryOf(client.answers[0] ?? '')).toBe('AR M1 102');
      await until(() => client.ended || client.closed);
      expect(his.door.accepted).toEqual([]);
    });

    it('should answer a HIS that has closed its side', async () => {
      await using his = await listen();
      await using client = await HisClient.connect(his.port);
      client.send(adt('M1'));
      client.send(adt('M2'));
      client.socket.end();
      await until(() => client.closed);
      expect(client.answers.map(summaryOf)).toEqual(['AA M1', 'AA M2']);
    });

    it('should take nothing of a message that broke off', async () => {
      await using his = await listen();
      const client = await HisClient.connect(his.port);
      client.socket.write(`\x0b${adt('M1')}`);
      client.socket.destroy();
      await until(async () =>
        (await his.door.samples('ductus_his_connections_total')).some((line) => line.includes('"broken"')),
      );
      expect(his.door.accepted).toEqual([]);
    });

    it('should leave a HIS that begins a message and does not end it, or writes what is none', async () => {
      await using his = await listen({}, { limits: { frameMs: 50, answerMs: 10_000, lingerMs: 50 } });
      await using hanging = await HisClient.connect(his.port);
      await using trickling = await HisClient.connect(his.port);
      await using idle = await HisClient.connect(his.port);
      await idle.ask(adt('IDLE'));
      hanging.socket.write('\x0bMSH|');
      trickling.socket.write('GET / HTTP/1.1');
      const drip = setInterval(() => trickling.socket.write('x'), 5);
      await until(() => hanging.closed || hanging.ended);
      await until(() => trickling.closed || trickling.ended || trickling.error !== undefined);
      clearInterval(drip);
      expect(await his.door.samples('ductus_his_connections_total')).toContain(
        'ductus_his_connections_total{organization="st-marien",source="his-main",event="stalled"} 2',
      );
      // Between messages a connection may be silent for as long as the HIS likes.
      expect(summaryOf(await idle.ask(adt('NEXT')))).toBe('AA NEXT');
    });

    it('should leave a HIS that does not take its answers', async () => {
      await using his = await listen({}, { limits: { frameMs: 10_000, answerMs: 100, lingerMs: 50 } });
      await using client = await HisClient.connect(his.port);
      client.socket.pause();
      const names = 'x'.repeat(250);
      const long = adt('M1').replace('|HIS|ST-MARIEN|DUCTUS|ROCHE|', `|${names}|${names}|${names}|${names}|`);
      const frame = Buffer.from(`\x0b${long}\x1c\r`);
      const many = Buffer.concat(Array.from({ length: 500 }, () => frame));
      const flood = (error?: Error | null): void => {
        if (error == null) client.socket.write(many, flood);
      };
      flood();
      await until(
        async () => (await his.door.samples('ductus_his_connections_total')).some((line) => line.includes('"stalled"')),
        30_000,
      );
      expect(his.door.accepted).toHaveLength(1);
    });

    it('should not read on while a message is being stored: the HIS waits, and nothing piles up', async () => {
      await using his = await listen();
      await using client = await HisClient.connect(his.port);
      const stored = gate();
      his.door.behind = () => stored.opened;
      const more = `ZZZ|${'x'.repeat(100_000)}`;
      const count = 320;
      for (let number = 0; number < count; number += 1) client.send(adt(`M${number}`, { more }));
      let before = -1;
      const sent = () => client.socket.bytesWritten - client.socket.writableLength;
      await until(() => {
        const stable = sent() === before && before > 0;
        before = sent();
        return stable;
      });
      // What the two ends of the connection hold; the rest is still with the HIS.
      expect(sent()).toBeLessThan(16 * 1024 * 1024);
      stored.open();
      await until(() => client.answers.length === count, 30_000);
      expect(client.answers.map(summaryOf)).toEqual(Array.from({ length: count }, (_, number) => `AA M${number}`));
    });
  });

  it('should serve many connections at once, each in its order', async () => {
    await using his = await listen();
    const clients = await Promise.all(Array.from({ length: 20 }, () => HisClient.connect(his.port)));
    let running = 0;
    let most = 0;
    his.door.behind = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    await Promise.all(
      clients.map(async (client, number) => {
        for (let message = 0; message < 50; message += 1) {
          expect(summaryOf(await client.ask(adt(`C${number}M${message}`, { number: String(number) })))).toBe(
            `AA C${number}M${message}`,
          );
        }
      }),
    );
    expect(his.door.accepted).toHaveLength(1000);
    expect(most).toBeGreaterThan(1);
    const byConnection = Map.groupBy(his.door.accepted, ({ change }) => change.origin.connection);
    expect(byConnection.size).toBe(20);
    for (const changes of byConnection.values()) {
      expect(changes.map(({ change }) => change.origin.sequence)).toEqual(
        Array.from({ length: 50 }, (_, at) => at + 1),
      );
    }
    expect(await his.door.samples('ductus_his_connections')).toEqual([
      'ductus_his_connections{organization="st-marien",source="his-main"} 20',
    ]);
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    await until(async () => (await his.door.samples('ductus_his_connections'))[0]?.endsWith(' 0'));
  });

  it('should outlive whatever bytes come, and answer every frame of them', async () => {
    await using his = await listen({ maxMessageBytes: 100_000 });
    for (let seed = 1; seed <= 40; seed += 1) {
      const random = new Random(seed);
      await using client = await HisClient.connect(his.port);
      for (const chunk of cut(stream(random), random)) client.socket.write(chunk);
      client.socket.end();
      await until(() => client.closed || client.error !== undefined);
    }
    await using last = await HisClient.connect(his.port);
    expect(summaryOf(await last.ask(adt('LAST')))).toBe('AA LAST');
    const count = (lines: readonly string[]) => lines.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
    expect(count(await his.door.samples('ductus_his_messages_seconds_count'))).toBeGreaterThan(40);
    expect(his.door.logLines.filter((line) => line.includes('DUCTUS_INTERNAL'))).toEqual([]);
  });

  describe('choosing who connects', () => {
    it('should let in the configured addresses only', async () => {
      await using open = await listen({ allowedAddresses: ['10.0.0.0/8', '127.0.0.0/8', '::1'] });
      await using client = await HisClient.connect(open.port);
      expect(summaryOf(await client.ask(adt('M1')))).toBe('AA M1');
      await using closed = await listen({ allowedAddresses: ['10.0.0.0/8', 'fd00::/8'] });
      const stranger = net.connect(closed.port, '127.0.0.1');
      stranger.on('error', () => undefined);
      await once(stranger, 'close');
      expect(await closed.door.samples('ductus_his_connections_total')).toEqual([
        'ductus_his_connections_total{organization="st-marien",source="his-main",event="address-refused"} 1',
      ]);
    });

    it('should know an IPv4 address on a listener of both families', async () => {
      await using his = await listen({ host: '::', allowedAddresses: ['127.0.0.1'] });
      await using client = await HisClient.connect(his.port);
      expect(summaryOf(await client.ask(adt('M1')))).toBe('AA M1');
    });

    it.each(['localhost', '10.0.0.0/33', '10.0.0', '', 'fd00::/129'])('should refuse the range %j', async (range) => {
      await expect(listen({ allowedAddresses: [range] })).rejects.toMatchObject({ code: 'DUCTUS_CONFIG_INVALID' });
    });

    it('should refuse more connections than configured, and take new ones when there is room again', async () => {
      await using his = await listen({ maxConnections: 2 });
      const first = await HisClient.connect(his.port);
      await using second = await HisClient.connect(his.port);
      await second.ask(adt('M1'));
      const third = await HisClient.connect(his.port);
      await until(() => third.closed || third.ended);
      await first[Symbol.asyncDispose]();
      await until(async () => (await his.door.samples('ductus_his_connections'))[0]?.endsWith(' 1'));
      await using fourth = await HisClient.connect(his.port);
      expect(summaryOf(await fourth.ask(adt('M2')))).toBe('AA M2');
      expect(await his.door.samples('ductus_his_connections_total')).toContain(
        'ductus_his_connections_total{organization="st-marien",source="his-main",event="too-many"} 1',
      );
    });
  });

  describe('closing', () => {
    it('should let the running message have its answer, leave the next ones, and take no more connections', async () => {
      await using his = await listen();
      await using busy = await HisClient.connect(his.port);
      await using idle = await HisClient.connect(his.port);
      await using halfway = await HisClient.connect(his.port);
      await idle.ask(adt('IDLE'));
      halfway.socket.write('\x0bMSH|');
      const stored = gate();
      const asked = gate();
      his.door.behind = async () => {
        asked.open();
        await stored.opened;
      };
      busy.send(adt('M1'));
      busy.send(adt('M2'));
      await asked.opened;
      for (const client of [busy, idle, halfway]) client.socket.once('end', () => client.socket.end());
      const closed = his.listener.close();
      await until(() => idle.closed && halfway.closed);
      expect(busy.answers).toEqual([]);
      const late = net.connect(his.port, '127.0.0.1');
      late.on('error', () => undefined);
      await until(() => late.closed);
      stored.open();
      await closed;
      await until(() => busy.closed);
      expect(busy.answers.map(summaryOf)).toEqual(['AA M1']);
      expect(his.door.accepted.map(({ change }) => change.origin.controlId)).toEqual(['IDLE', 'M1']);
    });

    it('should not wait for a HIS that does not let go', async () => {
      await using his = await listen();
      await using client = await HisClient.connect(his.port);
      await client.ask(adt('M1'));
      // It never closes its side.
      await his.listener.close();
      await until(() => client.ended);
      expect(client.closed).toBe(false);
    });
  });

  it('should write no data of a patient to the log, and say where a refused message came in', async () => {
    await using his = await listen();
    await using client = await HisClient.connect(his.port);
    await client.ask(adt('PLANTEDCONTROL', { family: 'Plantedfamily', number: 'PLANTED-4711' }));
    await client.ask(adt('PLANTEDCONTROL2', { family: 'Plantedfamily', number: '' }));
    his.door.behind = () => Promise.reject(new Error('away'));
    await client.ask(adt('PLANTEDCONTROL3', { family: 'Plantedfamily', number: 'PLANTED-4711' }));
    client.socket.write('Plantedfamily');
    await client[Symbol.asyncDispose]();
    await his.listener.close();
    const lines = his.door.logLines.join('');
    expect(lines).not.toMatch(/planted/i);
    expect(lines).not.toContain('19610713');
    const refused = his.door.logLines.map((line) => JSON.parse(line)).find(({ msg }) => /was refused/.test(msg));
    expect(refused).toMatchObject({
      source: 'his-main',
      sequence: 2,
      answer: 'AE',
      errorCode: '101',
      segment: 'PID',
      field: 3,
    });
  });
});

import { createCertificates } from '../../../simulators/certificates';
import { EmrSimulator } from '../../../simulators/emr/emr-simulator';
import { frame } from '../../../simulators/emr/mllp-framer';
import { MllpClient, oru } from './mllp-client';
import type { AnswerPolicy } from '../../../simulators/emr/answers';
import type { EmrOptions } from '../../../simulators/emr/emr-simulator';

async function startEmr(options: EmrOptions = {}, policy?: AnswerPolicy): Promise<EmrSimulator> {
  const emr = new EmrSimulator({ seed: 1, ...options }, policy);
  await emr.start();
  return emr;
}

/** MSA-1 and MSA-2. */
function msa(answer: string): string[] {
  const segment = answer.split('\r').find((line) => line.startsWith('MSA|')) ?? '';
  return segment.split('|').slice(1, 3);
}

describe('the EMR simulator', () => {
  it('should accept a message and tell what was in it', async () => {
    await using emr = await startEmr();
    await using client = await MllpClient.open(emr.port);
    const message = oru({ controlId: 'M1', readings: [['r1', '120'], ['r2', '98']] }); // prettier-ignore
    client.send(message);
    const answer = await client.answer();
    expect(msa(answer)).toEqual(['AA', 'M1']);
    expect(answer).toMatch(
      /^MSH\|\^~\\&\|EMR\|HOSPITAL\|DUCTUS\|ROCHE\|\d{14}\+0000\|\|ACK\^R01\^ACK\|EMR1N1\|T\|2\.5\.1\r/,
    );
    const [stored] = await emr.frames();
    expect(stored).toMatchObject({
      controlId: 'M1',
      messageType: 'ORU^R01',
      patientIds: ['SYN-000001'],
      accepted: true,
      repeat: false,
      answer: { kind: 'AA' },
      observations: [
        { orderId: 'r1', observationId: 'r1', code: '41653-7', value: '120', unit: 'mg/dL', status: 'F' },
        { orderId: 'r2', observationId: 'r2', value: '98' },
      ],
    });
    expect(stored?.bytes.toString()).toBe(message);
  });

  it('should take frames that are split, and several in one read', async () => {
    await using emr = await startEmr();
    await using client = await MllpClient.open(emr.port);
    const stream = Buffer.concat(['M1', 'M2', 'M3'].map((controlId) => frame(Buffer.from(oru({ controlId })))));
    client.sendRaw(stream.subarray(0, 700));
    await client.answer(1);
    client.sendRaw(stream.subarray(700));
    await client.answer(3);
    expect(client.frames.map((answer) => msa(answer)[1])).toEqual(['M1', 'M2', 'M3']);
    expect(emr.stats().connections.pipelined).toBeGreaterThan(0);
  });

  it('should read the bytes as MSH-18 says, and undo escapes', async () => {
    await using emr = await startEmr();
    await using client = await MllpClient.open(emr.port);
    const text = oru({ readings: [['grün\\S\\1', '120']] });
    client.send(Buffer.from(text, 'utf8'));
    client.send(Buffer.from(text.replace('UNICODE UTF-8', '8859/1'), 'latin1'));
    await client.answer(2);
    expect((await emr.frames()).map(({ observations }) => observations[0]?.observationId)).toEqual([
      'grün^1',
      'grün^1',
    ]);
  });

  it('should serve many connections at once, one message after another on each', async () => {
    await using emr = await startEmr({ rates: { delay: 1 }, delayMs: 20 });
    const clients = await Promise.all(Array.from({ length: 20 }, () => MllpClient.open(emr.port)));
    const answers = await Promise.all(
      clients.map(async (client, index) => {
        client.send(oru({ controlId: `C${index}` }));
        return msa(await client.answer());
      }),
    );
    expect(answers).toEqual(clients.map((_, index) => ['AA', `C${index}`]));
    expect(emr.stats().connections).toMatchObject({ opened: 20, mostOpen: 20, pipelined: 0 });
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    await emr.waitUntil(({ connections }) => connections.open === 0, 10_000);
  });

  it('should serve TLS, for clients with a certificate if so set', async () => {
    const certificates = await createCertificates();
    await using emr = await startEmr({ tls: { ...certificates.server, clientCa: certificates.ca.cert } });
    await using client = await MllpClient.open(emr.port, { ca: certificates.ca.cert, ...certificates.ductusClient });
    client.send(oru());
    expect(msa(await client.answer())).toEqual(['AA', 'M1']);
    await using stranger = await MllpClient.open(emr.port, { ca: certificates.ca.cert });
    stranger.send(oru());
    await stranger.waitUntilClosed();
    expect(emr.stats().frames).toBe(1);
  });

  it('should close a connection whose frame is too large', async () => {
    await using emr = await startEmr({ maxFrameBytes: 100 });
    await using client = await MllpClient.open(emr.port);
    client.send(oru());
    await client.waitUntilClosed();
    expect(emr.stats().frames).toBe(0);
  });

  describe('when told how to answer', () => {
    it.each(['AE', 'AR', 'CE'] as const)('should refuse with %s and not store', async (kind) => {
      await using emr = await startEmr();
      await using client = await MllpClient.open(emr.port);
      emr.script({ answer: { kind, errorCode: '206', errorLocation: 'PID^1^3', errorText: 'locked | now' } });
      client.send(oru());
      const answer = await client.answer();
      expect(msa(answer)).toEqual([kind, 'M1']);
      expect(answer).toContain('\rERR||PID^1^3|206^^HL70357|E||||locked \\F\\ now\r');
      client.send(oru());
      expect(msa(await client.answer(2))).toEqual(['AA', 'M1']);
      expect(emr.stats()).toMatchObject({ frames: 2, refused: 1, accepted: 1, invalid: 0, repeats: 0, ambiguous: 0 });
    });

    it('should accept with CA', async () => {
      await using emr = await startEmr();
      await using client = await MllpClient.open(emr.port);
      emr.script({ answer: { kind: 'CA' } });
      client.send(oru());
      expect(msa(await client.answer())).toEqual(['CA', 'M1']);
      expect(emr.stats().accepted).toBe(1);
    });

    it('should answer only the message that is meant, as often as ordered', async () => {
      await using emr = await startEmr();
      await using client = await MllpClient.open(emr.port);
      emr.script({ answer: { kind: 'AR' }, controlId: 'M2', times: 2 });
      for (const controlId of ['M1', 'M2', 'M2', 'M2']) {
        client.send(oru({ controlId }));
        await client.answer();
      }
      expect(client.frames.map((answer) => msa(answer)[0])).toEqual(['AA', 'AR', 'AR', 'AA']);
    });

    it('should ask the policy', async () => {
      await using emr = await startEmr({}, ({ controlId, earlier }) =>
        controlId === 'M2' && earlier === 0 ? { kind: 'AE', errorCode: '207' } : undefined,
      );
      await using client = await MllpClient.open(emr.port);
      for (const controlId of ['M1', 'M2', 'M2']) {
        client.send(oru({ controlId }));
        await client.answer();
      }
      expect(client.frames.map((answer) => msa(answer)[0])).toEqual(['AA', 'AE', 'AA']);
    });
  });

  describe('with outcomes that the sender cannot know', () => {
    it('should drop the connection before storing', async () => {
      await using emr = await startEmr();
      await using client = await MllpClient.open(emr.port);
      emr.script({ answer: { kind: 'drop-before-storing' } });
      client.send(oru());
      await client.waitUntilClosed();
      expect(client.frames).toEqual([]);
      expect(emr.stats()).toMatchObject({ frames: 0, dropped: 1, ambiguous: 1, ambiguousAccepted: 0 });
    });

    it('should drop the connection after storing, and know the repeat', async () => {
      await using emr = await startEmr();
      await using client = await MllpClient.open(emr.port);
      emr.script({ answer: { kind: 'drop-after-storing' } });
      client.send(oru());
      await client.waitUntilClosed();
      await using again = await MllpClient.open(emr.port);
      again.send(oru());
      expect(msa(await again.answer())).toEqual(['AA', 'M1']);
      expect((await emr.frames()).map(({ repeat }) => repeat)).toEqual([false, true]);
      expect(emr.stats()).toMatchObject({ accepted: 2, controlIds: 1, repeats: 1, ambiguous: 1, ambiguousAccepted: 1 });
    });

    it('should keep silent, and answer the next message', async () => {
      await using emr = await startEmr();
      await using client = await MllpClient.open(emr.port);
      emr.script({ answer: { kind: 'silence' } });
      client.send(oru({ controlId: 'M1' }));
      await emr.waitUntil(({ accepted }) => accepted === 1, 10_000);
      client.send(oru({ controlId: 'M2' }));
      expect(msa(await client.answer())).toEqual(['AA', 'M2']);
      expect(emr.stats()).toMatchObject({ accepted: 2, ambiguous: 1, unanswered: 0 });
    });

    it('should answer with garbage', async () => {
      await using emr = await startEmr();
      await using client = await MllpClient.open(emr.port);
      emr.script({ answer: { kind: 'garbage' } });
      client.send(oru());
      expect(await client.answer()).toBe('this is no HL7');
      expect(emr.stats()).toMatchObject({ accepted: 1, ambiguous: 1 });
    });

    it("should answer with another message's id", async () => {
      await using emr = await startEmr();
      await using client = await MllpClient.open(emr.port);
      emr.script({ answer: { kind: 'wrong-control-id' } });
      client.send(oru());
      expect(msa(await client.answer())).toEqual(['AA', 'NOTYOURS']);
      expect(emr.stats()).toMatchObject({ accepted: 1, ambiguous: 1 });
    });

    it('should answer late', async () => {
      await using emr = await startEmr({ lateMs: 100 });
      await using client = await MllpClient.open(emr.port);
      emr.script({ answer: { kind: 'late' } });
      client.send(oru());
      await emr.waitUntil(({ accepted }) => accepted === 1, 10_000);
      expect(client.frames).toEqual([]);
      expect(msa(await client.answer())).toEqual(['AA', 'M1']);
      expect(emr.stats().ambiguous).toBe(1);
    });

    it('should stop while an answer is waiting', async () => {
      const emr = await startEmr({ rates: { late: 1 } });
      await using client = await MllpClient.open(emr.port);
      client.send(oru());
      await emr.waitUntil(({ frames }) => frames === 1, 10_000);
      await emr.stop();
      await client.waitUntilClosed();
      expect(client.frames).toEqual([]);
    });
  });

  it('should meet the same outcomes with the same seed, whatever the order', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `M${index}`);
    const outcomes = async (seed: number, order: readonly string[]): Promise<Map<string, string>> => {
      await using emr = await startEmr({ seed, rates: { AE: 0.2, AR: 0.1, 'wrong-control-id': 0.2 } });
      await using client = await MllpClient.open(emr.port);
      for (const controlId of order) {
        client.send(oru({ controlId }));
        await client.answer();
      }
      return new Map((await emr.frames()).map(({ controlId, answer }) => [controlId, answer.kind]));
    };
    const first = await outcomes(5, ids);
    expect(new Set(first.values())).toEqual(new Set(['AA', 'AE', 'AR', 'wrong-control-id']));
    expect(await outcomes(5, ids.toReversed())).toEqual(first);
    expect(await outcomes(6, ids)).not.toEqual(first);
  });

  describe('with a message that has a defect', () => {
    it.each([
      { name: 'no MSH', change: [/^MSH/, 'XXX'], answer: 'AR', location: 'MSH^1', code: '100' },
      {
        name: 'no time',
        change: ['|20260105080000+0100||ORU', '|||ORU'],
        answer: 'AE',
        location: 'MSH^1^7',
        code: '101',
      },
      { name: 'no control id', change: ['|M1|', '||'], answer: 'AE', location: 'MSH^1^10', code: '101' },
      {
        name: 'a long control id',
        change: ['|M1|', `|${'X'.repeat(21)}|`],
        answer: 'AE',
        location: 'MSH^1^10',
        code: '102',
      },
      { name: 'another event', change: ['ORU^R01', 'ORU^R99'], answer: 'AR', location: 'MSH^1^9', code: '201' },
      { name: 'another type', change: ['ORU^R01', 'XYZ^R01'], answer: 'AR', location: 'MSH^1^9', code: '200' },
      {
        name: 'another processing id',
        change: ['|T|2.5.1', '|Z|2.5.1'],
        answer: 'AR',
        location: 'MSH^1^11',
        code: '202',
      },
      { name: 'another version', change: ['|2.5.1|', '|3.0|'], answer: 'AR', location: 'MSH^1^12', code: '203' },
      { name: 'no PID', change: [/PID[^\r]*\r/, ''], answer: 'AE', location: 'PID^1', code: '100' },
      { name: 'no patient id', change: ['SYN-000001^^^TEST^MR', ''], answer: 'AE', location: 'PID^1^3', code: '101' },
      { name: 'PID last', change: [/(PID[^\r]*\r)([^]*)/, '$2$1'], answer: 'AE', location: 'PID^1', code: '100' },
      { name: 'a foreign segment', change: ['OBR|', 'EVN|\rOBR|'], answer: 'AE', location: 'EVN^1', code: '100' },
      { name: 'no OBR', change: [/OBR[^\r]*\r/, ''], answer: 'AE', location: 'OBR^1', code: '100' },
      { name: 'no OBX', change: [/OBX[^\r]*\r/, ''], answer: 'AE', location: 'OBX^1', code: '100' },
      { name: 'no service', change: [/(OBR\|1\|\|r1\|)[^|]*/, '$1'], answer: 'AE', location: 'OBR^1^4', code: '101' },
      { name: 'a wrong set id', change: ['OBX|1|', 'OBX|7|'], answer: 'AE', location: 'OBX^1^1', code: '102' },
      { name: 'an unknown value type', change: ['|NM|', '|QQ|'], answer: 'AE', location: 'OBX^1^2', code: '103' },
      {
        name: 'no observation code',
        change: ['NM|41653-7^Glucose^LN', 'NM|'],
        answer: 'AE',
        location: 'OBX^1^3',
        code: '101',
      },
      {
        name: 'a value that is no number',
        change: ['|120|', '|high|'],
        answer: 'AE',
        location: 'OBX^1^5',
        code: '102',
      },
      { name: 'no value', change: ['|120|', '||'], answer: 'AE', location: 'OBX^1^5', code: '101' },
      { name: 'an unknown status', change: ['|||||F|', '|||||Q|'], answer: 'AE', location: 'OBX^1^11', code: '103' },
      { name: 'a wrong time', change: ['|F|||2026', '|F|||x026'], answer: 'AE', location: 'OBX^1^14', code: '102' },
    ] as const)('should refuse $name', async ({ change: [from, to], answer: code, location, code: errorCode }) => {
      await using emr = await startEmr();
      await using client = await MllpClient.open(emr.port);
      const message = oru().replace(from, to);
      expect(message).not.toBe(oru());
      client.send(message);
      const answer = await client.answer();
      expect(msa(answer)[0]).toBe(code);
      expect(answer).toContain(`\rERR||${location}|${errorCode}^^HL70357|E||||`);
      expect(emr.stats()).toMatchObject({ frames: 1, refused: 1, invalid: 1, accepted: 0 });
    });

    it('should take a deleted result without a value', async () => {
      await using emr = await startEmr();
      await using client = await MllpClient.open(emr.port);
      client.send(oru().replace('|120|', '||').replace('|||||F|', '|||||D|'));
      expect(msa(await client.answer())).toEqual(['AA', 'M1']);
    });
  });
});

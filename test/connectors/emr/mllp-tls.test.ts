/** MLLP over TLS and mutual TLS, with certificates made for the test. */
import { createCertificates, type Certificates } from '../../../simulators/certificates';
import { MllpPool, type MllpOptions } from '../../../src/connectors/emr/mllp-pool';
import { MessageControlIdSchema } from '../../../src/domain/identifiers';
import { ductusErrorOf, everythingOf } from '../../support/error-of';
import { answer, controlIdOf, MllpPeer } from '../../support/mllp-peer';

const CONTROL_ID = MessageControlIdSchema.parse('TLS1');
const MESSAGE = Buffer.from('MSH|^~\\&|D|R|E|H|20240301||ORU^R01^ORU_R01|TLS1|P|2.5.1\r');

describe('MLLP over TLS', () => {
  let ours: Certificates;
  let strangers: Certificates;

  beforeAll(async () => {
    [ours, strangers] = await Promise.all([createCertificates(), createCertificates()]);
  });

  /** Sends one message to a peer with our server certificate. */
  async function send(
    tls: NonNullable<MllpOptions['tls']>,
    server: { requestCert?: boolean; maxVersion?: 'TLSv1.2' | 'TLSv1.3'; host?: string } = {},
  ) {
    const { host = 'localhost', ...options } = server;
    const peer = await MllpPeer.start({
      message: (text, { socket }) => socket.write(answer(controlIdOf(text))),
      tls: {
        cert: ours.server.cert,
        key: ours.server.key,
        ...(options.requestCert === true ? { ca: ours.ca.cert, rejectUnauthorized: true } : {}),
        ...options,
      },
    });
    const pool = new MllpPool({
      host,
      port: peer.port,
      tls,
      connections: 1,
      connectTimeoutMs: 5_000,
      acknowledgmentTimeoutMs: 5_000,
      idleTimeoutMs: 60_000,
      maxAnswerBytes: 1_000,
    });
    try {
      const acknowledgment = await pool.send(MESSAGE, CONTROL_ID);
      return { acknowledgment, messages: peer.messages };
    } finally {
      await pool.close();
      await peer[Symbol.asyncDispose]();
    }
  }

  const trust = () => ({ ca: ours.ca.cert });
  const mutual = (set = ours) => ({ ca: ours.ca.cert, cert: set.ductusClient.cert, key: set.ductusClient.key });

  it('should send to a server whose certificate it trusts', async () => {
    const { acknowledgment, messages } = await send(trust());
    expect(acknowledgment.code).toBe('AA');
    expect(messages).toEqual([MESSAGE.toString('latin1')]);
  });

  it('should present its certificate, under TLS 1.2 and 1.3', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      expect((await send(mutual(), { requestCert: true, maxVersion })).acknowledgment.code).toBe('AA');
    }
  });

  it('should connect by address where the certificate has it, or by the configured name', async () => {
    expect((await send(trust(), { host: '127.0.0.1' })).acknowledgment.code).toBe('AA');
    expect((await send({ ...trust(), serverName: 'localhost' }, { host: '127.0.0.1' })).acknowledgment.code).toBe('AA');
  });

  it.each([
    ['an authority that it does not trust', () => ({ ca: strangers.ca.cert })],
    ['no authority at all', () => ({})],
    ['another name', () => ({ ...trust(), serverName: 'other.example' })],
  ])('should send nothing to a server with %s', async (_, tls) => {
    const error = await ductusErrorOf(send(tls()));
    expect(error.code).toBe('DUCTUS_EMR_UNREACHABLE');
    expect(error.details['reason']).toMatch(/CERT|VERIFY|ALTNAME/);
  });

  // In TLS 1.3 the refusal comes after the message was written; the server has not read it all the same.
  it.each([
    ['none', 'TLSv1.2', trust],
    ['none', 'TLSv1.3', trust],
    ["a stranger's", 'TLSv1.2', () => mutual(strangers)],
  ] as const)(
    'should know that nothing arrived when the server wants a certificate and gets %s (%s)',
    async (_, maxVersion, tls) => {
      const error = await ductusErrorOf(send(tls(), { requestCert: true, maxVersion }));
      expect(error.code).toBe('DUCTUS_EMR_UNREACHABLE');
      expect(everythingOf(error)).not.toContain('PRIVATE KEY');
    },
  );

  it('should not claim to know it when a TLS 1.3 server closes without an alert, as those of Node do', async () => {
    const error = await ductusErrorOf(send(mutual(strangers), { requestCert: true, maxVersion: 'TLSv1.3' }));
    expect([error.code, error.details['reason']]).toEqual(['DUCTUS_EMR_AMBIGUOUS', 'connection-lost']);
  });

  it('should give up on a server that does not speak TLS', async () => {
    const peer = await MllpPeer.start({ connect: ({ socket }) => socket.end('hello') });
    const pool = new MllpPool({
      host: 'localhost',
      port: peer.port,
      tls: trust(),
      connections: 1,
      connectTimeoutMs: 5_000,
      acknowledgmentTimeoutMs: 5_000,
      idleTimeoutMs: 60_000,
      maxAnswerBytes: 1_000,
    });
    expect((await ductusErrorOf(pool.send(MESSAGE, CONTROL_ID))).code).toBe('DUCTUS_EMR_UNREACHABLE');
    await pool.close();
    await peer[Symbol.asyncDispose]();
  });

  it('should give up on a handshake that takes too long', async () => {
    const peer = await MllpPeer.start();
    const pool = new MllpPool({
      host: 'localhost',
      port: peer.port,
      tls: trust(),
      connections: 1,
      connectTimeoutMs: 60,
      acknowledgmentTimeoutMs: 5_000,
      idleTimeoutMs: 60_000,
      maxAnswerBytes: 1_000,
    });
    const error = await ductusErrorOf(pool.send(MESSAGE, CONTROL_ID));
    expect([error.code, error.details]).toEqual(['DUCTUS_EMR_UNREACHABLE', { reason: 'timeout' }]);
    await pool.close();
    await peer[Symbol.asyncDispose]();
  });
});

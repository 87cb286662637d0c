/** The MLLP door over TLS and mutual TLS. */
import net from 'node:net';
import { createCertificates, type Certificates } from '../../../simulators/certificates';
import { adt, HisClient, summaryOf } from '../../support/his-client';
import { listen } from '../../support/his-door';
import { until } from '../../support/until';

describe('an MLLP listener with TLS', () => {
  let ours: Certificates;
  let strangers: Certificates;

  beforeAll(async () => {
    [ours, strangers] = await Promise.all([createCertificates(), createCertificates()]);
  });

  const server = (mutual: boolean) =>
    listen(
      { tls: { cert: { env: 'CERT' }, key: { env: 'CERT_KEY' }, ...(mutual ? { clientCa: { env: 'CA' } } : {}) } },
      { secrets: { CERT: ours.server.cert, CERT_KEY: ours.server.key, CA: ours.ca.cert } },
    );
  const trust = () => ({ ca: ours.ca.cert, servername: 'localhost' });
  const failures = async (his: Awaited<ReturnType<typeof server>>) =>
    (await his.door.samples('ductus_his_connections_total')).find((line) => line.includes('"tls-failed"')) ?? '';

  it('should take messages', async () => {
    await using his = await server(false);
    await using client = await HisClient.connect(his.port, trust());
    expect(summaryOf(await client.ask(adt('M1')))).toBe('AA M1');
    client.send(adt('M2'));
    client.socket.end();
    await until(() => client.closed);
    expect(client.answers.map(summaryOf)).toEqual(['AA M1', 'AA M2']);
  });

  it('should take them from a client whose certificate it trusts, under TLS 1.2 and 1.3', async () => {
    await using his = await server(true);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const { cert, key } = ours.ductusClient;
      await using client = await HisClient.connect(his.port, { ...trust(), cert, key, maxVersion });
      expect(summaryOf(await client.ask(adt(`M${maxVersion}`)))).toBe(`AA M${maxVersion}`);
    }
  });

  it.each(['none', 'a stranger’s'])('should take nothing from one with %s', async (which) => {
    await using his = await server(true);
    const identity = which === 'none' ? {} : { cert: strangers.ductusClient.cert, key: strangers.ductusClient.key };
    const client = await HisClient.connect(his.port, { ...trust(), ...identity }).catch(() => undefined);
    client?.send(adt('M1'));
    await until(async () => (await failures(his)).endsWith(' 1'));
    if (client !== undefined) await until(() => client.closed || client.ended || client.error !== undefined);
    expect(his.door.accepted).toEqual([]);
    await client?.[Symbol.asyncDispose]();
  });

  it('should outlive peers that speak no TLS, break off, or trust nobody', async () => {
    await using his = await server(false);
    await using plain = await HisClient.connect(his.port);
    plain.send(adt('M1'));
    await until(() => plain.closed || plain.ended);
    const silent = net.connect(his.port, '127.0.0.1');
    silent.on('error', () => undefined);
    silent.on('connect', () => silent.resetAndDestroy());
    await expect(HisClient.connect(his.port, { ca: strangers.ca.cert, servername: 'localhost' })).rejects.toThrow();
    await until(async () => Number((await failures(his)).split(' ')[1]) >= 2);
    await using client = await HisClient.connect(his.port, trust());
    expect(summaryOf(await client.ask(adt('M2')))).toBe('AA M2');
    expect(his.door.accepted).toHaveLength(1);
  });

  it('should not wait for a handshake when it closes', async () => {
    await using his = await server(false);
    const silent = net.connect(his.port, '127.0.0.1');
    silent.on('error', () => undefined);
    await until(async () => (await his.door.samples('ductus_his_connections'))[0]?.endsWith(' 1'));
    await his.listener.close();
    await until(() => silent.closed);
  });
});

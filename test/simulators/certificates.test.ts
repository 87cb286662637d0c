import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { createCertificates, writeCertificates } from '../../simulators/certificates';
import { listen } from '../../simulators/listening';
import { lookupLocalhost } from '../../simulators/localhost-lookup';
import type { Certificates } from '../../simulators/certificates';

const TWO_YEARS_MS = 2 * 365 * 24 * 60 * 60 * 1000;

/** Opens a mutual TLS connection; gives the client's name as the server sees it. */
async function handshake(certificates: Certificates, host: string): Promise<string> {
  const server = createServer({
    ...certificates.server,
    ca: certificates.ca.cert,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const port = await listen(server, 0);
  const socket = connect({
    host,
    port,
    servername: host === '127.0.0.1' ? '' : host,
    ca: certificates.ca.cert,
    ...certificates.ductusClient,
    lookup: lookupLocalhost,
  });
  try {
    const secured: Promise<TLSSocket[]> = once(server, 'secureConnection');
    await once(socket, 'secureConnect');
    const [accepted] = await secured;
    return String(accepted?.getPeerCertificate().subject.CN);
  } finally {
    socket.destroy();
    server.close();
  }
}

describe('throw-away certificates', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'certificates-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it.each(['ec', 'rsa'] as const)('should serve mutual TLS (%s) under the names of the simulators', async (keyType) => {
    const certificates = await createCertificates({ keyType, serverNames: ['more-000000000000.localhost'] });
    for (const host of [
      'localhost',
      '127.0.0.1',
      'ductus-demo-000000000000.localhost',
      'any-000000000000.s3.localhost',
      'more-000000000000.localhost',
    ]) {
      expect(await handshake(certificates, host)).toBe('ductus');
    }
    await expect(handshake(certificates, 'other.localhost')).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });

  it('should be valid for two years', async () => {
    const { server } = await createCertificates();
    const { validFromDate, validToDate } = new X509Certificate(server.cert);
    expect(validFromDate.getTime()).toBeLessThanOrEqual(Date.now());
    expect(validToDate.getTime() - validFromDate.getTime()).toBeGreaterThanOrEqual(TWO_YEARS_MS);
  });

  it('should be written with keys that only the owner can read, and be reused', async () => {
    const made = await writeCertificates(folder);
    for (const file of ['ca-key.pem', 'server-key.pem', 'ductus-client-key.pem', 'roche-client-key.pem']) {
      expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
    }
    expect(await readFile(join(folder, 'ca.pem'), 'utf8')).toBe(made.ca.cert);
    expect(await writeCertificates(folder)).toEqual(made);
  });

  it('should be made anew when a name is missing, a file is gone or broken, or a key belongs to another', async () => {
    const made = await writeCertificates(folder);
    const named = await writeCertificates(folder, { serverNames: ['more.localhost'] });
    expect(named.ca.cert).not.toBe(made.ca.cert);
    await rm(join(folder, 'server.pem'));
    const whole = await writeCertificates(folder);
    expect(whole.ca.cert).not.toBe(named.ca.cert);
    await writeFile(join(folder, 'server.pem'), 'broken');
    const mended = await writeCertificates(folder);
    expect(mended.ca.cert).not.toBe(whole.ca.cert);
    await writeFile(join(folder, 'server-key.pem'), whole.server.key);
    expect((await writeCertificates(folder)).ca.cert).not.toBe(mended.ca.cert);
  });
});

import { createCertificates } from '../../simulators/certificates';
import { configuredCertificates, notAfter } from '../../src/runtime/certificates';
import { testConfig } from '../support/config';

describe('configuredCertificates', () => {
  it('should find each certificate and authority of the configuration, with its end', async () => {
    const certificates = await createCertificates();
    const tls = { cert: { env: 'CERT' }, key: { env: 'CERT_KEY' }, ca: { env: 'CA' } };
    const config = testConfig(
      {
        api: { tls: { cert: { env: 'CERT' }, key: { env: 'CERT_KEY' }, clientCa: { env: 'BROKEN' } } },
        organizations: {
          'st-marien': {
            emrOid: '2.999.1.1',
            timeZone: 'Europe/Berlin',
            notification: { basic: { username: 'roche', password: { env: 'PASSWORD' } } },
            roche: { servicesUrl: 'https://localhost:1/', clientId: 'c', clientSecret: { env: 'CLIENT_SECRET' }, tls },
            retrieval: { ca: { env: 'CA' } },
            patientSync: {
              fhirUrl: 'https://localhost:1/',
              mllp: [
                { name: 'plain', port: 0 },
                {
                  name: 'secure',
                  port: 0,
                  tls: { cert: { env: 'CERT' }, key: { env: 'CERT_KEY' }, clientCa: { env: 'CA' } },
                },
              ],
            },
            destinations: ['emr'],
          },
        },
        destinations: { emr: { kind: 'mllp', host: 'localhost', port: 1, tls: { ca: { env: 'CA' } } } },
      },
      {
        CERT: certificates.ductusClient.cert,
        CERT_KEY: certificates.ductusClient.key,
        CA: certificates.ca.cert,
        BROKEN: 'no certificate',
      },
    );
    const found = configuredCertificates(config);
    expect(found.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'api.tls.cert certificate',
      'api.tls.clientCa authority',
      'organizations.st-marien.roche.tls.cert certificate',
      'organizations.st-marien.roche.tls.ca authority',
      'organizations.st-marien.retrieval.ca authority',
      'organizations.st-marien.patientSync.mllp.1.tls.cert certificate',
      'organizations.st-marien.patientSync.mllp.1.tls.clientCa authority',
      'destinations.emr.tls.ca authority',
    ]);
    expect(found.map((one) => one.notAfter === undefined)).toEqual([
      false,
      true,
      ...Array.from({ length: 6 }, () => false),
    ]);
    expect(found[0]?.notAfter?.getTime()).toBeGreaterThan(Date.now());
  });

  it('should take the first to end of several in one file', async () => {
    const { ca } = await createCertificates();
    const end = notAfter(ca.cert);
    expect(notAfter(`${ca.cert}\n${ca.cert}`)).toEqual(end);
    expect(notAfter('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).toBeUndefined();
  });
});

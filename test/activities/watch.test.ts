import { conditions } from '../../src/activities/watch';
import type { Standing } from '../../src/domain/standing';
import { OrganizationIdSchema } from '../../src/domain/identifiers';
import { testConfig } from '../support/config';

const NOW = new Date('2030-06-15T12:00:00Z');
const inDays = (days: number): Date => new Date(NOW.getTime() + days * 86_400_000);
const marien = OrganizationIdSchema.parse('st-marien');
const anna = OrganizationIdSchema.parse('st-anna');

const organization = (emrOid: string, alerts: object) => ({
  emrOid,
  timeZone: 'Europe/Berlin',
  notification: { basic: { username: emrOid, password: { env: 'PASSWORD' } } },
  roche: { servicesUrl: 'https://localhost:1/', clientId: 'c', clientSecret: { env: 'CLIENT_SECRET' }, tls: {} },
  alerts,
  destinations: ['emr'],
});
const config = testConfig({
  organizations: {
    'st-marien': organization('2.999.1.1', { noTrafficHours: 6 }),
    'st-anna': organization('2.999.1.2', {}),
  },
  destinations: { emr: { kind: 'mllp', host: 'localhost', port: 1 } },
});

const quiet: Standing = { open: [], parked: [], destinations: [], traffic: [], alerts: {} };
const keys = (standing: Standing, certificates: Parameters<typeof conditions>[2] = []): readonly string[] =>
  conditions(config, standing, certificates, NOW).map(({ key, code }) => `${key} ${code}`);

describe('conditions', () => {
  it('should hold for no organization without a limit, nor within it', () => {
    const traffic = (seconds: number) => [
      { organization: marien, lastAt: NOW, quietSeconds: seconds },
      { organization: anna, lastAt: NOW, quietSeconds: seconds },
    ];
    expect(keys({ ...quiet, traffic: traffic(6 * 3600 - 1) })).toEqual([]);
    expect(keys({ ...quiet, traffic: traffic(6 * 3600) })).toEqual(['no-traffic/st-marien DUCTUS_NO_TRAFFIC']);
  });

  it('should hold once for an organization with old work, and not for parked work', () => {
    const work = { flow: 'data-sharing', organization: marien, count: 1 } as const;
    expect(
      keys({
        ...quiet,
        open: [
          { ...work, stage: 'parked', oldestSeconds: 90_000 },
          { ...work, stage: 'waiting', oldestSeconds: 3600 },
        ],
      }),
    ).toEqual([]);
    expect(
      keys({
        ...quiet,
        open: [
          { ...work, stage: 'waiting', oldestSeconds: 3601 },
          { ...work, stage: 'delivering', oldestSeconds: 3700 },
        ],
      }),
    ).toEqual(['work-old/st-marien DUCTUS_WORK_OLD']);
  });

  it('should hold for a certificate that ends soon, has ended, or cannot be read', () => {
    const certificate = (name: string, notAfter: Date | undefined) =>
      ({ name, kind: 'certificate', notAfter }) as const;
    const alerts = conditions(
      config,
      quiet,
      [
        certificate('far', inDays(31)),
        certificate('near', inDays(29)),
        certificate('over', inDays(-1)),
        certificate('broken', undefined),
      ],
      NOW,
    );
    expect(alerts.map(({ key, text }) => [key, text])).toEqual([
      ['certificate/near', 'The certificate near ends on 2030-07-14. Renew it and restart Ductus.'],
      ['certificate/over', 'The certificate over ended on 2030-06-14. Renew it and restart Ductus.'],
      ['certificate/broken', 'The certificate broken cannot be read.'],
    ]);
  });
});

/** The `retrieval` part of an organization's configuration, through the real schema. */
import type { OrganizationConfig } from '../../src/runtime/config/schema';
import { testConfig } from './config';

/**
 * @param retrieval as in the configuration file
 * @param ca authority to trust, PEM; `retrieval` names it `{ env: 'CA' }`
 */
export function retrievalConfig(retrieval: object, ca = ''): OrganizationConfig['retrieval'] {
  const config = testConfig(
    {
      organizations: {
        org: {
          emrOid: '2.999',
          timeZone: 'Europe/Berlin',
          notification: { basic: { username: 'roche', password: { env: 'PASSWORD' } } },
          roche: { servicesUrl: 'https://localhost/', clientId: 'c', clientSecret: { env: 'CLIENT_SECRET' }, tls: {} },
          retrieval,
          destinations: ['emr'],
        },
      },
      destinations: { emr: { kind: 'mllp', host: 'localhost', port: 1 } },
    },
    { CA: ca },
  );
  const [organization] = Object.values(config.organizations);
  if (organization === undefined) throw new Error('the configuration has one organization');
  return organization.retrieval;
}

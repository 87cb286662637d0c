/** Door of the doctor: looks at everything that Ductus needs, all at once, and says what is wrong and what to do. */
import type { Client } from '@temporalio/client';
import type { Finding } from '../../domain/findings';
import type { Store } from '../../store/database';
import type { Config } from '../config/schema';
import { checked } from './check';
import { checkCertificates, checkKeys, checkOperators, checkSiteFiles, checkTimeZones } from './own-checks';
import { checkDestination, checkPatientSync, checkReceiver, checkRoche } from './partner-checks';
import { checkBlobs, checkStore, checkTemporal } from './server-checks';

export interface DoctorParts {
  readonly config: Config;
  /** Undefined: none is configured, and none runs here. */
  readonly store: Store | undefined;
  readonly client: Client | undefined;
}

/** Nothing is sent to an EMR, and nothing stays behind. @returns findings in the order of the configuration */
export async function examine({ config, store, client }: DoctorParts): Promise<readonly Finding[]> {
  const receivers = [
    ['alerts', 'alerts.webhook', config.alerts.webhook],
    ['traces', 'traces.endpoint', config.traces.endpoint],
  ] as const;
  const found = await Promise.all([
    checked('configuration', 'configuration', (report) => checkSiteFiles(config, report)),
    checked('encryption', 'encryption', (report) => checkKeys(config, report)),
    checked('operators', 'operators', (report) => checkOperators(config, report)),
    checked('time-zones', 'organizations', (report) => checkTimeZones(config, report)),
    checked('certificates', 'configuration', (report) => checkCertificates(config, report)),
    checked('temporal', 'temporal', (report) => checkTemporal(config, client, report)),
    checked('store', 'store', (report) => checkStore(config, store, report)),
    checked('blobs', 'blobs.store', (report) => checkBlobs(config, report)),
    ...Object.entries(config.organizations).map(([id, organization]) =>
      checked('roche', `organizations.${id}`, (report) => checkRoche(organization, report)),
    ),
    ...Object.entries(config.organizations).map(([id, { patientSync, roche }]) =>
      checked('patient-sync', `organizations.${id}.patientSync`, (report) =>
        patientSync === undefined ? undefined : checkPatientSync(patientSync, roche.tls, report),
      ),
    ),
    ...Object.entries(config.destinations).map(([id, destination]) =>
      checked('destination', `destinations.${id}`, (report) => checkDestination(destination, report)),
    ),
    ...receivers.map(([check, where, url]) =>
      checked(check, where, (report) => (url === undefined ? undefined : checkReceiver(url, report))),
    ),
  ]);
  return found.flat();
}

/** A configuration file with one destination, for commands that need no server. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { SECRETS, testConfigDefaults } from '../support/config';

/** @param mapping section `mapping` of the destination; @param destination further keys of it; @param more further sections */
export function writtenConfig(folder: string, mapping: object, destination: object = {}, more: object = {}) {
  const file = path.join(folder, 'ductus.yaml');
  const organization = (emrOid: string, destinations: readonly string[], more: object) => ({
    emrOid,
    timeZone: 'Europe/Berlin',
    notification: { basic: { username: `roche-${emrOid}`, password: { env: 'PASSWORD' } } },
    roche: { servicesUrl: 'https://roche.example/', clientId: 'c', clientSecret: { env: 'CLIENT_SECRET' }, tls: {} },
    destinations,
    ...more,
  });
  const mllp = { kind: 'mllp', host: 'localhost', port: 2575 };
  writeFileSync(
    file,
    stringify({
      ...testConfigDefaults,
      organizations: {
        clinic: organization('1.2.3', ['emr'], {}),
        ward: organization('1.2.4', ['fhir', 'spare'], { patientIdentity: { source: 'registry' } }),
      },
      destinations: {
        emr: { ...mllp, mapping, ...destination },
        fhir: { kind: 'fhir', url: 'https://fhir.example/r4' },
        spare: mllp,
      },
      ...more,
    }),
  );
  return { file, env: SECRETS };
}

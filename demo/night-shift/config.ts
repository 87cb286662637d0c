/** Writes the `ductus.yaml` of a night shift: two hospitals, each with an EMR of its own; the operator may change it. */
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import type { DemoFolder } from '../folder';
import { ORGANIZATIONS, ST_ANNA, ST_MARIEN, type DemoOrganization } from '../organizations';
import type { SecretName } from '../secrets';

export interface NightAddresses {
  readonly temporal: string;
  readonly temporalUi: string | undefined;
  readonly apiPort: number;
  readonly rocheServicesUrl: string;
  readonly s3Endpoint: string;
  /** MLLP port of each EMR, by its destination. */
  readonly emrPorts: Readonly<Record<string, number>>;
}

/** A key of the ring, and the file below `secrets/` that holds it. */
export interface NightKey {
  readonly id: string;
  readonly file: string;
}
/** What encrypted until yesterday, and what does since. */
export const KEY_BEFORE: NightKey = { id: 'spring', file: 'key-spring' };
export const KEY_NOW: NightKey = { id: 'autumn', file: 'key-autumn' };

/** File below `secrets/` with the address of the store, which counts as a secret. */
export const STORE_FILE = 'store-url';

const HEAD =
  '# The configuration of this night. It is yours: change what has to be changed, and have processes restarted.\n';

/** Client certificate of an organization, below `certificates/`. */
export function clientFiles({ id }: DemoOrganization): { readonly cert: string; readonly key: string } {
  return { cert: `${id}-client.pem`, key: `${id}-client-key.pem` };
}

/** @param key the only one of the ring */
export function writeNightConfig(folder: DemoFolder, addresses: NightAddresses, key: NightKey): void {
  const secret = (name: SecretName) => ({ file: `secrets/${name}` });
  const certificate = (name: string) => ({ file: `certificates/${name}` });
  const organization = (one: DemoOrganization) => ({
    emrOid: one.emrOid,
    timeZone: one.timeZone,
    notification: { basic: { username: one.username, password: secret(one.password) } },
    roche: {
      servicesUrl: addresses.rocheServicesUrl,
      clientId: one.clientId,
      clientSecret: secret(one.clientSecret),
      tls: {
        cert: certificate(clientFiles(one).cert),
        key: certificate(clientFiles(one).key),
        ca: certificate('ca.pem'),
      },
    },
    retrieval: { endpoint: addresses.s3Endpoint, ca: certificate('ca.pem'), allowedHosts: ['localhost'] },
    ...(one === ST_MARIEN ? { patientIdentity: { source: 'registry' } } : {}),
    destinations: [one.destination],
  });
  const destination = (one: DemoOrganization) => ({
    kind: 'mllp',
    host: '127.0.0.1',
    port: addresses.emrPorts[one.destination],
    acknowledgmentTimeoutMs: 2_000,
    // A real EMR gets longer waits; a night of an hour has no time for them.
    pause: { afterFailures: 2, firstWaitMs: 500, longestWaitMs: 5_000 },
    hl7: { patientAssigningAuthority: one.id.toUpperCase(), devices: 'describe' },
    ...(one === ST_ANNA ? { onAmbiguous: 'park', mapping: { glucoseUnit: 'mmol/L' } } : {}),
  });
  const config = {
    dataDir: folder.data,
    api: { port: addresses.apiPort },
    temporal: {
      address: addresses.temporal,
      ...(addresses.temporalUi === undefined ? {} : { webUi: addresses.temporalUi }),
    },
    store: { url: { file: `secrets/${STORE_FILE}` } },
    encryption: {
      currentKey: key.id,
      keys: { [key.id]: { file: `secrets/${key.file}` } },
      hashKey: secret('hash-key'),
    },
    // Each process on a port of its own; everything is on the loopback.
    metrics: { public: true, port: 0 },
    operators: [
      { name: 'night-shift', token: secret('operator-token'), rights: ['read', 'repair', 'decode', 'audit'] },
    ],
    organizations: Object.fromEntries(ORGANIZATIONS.map((one) => [one.id, organization(one)])),
    destinations: Object.fromEntries(ORGANIZATIONS.map((one) => [one.destination, destination(one)])),
  };
  writeFileSync(folder.config, HEAD + stringify(config), { mode: 0o600 });
}

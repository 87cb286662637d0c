/** Writes the demo's `ductus.yaml`: a real configuration, as a hospital would write it, for simulators on loopback. */
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { SAMPLE_AUTHORITY } from '../simulators/roche-dc/sample-data';
import type { DemoFolder } from './folder';
import { ORGANIZATIONS, type DemoOrganization } from './organizations';
import type { SecretName } from './secrets';

export interface DemoAddresses {
  /** 0: any free one. */
  readonly apiPort: number;
  readonly temporalPort: number;
  readonly temporalUiPort: number;
  /** Of the codec server; undefined: none. */
  readonly codecPort: number | undefined;
  readonly rocheServicesUrl: string;
  /** Of Roche's patient services. */
  readonly rocheFhirUrl: string;
  readonly s3Endpoint: string;
  readonly emrPort: number;
  /** Where each hospital's HIS connects, in the order of `ORGANIZATIONS`; 0 or left out: any free one. */
  readonly hisPorts: readonly number[];
}

/** Real partners get longer waits; nobody wants to watch those. */
const PAUSE = { afterFailures: 3, firstWaitMs: 500, longestWaitMs: 2_000 } as const;
/** The simulator's worst create takes 2 s (`ROCHE_LATENCY_SCALE`). */
const CREATE_TIMEOUT_MS = 5_000;

const HEAD = [
  '# Written by `npm start` for the demo, anew at each start: change a copy, not this file.',
  '# All keys: docs/reference/configuration.md',
  '',
].join('\n');

/** @returns the text of the file */
export function demoConfig(folder: DemoFolder, addresses: DemoAddresses): string {
  const secret = (name: SecretName) => ({ file: `secrets/${name}` });
  const certificate = (name: string) => ({ file: `certificates/${name}` });
  const organization = (one: DemoOrganization, index: number) => ({
    emrOid: one.emrOid,
    timeZone: one.timeZone,
    notification: { basic: { username: one.username, password: secret(one.password) } },
    roche: {
      servicesUrl: addresses.rocheServicesUrl,
      clientId: one.clientId,
      clientSecret: secret(one.clientSecret),
      tls: {
        cert: certificate('ductus-client.pem'),
        key: certificate('ductus-client-key.pem'),
        ca: certificate('ca.pem'),
      },
    },
    retrieval: { endpoint: addresses.s3Endpoint, ca: certificate('ca.pem'), allowedHosts: ['localhost'] },
    ...(one.asksForConsent ? { patientIdentity: { source: 'registry', consent: 'required' } } : {}),
    destinations: [one.destination],
    patientSync: {
      fhirUrl: addresses.rocheFhirUrl,
      createTimeoutMs: CREATE_TIMEOUT_MS,
      identifier: { system: SAMPLE_AUTHORITY },
      mllp: [{ name: one.his.listener, host: '127.0.0.1', port: addresses.hisPorts[index] ?? 0 }],
      pause: PAUSE,
    },
  });
  const destination = ({ insulin }: DemoOrganization) => ({
    kind: 'mllp',
    host: '127.0.0.1',
    port: addresses.emrPort,
    acknowledgmentTimeoutMs: 10_000,
    pause: PAUSE,
    hl7: { insulin, devices: 'describe' },
  });
  const config = {
    dataDir: folder.data,
    api: { port: addresses.apiPort },
    ...(addresses.codecPort === undefined ? {} : { codec: { port: addresses.codecPort, sessionMinutes: 12 * 60 } }),
    temporal: {
      embedded: {
        port: addresses.temporalPort,
        uiPort: addresses.temporalUiPort,
      },
    },
    store: { embedded: { port: 0 } },
    encryption: {
      currentKey: 'demo-1',
      keys: { 'demo-1': secret('payload-key') },
      hashKey: secret('hash-key'),
    },
    // Everything is on the loopback, and the demo reads its own counts.
    metrics: { public: true },
    operators: [{ name: 'demo', token: secret('operator-token'), rights: ['read', 'repair', 'decode'] }],
    organizations: Object.fromEntries(ORGANIZATIONS.map((one, index) => [one.id, organization(one, index)])),
    destinations: Object.fromEntries(ORGANIZATIONS.map((one) => [one.destination, destination(one)])),
  };
  return HEAD + stringify(config);
}

/** Writes the file. */
export function writeDemoConfig(folder: DemoFolder, addresses: DemoAddresses): void {
  writeFileSync(folder.config, demoConfig(folder, addresses), { mode: 0o600 });
}

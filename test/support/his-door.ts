/** A door of the HIS with the test behind it: what was accepted, and what accepting does. */
import { ControlIds } from '../../src/api/patient-sync/control-ids';
import type { AcceptInput, HisOrganization, PatientSyncDoor } from '../../src/api/patient-sync/door';
import { startMllpListener, type ListenerConfig, type MllpListener } from '../../src/api/patient-sync/mllp-listener';
import type { SessionLimits } from '../../src/api/patient-sync/mllp-session';
import { OrganizationIdSchema } from '../../src/domain/identifiers';
import { createKeyedHash } from '../../src/runtime/codec/keyed-hash';
import type { Config } from '../../src/runtime/config/schema';
import { Secret } from '../../src/runtime/config/secret';
import { createLogger } from '../../src/runtime/telemetry/logger';
import { createMetrics } from '../../src/runtime/telemetry/metrics';
import { patientSyncSettings } from '../../src/transforms/adt-to-fhir';
import { testConfig } from './config';

export const ORGANIZATION = OrganizationIdSchema.parse('st-marien');

/** Configuration of one hospital with patient sync. */
export function hisConfig(patientSync: object = {}, secrets: Readonly<Record<string, string>> = {}): Config {
  return testConfig(
    {
      api: { port: 0, bodyLimitBytes: 4096 },
      organizations: {
        [ORGANIZATION]: {
          emrOid: '2.999.1.1',
          timeZone: 'Europe/Berlin',
          notification: { basic: { username: 'roche', password: { env: 'PASSWORD' } } },
          roche: {
            servicesUrl: 'https://localhost:1/',
            clientId: 'c',
            clientSecret: { env: 'CLIENT_SECRET' },
            tls: {},
          },
          destinations: ['emr-main'],
          patientSync: { fhirUrl: 'https://localhost:1/', ...patientSync },
        },
      },
      destinations: { 'emr-main': { kind: 'mllp', host: 'localhost', port: 1 } },
    },
    secrets,
  );
}

export function patientSyncOf(
  config: Config,
): NonNullable<Config['organizations'][typeof ORGANIZATION]['patientSync']> {
  const found = config.organizations[ORGANIZATION]?.patientSync;
  if (found === undefined) throw new Error('no patientSync in this configuration');
  return found;
}

export interface TestDoor extends PatientSyncDoor {
  readonly accepted: AcceptInput[];
  readonly logLines: string[];
  /** What accepting does; replace it. */
  behind: (input: AcceptInput) => Promise<void>;
  /** Digest of an earlier message, by its control id; replace it. */
  ledger: (controlId: string) => Promise<{ readonly digest: string } | undefined>;
  /** A metric's samples, as `name{labels} value`. */
  samples(name: string): Promise<readonly string[]>;
}

export function testDoor(): TestDoor {
  const accepted: AcceptInput[] = [];
  const logLines: string[] = [];
  const metrics = createMetrics();
  const door: TestDoor = {
    accepted,
    logLines,
    behind: () => Promise.resolve(),
    ledger: () => Promise.resolve(undefined),
    accept: async (input) => {
      await door.behind(input);
      accepted.push(input);
      return 'stored';
    },
    earlier: (_organization, _source, controlId) => door.ledger(controlId),
    hash: createKeyedHash(new Secret('planted-hash-key-0123456789')),
    metrics: metrics.his,
    logger: createLogger({ level: 'debug', role: 'test', stream: { write: (line) => void logLines.push(line) } }),
    answered: new ControlIds(),
    samples: async (name) =>
      (await metrics.registry.metrics())
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) && !line.includes('le="')),
  };
  return door;
}

export function hisOf(config: Config): HisOrganization {
  return { organization: ORGANIZATION, settings: patientSyncSettings(patientSyncOf(config), 'Europe/Berlin') };
}

export interface ListeningDoor extends AsyncDisposable {
  readonly door: TestDoor;
  readonly listener: MllpListener;
  readonly port: number;
}

/** A listener on a free port of the loopback. @param listener its part of the configuration */
export async function listen(
  listener: Partial<Record<keyof ListenerConfig, unknown>> = {},
  options: {
    readonly patientSync?: object;
    readonly secrets?: Readonly<Record<string, string>>;
    readonly limits?: SessionLimits;
  } = {},
): Promise<ListeningDoor> {
  const mllp = [{ name: 'his-main', host: '127.0.0.1', port: 0, ...listener }];
  const config = hisConfig({ mllp, ...options.patientSync }, options.secrets);
  const [own] = patientSyncOf(config).mllp;
  if (own === undefined) throw new Error('no listener');
  const door = testDoor();
  const running = await startMllpListener(own, hisOf(config), door, options.limits);
  return { door, listener: running, port: running.address.port, [Symbol.asyncDispose]: () => running.close() };
}

/**
 * A whole hospital of processes: Ductus as it is run in production (API and workers apart, real Temporal, real
 * PostgreSQL), and the Roche and EMR simulators in processes of their own. Each can be killed and started again.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { writeCertificates } from '../../../simulators/certificates';
import type { EmrOptions } from '../../../simulators/emr/emr-simulator';
import { RocheControl } from '../../../simulators/roche-dc/control';
import type { RocheOptions } from '../../../simulators/roche-dc/options';
import { SimulatorProcess } from '../../../simulators/simulator-process';
import { freePort } from '../../../src/runtime/embedded/ports';
import { startRealPostgres, type RealPostgres } from '../../support/postgres';
import { startTemporal, type TestTemporal } from '../../support/temporal';
import type { Programs } from './compiled';
import { EmrProcess } from './emr-process';
import { SupervisedProcess } from './supervised-process';

/** Two organizations, so that what belongs to one never reaches the other. OIDs of the arc for examples. */
export const ORGANIZATIONS = [
  { id: 'st-marien', emrOid: '2.999.1.1', clientId: 'client-1', username: 'roche-1', timeZone: 'Europe/Berlin' },
  { id: 'st-anna', emrOid: '2.999.1.2', clientId: 'client-2', username: 'roche-2', timeZone: 'Europe/Zurich' },
] as const;
export const DESTINATION = 'emr-main';
/** Stands in the configuration, so in no log. */
export const SECRET_NAMES = [
  'callback-password',
  'client-secret',
  'payload-key',
  'hash-key',
  'operator-token',
] as const;

export interface StageOptions {
  readonly programs: Programs;
  /** Everything is kept below it. */
  readonly folder: string;
  readonly workers: number;
  readonly roche: Omit<RocheOptions, 'organizations'>;
  readonly emr: Omit<EmrOptions, 'port' | 'log' | 'tls'>;
  /** Merged into the destination of the configuration. */
  readonly destination: object;
  /** Merged into the configuration. */
  readonly config?: object;
  /** `patientSync` of the first organization, without the address of Roche's services. */
  readonly patientSync?: object;
}

/** As `ductus` runs in production: src/cli/main.ts, Dockerfile. */
export const NODE_FLAGS = ['--max-semi-space-size=16'] as const;

/** How long a start may take on a busy machine. */
const START_MS = 60_000;

/** All of it; `await using` ends what runs, in the order in which a shutdown would. */
export interface Stage extends AsyncDisposable {
  readonly postgres: RealPostgres;
  readonly storeUrl: string;
  readonly temporal: TestTemporal;
  readonly emr: EmrProcess;
  readonly roche: RocheControl;
  /** Of the Roche simulator's control API. */
  readonly rocheControlUrl: string;
  readonly api: SupervisedProcess;
  readonly apiUrl: string;
  readonly workers: readonly SupervisedProcess[];
  readonly configFile: string;
  /** Values that may stand in no log. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** Starts everything and waits until it serves. */
export async function startStage(options: StageOptions): Promise<Stage> {
  const { folder, programs } = options;
  const certificates = join(folder, 'certificates');
  await writeCertificates(certificates);
  const secrets = writeSecrets(join(folder, 'secrets'));
  const secret = (name: (typeof SECRET_NAMES)[number]): string => secrets.get(name) ?? '';

  await using started = new AsyncDisposableStack();
  const postgres = await startRealPostgres();
  started.defer(() => postgres.stop());
  const temporal = started.use(await startTemporal({ dir: join(folder, 'temporal') }));
  const emr = await EmrProcess.start({ main: programs.simulators, folder, options: options.emr });
  started.defer(() => emr.stop());
  const storeUrl = await postgres.createDatabase();
  const apiPort = await freePort();
  const apiUrl = `http://127.0.0.1:${String(apiPort)}`;
  const rocheFile = join(folder, 'roche.json');
  writeFileSync(
    rocheFile,
    JSON.stringify({
      ...options.roche,
      certificates,
      organizations: ORGANIZATIONS.map(({ emrOid, clientId, username }) => ({
        emrOid,
        clientId,
        clientSecret: secret('client-secret'),
        callback: { url: `${apiUrl}/roche/notifications`, username, password: secret('callback-password') },
      })),
    }),
    { mode: 0o600 },
  );
  const rocheProcess = await SimulatorProcess.start({
    main: programs.roche ?? programs.simulators,
    args: ['roche', '--config', rocheFile],
  });
  const { ready } = rocheProcess;
  if (ready.simulator !== 'roche') throw new Error('the wrong simulator was started');

  const configFile = join(folder, 'ductus.yaml');
  writeFileSync(
    configFile,
    stringify({
      dataDir: join(folder, 'data'),
      api: { port: apiPort },
      temporal: { address: temporal.address },
      store: { url: { env: 'STORE_URL' } },
      encryption: {
        currentKey: 'k1',
        keys: { k1: { file: 'secrets/payload-key' } },
        hashKey: { file: 'secrets/hash-key' },
      },
      operators: [{ name: 'night-shift', token: { file: 'secrets/operator-token' } }],
      organizations: Object.fromEntries(
        ORGANIZATIONS.map((one) => [
          one.id,
          {
            ...organizationConfig(one, ready),
            ...(options.patientSync === undefined || one !== ORGANIZATIONS[0]
              ? {}
              : { patientSync: { fhirUrl: ready.fhirUrl, ...options.patientSync } }),
          },
        ]),
      ),
      destinations: {
        [DESTINATION]: { kind: 'mllp', host: '127.0.0.1', port: emr.port, ...options.destination },
      },
      ...options.config,
    }),
    { mode: 0o600 },
  );

  const serve = (role: 'api' | 'worker', name: string, readyMessage: string): SupervisedProcess => {
    const supervised = new SupervisedProcess({
      name,
      args: [...NODE_FLAGS, programs.ductus, '--config', configFile, 'serve', '--role', role],
      env: { ...withoutDuctus(process.env), STORE_URL: storeUrl },
      logFile: join(folder, `${name}.log`),
      readyMessage,
    });
    started.defer(() => supervised.stop());
    return supervised;
  };
  const workers = Array.from({ length: options.workers }, (_, index) =>
    serve('worker', `worker-${String(index + 1)}`, 'worker runs'),
  );
  const api = serve('api', 'api', 'api listens');
  // Ended first: what it still sends would only be refused.
  started.defer(async () => void (await rocheProcess.end()));
  await Promise.all([api, ...workers].map((one) => one.ready(START_MS)));

  const all = started.move();
  const roche = new RocheControl(ready.controlUrl);
  return {
    postgres,
    storeUrl,
    temporal,
    emr,
    roche,
    rocheControlUrl: ready.controlUrl,
    api,
    apiUrl,
    workers,
    configFile,
    secrets,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

type Organization = (typeof ORGANIZATIONS)[number];

function organizationConfig(
  one: Organization,
  roche: { readonly servicesUrl: string; readonly s3Endpoint: string },
): object {
  const certificate = (name: string) => ({ file: `certificates/${name}` });
  return {
    emrOid: one.emrOid,
    timeZone: one.timeZone,
    notification: { basic: { username: one.username, password: { file: 'secrets/callback-password' } } },
    roche: {
      servicesUrl: roche.servicesUrl,
      clientId: one.clientId,
      clientSecret: { file: 'secrets/client-secret' },
      tls: {
        cert: certificate('ductus-client.pem'),
        key: certificate('ductus-client-key.pem'),
        ca: certificate('ca.pem'),
      },
      requestTimeoutMs: 5_000,
    },
    retrieval: { endpoint: roche.s3Endpoint, ca: certificate('ca.pem'), allowedHosts: ['localhost'] },
    destinations: [DESTINATION],
  };
}

function writeSecrets(folder: string): ReadonlyMap<string, string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const secrets = new Map(SECRET_NAMES.map((name) => [name, randomBytes(32).toString('base64')]));
  for (const [name, value] of secrets) writeFileSync(join(folder, name), value, { mode: 0o600 });
  return secrets;
}

/** The environment without settings of a Ductus that somebody runs here. */
function withoutDuctus(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('DUCTUS_')));
}

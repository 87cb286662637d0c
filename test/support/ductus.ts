/**
 * Ductus as a whole for flow tests, on real parts: PostgreSQL, Temporal, HTTP, TLS, S3 signatures and MLLP. Only Roche
 * and the EMR are simulators, and those listen on real sockets.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import path from 'node:path';
import { inspect } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Runtime, type WorkflowBundle } from '@temporalio/worker';
import { createCertificates, type Certificates } from '../../simulators/certificates';
import { EmrSimulator } from '../../simulators/emr/emr-simulator';
import { RocheSimulator } from '../../simulators/roche-dc/roche-simulator';
import type { RocheOptions } from '../../simulators/roche-dc/options';
import { createDataConverter } from '../../src/runtime/codec/data-converter';
import type { Config } from '../../src/runtime/config/schema';
import { serve, type Role, type RunningDuctus } from '../../src/runtime/serve';
import { createLogger, type Logger } from '../../src/runtime/telemetry/logger';
import { installTemporalRuntime } from '../../src/runtime/telemetry/temporal-runtime';
import { SECRETS, testConfig, testConfigDefaults } from './config';
import { startRealPostgres, type RealPostgres } from './postgres';
import { temporaryFolder } from './temporary-folder';

export const EMR_OID = '2.999.1.1';
export const OTHER_OID = '2.999.1.2';

/** What lives as long as a test file: servers that are slow to start. */
export interface World {
  readonly postgres: RealPostgres;
  readonly certificates: Certificates;
  readonly workflows: { readonly workflowBundle: WorkflowBundle };
  readonly temporalAddress: string;
  stop(): Promise<void>;
}

/**
 * @param sdkMetricsPort where the SDK serves its own metrics; nowhere when left out
 * @param onSdkLine takes what the SDK says of failures, where a test is about that; default: jest shows it
 */
export async function startWorld(
  temporalAddress: string,
  sdkMetricsPort?: number,
  onSdkLine?: (line: string) => void,
): Promise<World> {
  // Failures are what these tests are about: the SDK's lines about them would hide what jest says.
  const quiet = new DefaultLogger(
    'ERROR',
    onSdkLine === undefined ? undefined : ({ message, meta }) => onSdkLine(`${message} ${inspect(meta)}`),
  );
  if (sdkMetricsPort === undefined) Runtime.install({ logger: quiet, shutdownSignals: [] });
  else installTemporalRuntime({ logger: createLogger({ level: 'error', role: 'test' }), metricsPort: sdkMetricsPort });
  const [postgres, certificates, workflowBundle] = await Promise.all([
    startRealPostgres(),
    createCertificates(),
    bundleWorkflowCode({
      workflowsPath: path.resolve(__dirname, '../../src/workflows/index.ts'),
      workflowInterceptorModules: [path.resolve(__dirname, '../../src/workflows/traces.ts')],
      failureConverterPath: path.resolve(__dirname, '../../src/runtime/codec/failure-converter.ts'),
      logger: quiet,
    }),
  ]);
  return { postgres, certificates, workflows: { workflowBundle }, temporalAddress, stop: () => postgres.stop() };
}

export interface HospitalOptions {
  readonly roche?: Partial<RocheOptions>;
  /** Merged into the destination. */
  readonly destination?: object;
  /** Further destinations of the first organization, by a short name: see `Hospital.destinationId`. */
  readonly destinations?: Readonly<Record<string, object>>;
  /** Merged into the first organization. */
  readonly organization?: object;
  /** The first organization sends its patients to Roche: `patientSync` without the address. */
  readonly patientSync?: object;
  /** Limit on the size of a file. */
  readonly maxFileBytes?: number;
  readonly dataSharing?: object;
  readonly alerts?: object;
  readonly metrics?: object;
  readonly traces?: object;
  readonly sdkMetricsUrl?: string;
  /** Further keys of the configuration, or others instead; and secrets for them. */
  readonly settings?: object;
  readonly secrets?: Readonly<Record<string, string>>;
}

/** One hospital: simulators, configuration, and Ductus itself. */
export interface Hospital extends AsyncDisposable {
  readonly roche: RocheSimulator;
  emr: EmrSimulator;
  readonly config: Config;
  /** What `config` was made of, and its secrets: for a process with a configuration file. */
  readonly configInput: object;
  readonly secrets: Readonly<Record<string, string>>;
  readonly organizationId: string;
  /** The one destination, or the first. */
  readonly destination: string;
  /** The id of a further destination. */
  destinationId(name: string): string;
  readonly client: Client;
  readonly storeUrl: string;
  readonly logLines: string[];
  readonly logger: Logger;
  ductus: RunningDuctus;
  /** Base URL of the HTTP API. */
  readonly url: string;
  workflowId(messageId: string): string;
  startAgain(role?: Role): Promise<void>;
  /** Starts a new EMR on the port of the one that was stopped. */
  openEmrAgain(): Promise<EmrSimulator>;
}

export async function openHospital(world: World, options: HospitalOptions = {}): Promise<Hospital> {
  const { certificates } = world;
  // Hospitals share a Temporal namespace: their workflow ids must differ.
  const suffix = randomBytes(4).toString('hex');
  const organizationId = `st-marien-${suffix}`;
  const destination = `emr-${suffix}`;
  const further = Object.fromEntries(
    Object.entries(options.destinations ?? {}).map(([name, settings]) => [`${name}-${suffix}`, settings]),
  );
  const delivery = {
    acknowledgmentTimeoutMs: 2000,
    pause: { afterFailures: 2, firstWaitMs: 100, longestWaitMs: 500 },
  };
  const roche = new RocheSimulator(
    {
      seed: 1,
      duplicateRate: 0,
      organizations: [
        { emrOid: EMR_OID, clientId: 'client', clientSecret: SECRETS['CLIENT_SECRET'] ?? '' },
        { emrOid: OTHER_OID, clientId: 'client-2', clientSecret: SECRETS['CLIENT_SECRET'] ?? '' },
      ],
      ...options.roche,
    },
    certificates,
  );
  const emr = new EmrSimulator({});
  const folder = temporaryFolder();
  await Promise.all([roche.start(), emr.start()]);
  const emrPort = emr.port;
  const storeUrl = await world.postgres.createDatabase();
  const organization = (emrOid: string, clientId: string) => ({
    emrOid,
    timeZone: 'Europe/Berlin',
    notification: { basic: { username: `roche-${clientId}`, password: { env: 'PASSWORD' } } },
    roche: {
      servicesUrl: roche.servicesUrl,
      clientId,
      clientSecret: { env: 'CLIENT_SECRET' },
      tls: { cert: { env: 'CLIENT_CERT' }, key: { env: 'CLIENT_KEY' }, ca: { env: 'CA' } },
      requestTimeoutMs: 3000,
    },
    retrieval: {
      endpoint: roche.s3Endpoint,
      ca: { env: 'CA' },
      allowedHosts: ['localhost'],
      ...(options.maxFileBytes === undefined ? {} : { maxFileBytes: options.maxFileBytes }),
    },
    destinations: [destination],
  });
  const configInput = {
    dataDir: folder.path,
    api: { port: 0 },
    temporal: { address: world.temporalAddress, taskQueue: `test-${randomUUID()}` },
    store: { url: { env: 'STORE_URL' } },
    organizations: {
      [organizationId]: {
        ...organization(EMR_OID, 'client'),
        destinations: [destination, ...Object.keys(further)],
        ...(options.patientSync === undefined
          ? {}
          : { patientSync: { fhirUrl: roche.fhirUrl, ...options.patientSync } }),
        ...options.organization,
      },
      [`st-anna-${suffix}`]: organization(OTHER_OID, 'client-2'),
    },
    destinations: {
      [destination]: {
        kind: 'mllp',
        host: '127.0.0.1',
        port: emrPort,
        ...delivery,
        ...options.destination,
      },
      ...Object.fromEntries(Object.entries(further).map(([id, settings]) => [id, { ...delivery, ...settings }])),
    },
    ...(options.dataSharing === undefined ? {} : { dataSharing: options.dataSharing }),
    ...(options.alerts === undefined ? {} : { alerts: options.alerts }),
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    ...(options.traces === undefined ? {} : { traces: options.traces }),
    ...options.settings,
  };
  const secrets = {
    STORE_URL: storeUrl,
    CA: certificates.ca.cert,
    CLIENT_CERT: certificates.ductusClient.cert,
    CLIENT_KEY: certificates.ductusClient.key,
    ...options.secrets,
  };
  const config = testConfig(configInput, secrets);
  const logLines: string[] = [];
  const logger = createLogger({ level: 'debug', role: 'test', stream: { write: (line) => void logLines.push(line) } });
  const start = (role: Role): Promise<RunningDuctus> =>
    serve(config, role, logger, {
      workflows: world.workflows,
      ...(options.sdkMetricsUrl === undefined ? {} : { sdkMetricsUrl: options.sdkMetricsUrl }),
    });
  const ductus = await start('all');
  const connection = await Connection.connect({ address: world.temporalAddress });
  const client = new Client({ connection, dataConverter: createDataConverter(config) });

  const hospital: Hospital = {
    roche,
    emr,
    config,
    configInput: { ...testConfigDefaults, ...configInput },
    secrets: { ...SECRETS, ...secrets },
    client,
    storeUrl,
    logLines,
    logger,
    ductus,
    get url() {
      return this.ductus.url ?? '';
    },
    organizationId,
    destination,
    destinationId: (name) => `${name}-${suffix}`,
    workflowId: (messageId) => `data-sharing/${organizationId}/${messageId}`,
    async startAgain(role = 'all') {
      this.ductus = await start(role);
      callbacks();
    },
    async openEmrAgain() {
      this.emr = new EmrSimulator({ port: emrPort });
      await this.emr.start();
      return this.emr;
    },
    async [Symbol.asyncDispose]() {
      await roche.stop();
      await this.ductus.stop();
      await this.emr.stop();
      await connection.close();
      folder[Symbol.dispose]();
    },
  };
  const callbacks = (): void => {
    for (const [oid, clientId] of [
      [EMR_OID, 'client'],
      [OTHER_OID, 'client-2'],
    ] as const) {
      roche.setCallback(oid, {
        url: `${hospital.url}/roche/notifications`,
        username: `roche-${clientId}`,
        password: SECRETS['PASSWORD'] ?? '',
      });
    }
  };
  callbacks();
  return hospital;
}

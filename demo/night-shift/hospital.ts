/**
 * All that a night shift stands on: the servers, Ductus as two processes, Roche, and an EMR for each hospital. Opened
 * once, closed in the reverse order. Servers are of their own, so that a process of Ductus can be killed alone.
 */
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { request } from 'undici';
import { issueClientCertificate, writeCertificates, type Certificates } from '../../simulators/certificates';
import { freePort } from '../../src/runtime/embedded/ports';
import { startEmbeddedPostgres } from '../../src/runtime/embedded/postgres';
import { findTemporalBinary, startEmbeddedTemporal } from '../../src/runtime/embedded/temporal';
import { DemoError } from '../demo-error';
import { writeDuctusCommand } from '../ductus-command';
import { DemoEmr } from '../emr';
import type { DemoFolder } from '../folder';
import { ORGANIZATIONS, ST_ANNA, ST_MARIEN } from '../organizations';
import { DemoRoche } from '../roche';
import { Scoreboard, type FlowCounts } from '../scoreboard';
import { writeSecrets, type Secrets } from '../secrets';
import {
  clientFiles,
  KEY_BEFORE,
  KEY_NOW,
  STORE_FILE,
  writeNightConfig,
  type NightAddresses,
  type NightKey,
} from './config';
import { Service, type ServiceRole } from './service';

const DAY_MS = 24 * 60 * 60 * 1000;
/** St. Marien's client certificate ends this soon: within the week in which the doctor calls it a failure. */
const CERTIFICATE_DAYS = 5;

export interface NightOptions {
  readonly folder: DemoFolder;
  readonly seed: number;
  /** Told in a few words what is done. */
  readonly tell: (what: string) => void;
}

export class NightHospital {
  readonly folder: DemoFolder;
  readonly seed: number;
  readonly roche: DemoRoche;
  readonly emrs: Readonly<Record<'main' | 'anna', DemoEmr>>;
  readonly certificates: Certificates;
  /** Keys by id, as the safe has them. */
  readonly safe: ReadonlyMap<string, string>;
  readonly services = new Map<ServiceRole, Service>();
  readonly #secrets: Secrets;
  /** What Roche takes now: by the id of the organization. */
  readonly clientSecrets = new Map<string, string>();
  readonly #board = new Scoreboard();
  readonly #closers: (() => Promise<void>)[] = [];
  readonly #starting = new Set<Promise<Service>>();
  #closing = false;
  #addresses: NightAddresses | undefined;
  #temporalUi: string | undefined;
  /** Messages that an EMR stored a second time, since it does not know the first by its MSH-10. */
  #storedAgain = 0;
  #looking: Promise<void> | undefined;

  private constructor({ folder, seed }: NightOptions, certificates: Certificates) {
    this.folder = folder;
    this.seed = seed;
    this.certificates = certificates;
    this.#secrets = writeSecrets(folder.secrets);
    this.safe = new Map([KEY_BEFORE, KEY_NOW].map(({ id }) => [id, randomBytes(32).toString('base64')]));
    for (const { id, clientSecret } of ORGANIZATIONS) this.clientSecrets.set(id, this.#secrets[clientSecret]);
    this.roche = new DemoRoche(
      {
        seed,
        duplicateRate: 0,
        retryUnanswered: true,
        organizations: ORGANIZATIONS.map(({ emrOid, clientId, clientSecret }) => ({
          emrOid,
          clientId,
          clientSecret: this.#secrets[clientSecret],
        })),
      },
      certificates,
    );
    this.roche.onShare = (file) => this.#board.share(file);
    const frames = (name: string): string => path.join(folder.path, `${name}-frames.jsonl`);
    this.emrs = {
      main: new DemoEmr(frames(ST_MARIEN.destination), seed, 0),
      anna: new DemoEmr(frames(ST_ANNA.destination), seed, 0),
    };
  }

  /** Starts the servers and the simulators, and writes the configuration of yesterday; no Ductus yet. */
  static async open(options: NightOptions): Promise<NightHospital> {
    const { folder, tell } = options;
    const night = new NightHospital(options, await writeCertificates(folder.certificates));
    try {
      tell('Starting Temporal, PostgreSQL, Roche and the EMRs');
      await night.#open(tell);
      return night;
    } catch (error) {
      await night.close();
      throw error;
    }
  }

  get temporalUi(): string | undefined {
    return this.#temporalUi;
  }

  /** Makes a key the only one of the ring. */
  useKey(key: NightKey): void {
    if (this.#addresses === undefined) throw new Error('the night has not begun');
    for (const { file } of [KEY_BEFORE, KEY_NOW]) rmSync(path.join(this.folder.secrets, file), { force: true });
    this.#writeSecret(key.file, this.safe.get(key.id) ?? '');
    writeNightConfig(this.folder, this.#addresses, key);
  }

  /** Stops a process if it runs, and starts it with the configuration as it is now. */
  async restart(role: ServiceRole): Promise<Service> {
    const starting = this.#restart(role);
    this.#starting.add(starting);
    const service = await starting.finally(() => this.#starting.delete(starting));
    if (service.url !== undefined) {
      for (const { emrOid, username, password } of ORGANIZATIONS) {
        const url = `${service.url}/roche/notifications`;
        this.roche.setCallback(emrOid, { url, username, password: this.#secrets[password] });
      }
    }
    return service;
  }

  async #restart(role: ServiceRole): Promise<Service> {
    await this.services.get(role)?.stop();
    if (this.#closing) throw new DemoError('The night is over.');
    const service = await Service.start(this.folder, role);
    this.services.set(role, service);
    return service;
  }

  /** What a running process says in its metrics; undefined: it does not run. */
  async metrics(role: ServiceRole): Promise<string | undefined> {
    const service = this.services.get(role);
    if (service?.runs !== true) return undefined;
    try {
      // A connection of its own: one that is kept open breaks when the process stops between two looks.
      const answer = await request(`${service.metricsUrl}/metrics`, { reset: true });
      return await answer.body.text();
    } catch {
      // It is being stopped right now.
      return undefined;
    }
  }

  /** Looks at what the EMRs got. */
  async look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => (this.#looking = undefined));
    await this.#looking;
  }

  /** Counted from the simulators' side. Call `look` before. */
  counts(): Pick<FlowCounts, 'lost' | 'twice'> {
    const { lost, twice } = this.#board.count(this.roche.stats().notifications);
    return { lost, twice: twice + this.#storedAgain };
  }

  hasDelivered(messageId: string): boolean {
    return this.#board.hasDelivered(messageId);
  }

  isAcknowledged(messageId: string): boolean {
    return this.roche.stats().notifications.some((one) => one.messageId === messageId && one.acks.length > 0);
  }

  /** Stops everything. Nothing is left running. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.allSettled(this.#starting);
    await Promise.all([...this.services.values()].map((service) => service.stop()));
    for (const close of this.#closers.splice(0).reverse()) await close();
  }

  async #open(tell: (what: string) => void): Promise<void> {
    const { data } = this.folder;
    const log = { info: () => undefined, warn: tell, error: tell };
    const binary = await findTemporalBinary({ log: tell });
    const temporal = async () => {
      const server = await startEmbeddedTemporal({ binary, dataDir: data, port: 0, uiPort: 0, log });
      this.#closers.push(() => server.stop());
      return server;
    };
    const postgres = async () => {
      const server = await startEmbeddedPostgres({ dataDir: data, port: 0, log });
      this.#closers.push(() => server.stop());
      return server;
    };
    const [{ address, uiUrl }, { url }] = await Promise.all([temporal(), postgres()]);
    this.#temporalUi = uiUrl;
    this.#writeSecret(STORE_FILE, url);
    await this.#writeClientCertificates();
    for (const part of [this.roche, this.emrs.main, this.emrs.anna]) {
      this.#closers.push(() => part.stop());
      await part.start();
    }
    this.#addresses = {
      temporal: address,
      temporalUi: uiUrl,
      apiPort: await freePort(),
      rocheServicesUrl: this.roche.servicesUrl,
      s3Endpoint: this.roche.s3Endpoint,
      emrPorts: { [ST_MARIEN.destination]: this.emrs.main.port, [ST_ANNA.destination]: this.emrs.anna.port },
    };
    this.useKey(KEY_BEFORE);
    writeDuctusCommand(this.folder);
  }

  async #writeClientCertificates(): Promise<void> {
    const soon = new Date(Date.now() + CERTIFICATE_DAYS * DAY_MS + DAY_MS / 2);
    for (const organization of ORGANIZATIONS) {
      const { cert, key } =
        organization === ST_MARIEN
          ? await issueClientCertificate(this.certificates.ca, soon)
          : this.certificates.ductusClient;
      const files = clientFiles(organization);
      writeFileSync(path.join(this.folder.certificates, files.cert), cert);
      writeFileSync(path.join(this.folder.certificates, files.key), key, { mode: 0o600 });
    }
  }

  #writeSecret(name: string, value: string): void {
    writeFileSync(path.join(this.folder.secrets, name), `${value}\n`, { mode: 0o600 });
  }

  async #lookOnce(): Promise<void> {
    for (const emr of Object.values(this.emrs)) {
      const { frames } = await emr.news();
      this.#board.receive(frames);
      if (emr === this.emrs.anna)
        this.#storedAgain += frames.filter(({ accepted, repeat }) => accepted && repeat).length;
    }
  }
}

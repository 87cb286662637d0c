/** A running demo: simulators, Ductus, and the two sides' scoreboard. Opened once, closed in the reverse order. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { request } from 'undici';
import { writeCertificates } from '../simulators/certificates';
import { listenForControl } from '../simulators/control-server';
import { createRocheControl } from '../simulators/roche-dc/control';
import { SAMPLE_AUTHORITY } from '../simulators/roche-dc/sample-data';
import { describeEnd } from '../src/runtime/embedded/child';
import { writeDemoConfig } from './config';
import { isAnswered } from './day';
import { writeDuctusCommand } from './ductus-command';
import { startDuctus, type DuctusProcess } from './ductus-process';
import { DemoEmr } from './emr';
import type { DemoFolder } from './folder';
import { DemoHis } from './his';
import type { ControlUrls } from './links';
import type { Narrator } from './narrator';
import { Observer } from './observer';
import { ORGANIZATIONS, ST_MARIEN, type DemoOrganization } from './organizations';
import { countPatients, type PatientCounts } from './patient-counts';
import type { DemoPorts } from './ports';
import { DemoRoche, ROCHE_LATENCY_SCALE } from './roche';
import { Scoreboard, type FlowCounts } from './scoreboard';
import { writeSecrets, type Secrets } from './secrets';
import type { Column } from './table';

export interface SessionOptions {
  readonly folder: DemoFolder;
  readonly ports: DemoPorts;
  readonly seed: number;
  readonly tell: Narrator;
  /** Whether a Ductus that ends by itself is started again; otherwise the demo has failed. */
  readonly restart: boolean;
  readonly signal: AbortSignal;
}

/** How long files under way get when the demo ends. */
const FINISH_MS = 10_000;
/** After a kill, the folder's servers need a moment to notice that their owner is gone. */
const RESTART_WAIT_MS = 1_000;
const RESTART_TRIES = 5;

export class Session {
  readonly roche: DemoRoche;
  readonly emr: DemoEmr;
  /** Rejects when Ductus is gone for good. */
  readonly failed: Promise<never>;
  readonly #options: SessionOptions;
  readonly #secrets: Secrets;
  readonly #board = new Scoreboard();
  readonly #observer: Observer;
  readonly #his: ReadonlyMap<DemoOrganization, DemoHis>;
  /** Patient numbers in what the EMRs accepted. */
  readonly #emrNumbers = new Set<string>();
  readonly #closers: (() => Promise<void>)[] = [];
  #fail: (error: Error) => void = () => undefined;
  #ductus: DuctusProcess | undefined;
  #rocheControlUrl = '';
  #closing = false;
  /** Frames of the EMR that were counted. */
  #heard = 0;
  #looking: Promise<void> | undefined;

  private constructor(options: SessionOptions, secrets: Secrets, roche: DemoRoche) {
    this.#options = options;
    this.#secrets = secrets;
    this.#observer = new Observer(options.tell);
    this.emr = new DemoEmr(options.folder.frames, options.seed, options.ports.emrControl);
    this.#his = new Map(ORGANIZATIONS.map((one) => [one, new DemoHis(one, options.seed, options.signal)]));
    this.roche = roche;
    this.roche.onShare = (file) => this.#board.share(file);
    this.failed = new Promise<never>((_resolve, reject) => (this.#fail = reject));
    this.failed.catch(() => undefined);
  }

  /** Starts everything. @throws DemoError when a part can't be started */
  static async open(options: SessionOptions): Promise<Session> {
    const secrets = writeSecrets(options.folder.secrets);
    const certificates = await writeCertificates(options.folder.certificates);
    const roche = new DemoRoche(
      {
        seed: options.seed,
        // The day decides which notification comes twice.
        duplicateRate: 0,
        retryUnanswered: true,
        organizations: ORGANIZATIONS.map(({ emrOid, clientId, clientSecret }) => ({
          emrOid,
          clientId,
          clientSecret: secrets[clientSecret],
        })),
        patients: { latencyScale: ROCHE_LATENCY_SCALE, systems: [SAMPLE_AUTHORITY] },
      },
      certificates,
    );
    const session = new Session(options, secrets, roche);
    try {
      await session.#start();
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  get ductus(): DuctusProcess | undefined {
    return this.#ductus;
  }

  get controlUrls(): ControlUrls {
    return { roche: this.#rocheControlUrl, emr: this.emr.controlUrl };
  }

  /** Changes when something has happened that the counts may show. */
  get revision(): string {
    const said = [...this.#his.values()].flatMap((his) => his.ledger()).filter(({ accepted }) => accepted).length;
    const { totals } = this.roche.stats();
    return JSON.stringify([this.#heard, totals, said, this.roche.patientTotals()]);
  }

  /** Looks at the EMR's log and at Roche's statistics, and tells what is new. */
  async look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => (this.#looking = undefined));
    await this.#looking;
  }

  /** What was counted, of all. Call `look` before. */
  counts(): FlowCounts {
    return this.#board.count(this.roche.stats().notifications);
  }

  his(organization: DemoOrganization): DemoHis {
    const his = this.#his.get(organization);
    if (his === undefined) throw new Error(`${organization.id} is none of the demo's organizations`);
    return his;
  }

  /** Patient numbers of all messages that the EMRs accepted. Call `look` before. */
  get emrNumbers(): ReadonlySet<string> {
    return this.#emrNumbers;
  }

  /** How the patients stand, of all hospitals or of some. */
  patients(organizations: readonly DemoOrganization[] = ORGANIZATIONS): PatientCounts {
    const sides = organizations.map((one) => ({ emrOid: one.emrOid, ledger: this.his(one).ledger() }));
    return countPatients(sides, this.roche.patientStats());
  }

  /** What was counted: a column for each organization, and the total. */
  columns(): Column[] {
    const { notifications } = this.roche.stats();
    return [
      ...ORGANIZATIONS.map((organization) => ({
        title: organization.id,
        counts: this.#board.count(notifications.filter((one) => one.emrOid === organization.emrOid)),
        patients: this.patients([organization]),
      })),
      { title: 'total', counts: this.#board.count(notifications), patients: this.patients() },
    ];
  }

  /** Resources that Ductus has no mapping for, by its own metrics of this run. */
  async unmapped(): Promise<number> {
    const answer = await request(`${this.#ductus?.url ?? ''}/metrics`);
    const lines = (await answer.body.text()).matchAll(/^ductus_unmapped_resources_total\{type="(\w+)"\} (\d+)$/gm);
    // `element`: elements of resources that have a mapping.
    return [...lines].reduce((sum, [, type, count]) => sum + (type === 'element' ? 0 : Number(count)), 0);
  }

  /** Tells when a file is acknowledged. @param name what to call it */
  announce(messageId: string, name: string): void {
    this.#observer.await(messageId, name);
  }

  /** Gives what is under way a moment, so that the next start finds nothing half done. */
  async finish(signal: AbortSignal): Promise<void> {
    const settled = (): boolean =>
      this.roche.stats().notifications.every((one) => isAnswered(one) || this.#board.count([one]).refused > 0) &&
      this.patients().missing.length === 0;
    const end = Date.now() + FINISH_MS;
    await this.look();
    if (this.#ductus === undefined || settled()) return;
    this.#options.tell.aside('What is under way is being finished; Ctrl-C again ends at once');
    while (!settled() && Date.now() < end && !signal.aborted) {
      await sleep(100);
      await this.look();
    }
  }

  /** Stops everything. Nothing is left running. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#ductus?.stop();
    for (const close of this.#closers.splice(0).reverse()) await close();
    this.#options.folder.removeRunning();
  }

  async #start(): Promise<void> {
    const { folder, ports } = this.#options;
    this.#closers.push(
      () => this.roche.stop(),
      () => this.emr.stop(),
      () => Promise.resolve([...this.#his.values()].forEach((his) => his.stop())),
    );
    await this.roche.start();
    await this.emr.start();
    const control: FastifyInstance = createRocheControl(this.roche);
    this.#closers.push(() => control.close());
    this.#rocheControlUrl = await listenForControl(control, ports.rocheControl);
    writeDemoConfig(folder, {
      apiPort: ports.api,
      temporalPort: ports.temporal,
      temporalUiPort: ports.temporalUi,
      codecPort: ports.codec === 0 ? undefined : ports.codec,
      rocheServicesUrl: this.roche.servicesUrl,
      rocheFhirUrl: this.roche.fhirUrl,
      s3Endpoint: this.roche.s3Endpoint,
      emrPort: this.emr.port,
      hisPorts: ports.his,
    });
    writeDuctusCommand(folder);
    await this.#startDuctus();
    folder.writeRunning({
      pid: process.pid,
      rocheControlUrl: this.#rocheControlUrl,
      organization: ST_MARIEN.emrOid,
      ...(this.#ductus?.temporalUi === undefined ? {} : { temporalUi: this.#ductus.temporalUi }),
    });
  }

  async #startDuctus(): Promise<void> {
    const { folder, tell, signal } = this.#options;
    const listeners = ORGANIZATIONS.map(({ his }) => his.listener);
    const ductus = await startDuctus(folder, listeners, (what) => tell.aside(what), signal);
    this.#ductus = ductus;
    folder.writeDuctusPid(ductus.pid);
    for (const { emrOid, username, password } of ORGANIZATIONS) {
      this.roche.setCallback(emrOid, {
        url: `${ductus.url}/roche/notifications`,
        username,
        password: this.#secrets[password],
      });
    }
    for (const [{ his }, sender] of this.#his) sender.sendTo(ductus.mllpPorts.get(his.listener) ?? 0);
    void ductus.ended.then((end) => this.#gone(describeEnd(end)));
  }

  async #gone(how: string): Promise<void> {
    const { tell, restart, folder } = this.#options;
    if (this.#closing) return;
    this.#ductus = undefined;
    tell.bad(`Ductus ended (${how})`);
    for (let tries = 1; restart && !this.#closing; tries += 1) {
      await sleep(RESTART_WAIT_MS);
      if (this.#closing) return;
      try {
        tell.say('Starting Ductus again: what was under way goes on where it was');
        await this.#startDuctus();
        tell.good(`Ductus runs again, as process ${String(this.ductus?.pid ?? 0)}`);
        return;
      } catch (error) {
        if (tries >= RESTART_TRIES) return this.#fail(error instanceof Error ? error : new Error(String(error)));
      }
    }
    if (!restart) this.#fail(new Error(`Ductus ended by itself (${how}); its log is ${folder.log}`));
  }

  async #lookOnce(): Promise<void> {
    const news = await this.emr.news();
    this.#board.receive(news.frames);
    this.#heard += news.frames.length;
    for (const { accepted, patientIds } of news.frames) {
      if (accepted) for (const number of patientIds) this.#emrNumbers.add(number);
    }
    this.#observer.see(news);
    this.#observer.hear(this.roche.stats());
  }
}

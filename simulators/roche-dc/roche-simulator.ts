/**
 * Plays the Roche Diabetes Care platform on real sockets: services API with mutual TLS, S3, and the notifications that
 * it sends. Everything it does at random comes from its seed.
 */
import { randomInt } from 'node:crypto';
import { ChangeSignal } from '../condition';
import { drawUuid } from '../random';
import { Faults } from './faults';
import { NotificationRegister } from './notifications';
import { Notifier } from './notifier';
import { RocheOptionsSchema } from './options';
import { PatientsApi } from './patients-api';
import { S3Door } from './s3-door';
import { ObjectStore } from './s3-objects';
import { presignGet } from './s3-signer';
import { ServicesApi } from './services-api';
import { totals } from './statistics';
import { CredentialStore } from './temporary-credentials';
import type { Certificates } from '../certificates';
import type { Notification } from './notifications';
import type { Callback, FaultRates, RocheFault, RocheOptions, RocheOrganization, RocheSettings } from './options';
import type { PatientStats, PatientTotals } from './patients-statistics';
import type { S3Fault, S3Read } from './s3-door';
import type { StoredObject } from './s3-objects';
import type { AttemptStats, NotificationStats, RocheStats } from './statistics';

/** A file to share with an organization. */
export interface ShareRequest {
  /** Its `emrOid`. */
  readonly organization: string;
  /** A resource to be written as JSON, or the bytes as they are. */
  readonly bundle: object | string | Uint8Array;
  readonly option: 'access-point' | 'presigned-url';
  /** Default: a UUID from the seed. */
  readonly messageId?: string | undefined;
  /** Default: `delivery/clinical-data/<uuid>.json`. */
  readonly objectKey?: string | undefined;
  readonly messageType?: 'Clinical Data' | 'Clinical Report' | undefined;
}

export interface ShareResult {
  readonly messageId: string;
  readonly objectKey: string;
  readonly etag: string;
  /** The first POST, answered or failed; repeats go on in the background. */
  readonly firstAttempt: AttemptStats;
}

/** The simulator. Listens on 127.0.0.1 only; `await using` stops it. */
export class RocheSimulator implements AsyncDisposable {
  readonly seed: number;
  readonly faults: Faults;
  readonly #settings: RocheSettings;
  readonly #organizations: Map<string, RocheOrganization>;
  readonly #callbacks = new Map<string, Callback>();
  readonly #credentials = new CredentialStore();
  readonly #objects = new ObjectStore();
  readonly #register: NotificationRegister;
  readonly #changes = new ChangeSignal(10);
  readonly #services: ServicesApi;
  readonly #patients: PatientsApi;
  readonly #s3: S3Door;
  readonly #notifier: Notifier;
  readonly #tokens = { issued: 0, refused: 0 };
  readonly #s3Answers: Record<string, number> = {};
  #shared = 0;

  /**
   * @param options see `RocheOptionsSchema`
   * @param certificates server certificate, and the authority of the clients' certificates
   */
  constructor(options: RocheOptions, certificates: Certificates) {
    const settings = RocheOptionsSchema.parse(options);
    this.#settings = settings;
    this.seed = settings.seed ?? randomInt(2 ** 31);
    this.faults = new Faults(this.seed, settings.faults);
    this.#organizations = new Map(settings.organizations.map((one) => [one.emrOid, one]));
    for (const { emrOid, callback } of settings.organizations) {
      if (callback !== undefined) {
        this.#callbacks.set(emrOid, callback);
      }
    }
    this.#register = new NotificationRegister(settings);
    this.#services = this.#createServices(certificates);
    this.#patients = new PatientsApi({
      tls: { ...certificates.server, ca: certificates.ca.cert },
      seed: this.seed,
      settings: settings.patients,
      organizations: this.#organizations,
      fault: (among, subject) => this.faults.decide(among, subject),
      onChange: () => {
        this.#changes.changed();
      },
    });
    this.#s3 = new S3Door({
      region: settings.region,
      bucket: settings.bucket,
      accessPoints: settings.organizations.map((one) => this.accessPointArn(one.emrOid)),
      credentials: this.#credentials,
      objects: this.#objects,
      port: settings.s3Port,
      endpointHost: settings.s3EndpointHost,
      ...(settings.s3Tls ? { tls: certificates.server } : {}),
      fault: (read) => this.#s3Fault(read),
      onAnswer: (status, code) => {
        const name = code ?? String(status);
        this.#s3Answers[name] = (this.#s3Answers[name] ?? 0) + 1;
        this.#changes.changed();
      },
    });
    this.#notifier = new Notifier({
      seed: this.seed,
      settings,
      register: this.#register,
      changes: this.#changes,
      callback: (emrOid) => this.#callbacks.get(emrOid),
      reference: (notification) => this.#reference(notification),
    });
  }

  async start(): Promise<void> {
    await this.#services.start();
    await this.#patients.start();
    await this.#s3.start();
  }

  async stop(): Promise<void> {
    await this.#notifier.stop();
    await this.#services.stop();
    await this.#patients.stop();
    await this.#s3.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Base of the services API. */
  get servicesUrl(): string {
    return this.#services.url;
  }

  /** Base of the FHIR API, for the patient services. */
  get fhirUrl(): string {
    return this.#patients.url;
  }

  /** Endpoint of S3. */
  get s3Endpoint(): string {
    return this.#s3.endpoint;
  }

  /** ARN of the access point that an organization reads from. */
  accessPointArn(emrOid: string): string {
    const name = this.#organization(emrOid).accessPoint ?? this.#settings.accessPoint;
    return `arn:aws:s3:${this.#settings.region}:${this.#settings.account}:accesspoint/${name}`;
  }

  /** Sets where an organization's notifications go. */
  setCallback(emrOid: string, callback: Callback): void {
    this.#callbacks.set(this.#organization(emrOid).emrOid, callback);
  }

  /** Gives an organization another client secret; the one before is refused from now on. */
  setClientSecret(emrOid: string, clientSecret: string): void {
    this.#organizations.set(emrOid, { ...this.#organization(emrOid), clientSecret });
  }

  setFaultRates(rates: FaultRates): void {
    this.faults.setRates(rates);
  }

  /** Puts a file into the bucket without telling anybody. */
  putObject(key: string, bytes: Uint8Array): StoredObject {
    return this.#objects.put(key, bytes);
  }

  /**
   * Stores a file and notifies the organization.
   * @returns after the first POST was answered or failed
   * @throws Error when the organization is unknown or has no callback
   */
  async share(request: ShareRequest): Promise<ShareResult> {
    const organization = this.#organization(request.organization);
    this.#shared += 1;
    const messageId = request.messageId ?? drawUuid(this.seed, 'message', this.#shared);
    const messageType = request.messageType ?? 'Clinical Data';
    const file = drawUuid(this.seed, 'object', this.#shared);
    const objectKey =
      request.objectKey ??
      (messageType === 'Clinical Data' ? `delivery/clinical-data/${file}.json` : `delivery/1/cda/${file}.xml`);
    const bytes = toBytes(request.bundle);
    const { etag } = this.#objects.put(
      objectKey,
      bytes,
      messageType === 'Clinical Data' ? 'application/json' : 'application/xml',
    );
    const notification = this.#register.add({
      messageId,
      organization,
      objectKey,
      option: request.option,
      bytes: bytes.length,
      messageType,
    });
    const firstAttempt = await this.#notifier.start(notification);
    return { messageId, objectKey, etag, firstAttempt };
  }

  /** Sends a notification once more, even after its ACK: a late duplicate with a new receipt handle. */
  async repeat(messageId: string): Promise<AttemptStats> {
    const notification = this.#register.find(messageId);
    if (notification === undefined) {
      throw new Error(`no notification ${messageId}`);
    }
    return this.#notifier.repeat(notification);
  }

  /** Everything seen so far. */
  stats(): RocheStats {
    const notifications = this.#register.all.map(toStats);
    return {
      seed: this.seed,
      notifications,
      totals: totals(notifications),
      tokens: { ...this.#tokens },
      s3: { ...this.#s3Answers },
      faults: this.faults.counts(),
    };
  }

  /** The patients, and every create and update that was stored. */
  patientStats(): PatientStats {
    return this.#patients.stats();
  }

  patientTotals(): PatientTotals {
    return this.#patients.totals();
  }

  /**
   * Waits until a condition on the counts of the patient services holds.
   * @throws Error with the counts when it does not hold in time
   */
  async waitUntilPatients(condition: (totals: PatientTotals) => boolean, timeoutMs: number): Promise<PatientTotals> {
    await this.#changes.until(
      () => condition(this.patientTotals()),
      timeoutMs,
      () => JSON.stringify(this.patientTotals()),
    );
    return this.patientTotals();
  }

  /**
   * Waits until a condition on the statistics holds.
   * @throws Error with the totals when it does not hold in time
   */
  async waitUntil(condition: (stats: RocheStats) => boolean, timeoutMs: number): Promise<RocheStats> {
    await this.#changes.until(
      () => condition(this.stats()),
      timeoutMs,
      () => JSON.stringify(this.stats().totals),
    );
    return this.stats();
  }

  #createServices(certificates: Certificates): ServicesApi {
    return new ServicesApi({
      tls: { ...certificates.server, ca: certificates.ca.cert },
      port: this.#settings.servicesPort,
      tokenTimeoutMs: this.#settings.tokenTimeoutMs,
      organizations: this.#organizations,
      issueToken: (organization) => {
        const resources = [this.accessPointArn(organization.emrOid)];
        this.#tokens.issued += 1;
        this.#changes.changed();
        return {
          credentials: this.#credentials.issueTemporary(this.#settings.credentialLifetimeMs, resources),
          resources,
        };
      },
      onTokenRefused: () => {
        this.#tokens.refused += 1;
        this.#changes.changed();
      },
      acknowledge: (organization, receiptHandle, operationId, originRequestId) => {
        const verdict = this.#register.acknowledge(organization.emrOid, receiptHandle, operationId, originRequestId);
        const owner = this.#register.owner(receiptHandle);
        if (verdict === 'acknowledged' && owner !== undefined && this.#settings.forgetAcknowledged) {
          this.#objects.delete(owner.objectKey);
        }
        this.#changes.changed();
        return verdict;
      },
      tokenFault: ({ emrOid }) => this.faults.decide(['token-500', 'token-timeout', 'token-401'], emrOid),
      ackFault: (receiptHandle) => {
        const owner = this.#register.owner(receiptHandle);
        return this.#note(owner, this.faults.decide(['ack-lost', 'ack-500'], owner?.messageId ?? ''));
      },
    });
  }

  #s3Fault(read: S3Read): S3Fault | undefined {
    const ends = read.presigned ? 's3-expired-url' : 's3-expired-token';
    const fault = this.faults.decide(['s3-503', 's3-reset', 's3-truncated', ends], read.key);
    this.#note(this.#register.byObject(read.key), fault);
    return isS3Fault(fault) ? fault : undefined;
  }

  #note(notification: Notification | undefined, fault: RocheFault | undefined): RocheFault | undefined {
    if (fault !== undefined) {
      notification?.faults.push(fault);
    }
    return fault;
  }

  async #reference(notification: Notification): Promise<Record<string, string>> {
    if (notification.option === 'access-point') {
      return { accesspoint: this.accessPointArn(notification.emrOid), objectKey: notification.objectKey };
    }
    const { presignedUrlLifetimeSeconds: lifetime, region, presignedUrlKey } = this.#settings;
    // Roche signs with a role, so the URL carries a session token; the role's session outlives the URL.
    const signer = this.#credentials.issueTemporary((lifetime + 3600) * 1000);
    return {
      [presignedUrlKey]: await presignGet(this.#s3.objectUrl(notification.objectKey), signer, region, lifetime),
    };
  }

  #organization(emrOid: string): RocheOrganization {
    const organization = this.#organizations.get(emrOid);
    if (organization === undefined) {
      throw new Error(`no organization ${emrOid}`);
    }
    return organization;
  }
}

function toBytes(bundle: ShareRequest['bundle']): Buffer {
  if (typeof bundle === 'string') {
    return Buffer.from(bundle, 'utf8');
  }
  return ArrayBuffer.isView(bundle)
    ? Buffer.from(bundle.buffer, bundle.byteOffset, bundle.byteLength)
    : Buffer.from(JSON.stringify(bundle), 'utf8');
}

function isS3Fault(fault: RocheFault | undefined): fault is S3Fault {
  return fault?.startsWith('s3-') === true;
}

/** A copy, so that a reader's statistics do not change under its hands. */
function toStats(notification: Notification): NotificationStats {
  const { messageId, emrOid, objectKey, option, bytes, firstNotifiedAtMs, refusedAcks, exhausted } = notification;
  return {
    messageId,
    emrOid,
    objectKey,
    option,
    bytes,
    ...(firstNotifiedAtMs === undefined ? {} : { firstNotifiedAtMs }),
    attempts: notification.attempts.map((attempt) => ({ ...attempt })),
    acks: [...notification.acks],
    refusedAcks,
    exhausted,
    faults: [...notification.faults],
  };
}

/**
 * Roche's patient services behind mutual TLS: create, update and read, v1 and v2, and search by identifier (SPECS §1.1,
 * §1.2), in their documented times and with the faults of `PATIENT_FAULTS`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { listen, shut } from '../listening';
import { header, operationOutcome, passGateway, send, sendEmpty } from './gateway';
import type { RocheOrganization } from './options';
import { checkPatientBundle, isIssue } from './patients-check';
import type { PatientContent } from './patients-check';
import { failBefore, isStoredFault, operationFaults } from './patients-failing';
import { drawLatencyMs } from './patients-latency';
import { DOCUMENTED_TIMES } from './patients-options';
import type { PatientFault, PatientServicesSettings } from './patients-options';
import { PatientsRegister } from './patients-register';
import type { Refused } from './patients-register';
import { findRoute, PATIENTS_PATH } from './patients-routes';
import type { PatientRoute } from './patients-routes';
import type { AcceptedRequest, PatientStats, RefusedRequest, StoredPatient } from './patients-statistics';

/** A Bundle of a patient has some kB. */
const BODY_LIMIT = 1024 * 1024;

export interface PatientsApiOptions {
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string };
  readonly seed: number;
  readonly settings: PatientServicesSettings;
  readonly organizations: ReadonlyMap<string, RocheOrganization>;
  readonly fault: (among: readonly PatientFault[], subject: string) => PatientFault | undefined;
  /** Told when a request begins and ends. */
  readonly onChange: () => void;
}

type WriteRoute = Extract<PatientRoute, { kind: 'create' | 'update' }>;

/** The server. It listens on 127.0.0.1 only. */
export class PatientsApi {
  readonly #options: PatientsApiOptions;
  readonly #register: PatientsRegister;
  readonly #server: Server;
  readonly #timers = new Map<NodeJS.Timeout, () => void>();
  readonly #underWay = new Map<string, number>();
  readonly #answers: Record<string, number> = {};
  readonly #drawn = new Map<string, number>();
  readonly #refused: RefusedRequest[] = [];
  #refusedCreates = 0;
  #overlapping = 0;
  #port = 0;

  constructor(options: PatientsApiOptions) {
    this.#options = options;
    this.#register = new PatientsRegister(options.seed);
    const { cert, key, ca } = options.tls;
    // A missing certificate is refused by the gateway with a JSON answer, not by the handshake.
    const tls = { cert, key, ca, requestCert: true, rejectUnauthorized: false };
    this.#server = createServer(tls, (request, response) => {
      const receivedAtMs = Date.now();
      response.on('error', () => undefined);
      this.#handle(request, response, receivedAtMs).catch(() => {
        response.destroy();
      });
    });
  }

  async start(): Promise<void> {
    this.#port = await listen(this.#server, this.#options.settings.port);
  }

  async stop(): Promise<void> {
    for (const [timer, end] of this.#timers) {
      clearTimeout(timer);
      end();
    }
    this.#timers.clear();
    await shut(this.#server);
  }

  /** Base of the API, for the configuration: `https://localhost:<port>/partners/fhir/stu3/api/`. */
  get url(): string {
    return `https://localhost:${this.#port}${PATIENTS_PATH}`;
  }

  /** Counts only: cheap to ask for often. */
  totals(): PatientStats['totals'] {
    return this.#totals(this.#register.log(), this.#register.patients());
  }

  /** Everything seen so far. */
  stats(): PatientStats {
    const accepted = this.#register.log();
    const patients = this.#register.patients();
    return { totals: this.#totals(accepted, patients), patients, accepted, refused: [...this.#refused] };
  }

  async #handle(request: IncomingMessage, response: ServerResponse, receivedAtMs: number): Promise<void> {
    const route = findRoute(request.method ?? '', request.url ?? '');
    const body = await readText(request);
    const service = route.kind;
    response.on('close', () => {
      const status = response.writableFinished ? String(response.statusCode) : 'none';
      const name = `${service} ${status}`;
      this.#answers[name] = (this.#answers[name] ?? 0) + 1;
      this.#options.onChange();
    });
    const passed = passGateway(request, this.#options.organizations);
    if ('refusal' in passed) {
      send(response, passed.refusal.status, passed.refusal.body);
      return;
    }
    switch (route.kind) {
      case 'unknown':
        send(response, 404, operationOutcome('not-found', 'The resource was not found.'));
        return;
      case 'not-allowed':
        send(response, 405, operationOutcome('not-supported', 'The method is not allowed.'));
        return;
      case 'read':
      case 'search':
        this.#lookUp(route, passed.organization, response);
        return;
      case 'create':
      case 'update':
        await this.#write(route, passed.organization, request, body, response, receivedAtMs);
    }
  }

  #lookUp(
    route: Extract<PatientRoute, { kind: 'read' | 'search' }>,
    { emrOid }: RocheOrganization,
    response: ServerResponse,
  ): void {
    const subject = route.kind === 'read' ? route.id : (route.identifier?.value ?? '');
    const fault = this.#options.fault(['patient-lookup-500', 'patient-lookup-hang'], subject);
    if (fault === 'patient-lookup-500') {
      sendEmpty(response, 500);
    } else if (fault === 'patient-lookup-hang') {
      this.#hold(response);
    } else if (route.kind === 'read') {
      const patient = this.#register.read(emrOid, route.id);
      if (patient === undefined) {
        send(response, 404, operationOutcome('not-found', 'The patient was not found.'));
      } else {
        send(response, 200, patientResource(patient));
      }
    } else if (route.identifier === undefined) {
      send(response, 400, operationOutcome('not-supported', 'The search parameter is not supported.'));
    } else {
      const patient = this.#register.find(emrOid, route.identifier);
      const found = patient === undefined ? [] : [patientResource(patient)];
      const entry = found.map((resource) => ({ resource, search: { mode: 'match' } }));
      send(response, 200, { resourceType: 'Bundle', type: 'searchset', total: entry.length, entry });
    }
  }

  async #write(
    route: WriteRoute,
    { emrOid }: RocheOrganization,
    request: IncomingMessage,
    body: string,
    response: ServerResponse,
    receivedAtMs: number,
  ): Promise<void> {
    const { settings } = this.#options;
    const content = checkPatientBundle(body, settings);
    if (isIssue(content)) {
      this.#noteRefusal(route.kind, emrOid, content.code, content.expression);
      send(response, 400, operationOutcome(content.code, content.text, content.expression));
      return;
    }
    const subject = `${emrOid} ${content.identifier.value}`;
    const fault = this.#options.fault(operationFaults(route.kind), subject);
    if (fault !== undefined && !isStoredFault(fault)) {
      if (fault === 'patient-hang') {
        this.#hold(response);
      } else {
        failBefore(fault, response, settings.retryAfterSeconds);
      }
      return;
    }
    this.#options.onChange();
    await this.#work(subject, this.#durationMs(route.kind, subject, fault));
    const originRequestId = header(request, 'x-origin-request-id') ?? '';
    const taken = { emrOid, apiVersion: route.apiVersion, originRequestId, receivedAtMs, fault };
    const stored =
      route.kind === 'create' ? this.#register.create(content, taken) : this.#register.update(route.id, content, taken);
    this.#options.onChange();
    if (typeof stored === 'string') {
      this.#refuse(stored, route, emrOid, response);
    } else {
      this.#answer(stored, fault, content, response);
    }
  }

  #answer(
    stored: AcceptedRequest,
    fault: PatientFault | undefined,
    content: PatientContent,
    response: ServerResponse,
  ): void {
    switch (fault) {
      case 'patient-stored-hang':
        this.#hold(response);
        return;
      case 'patient-stored-cut':
        response.destroy();
        return;
      case 'patient-stored-timeout':
        send(response, 500, operationOutcome('timeout', 'An internal timeout has occurred.'));
        return;
      default:
    }
    response.on('finish', () => {
      if (fault !== 'patient-stored-empty') {
        this.#register.answered(stored.seq, Date.now());
      }
    });
    if (stored.operation === 'update' || fault === 'patient-stored-empty') {
      sendEmpty(response, 200);
      return;
    }
    const resource = { ...content.resources[0], id: stored.patientId };
    send(response, 200, {
      resourceType: 'Bundle',
      id: `bundle-${stored.contentHash.slice(0, 16)}-${stored.seq}`,
      type: 'message',
      entry: [{ resource }],
    });
  }

  #refuse(refused: Refused, route: WriteRoute, emrOid: string, response: ServerResponse): void {
    if (refused === 'unknown') {
      send(response, 404, operationOutcome('not-found', 'The patient was not found.'));
      return;
    }
    this.#refusedCreates += route.kind === 'create' && refused === 'identifier-exists' ? 1 : 0;
    const [what, expression] =
      refused === 'identifier-exists' ? ['identifier', 'Patient.identifier'] : ['e-mail address', 'Patient.telecom'];
    this.#noteRefusal(route.kind, emrOid, 'duplicate', expression);
    send(response, 409, operationOutcome('duplicate', `A patient with this ${what} already exists.`, expression));
  }

  #noteRefusal(operation: RefusedRequest['operation'], emrOid: string, code: string, expression: string): void {
    this.#refused.push({ operation, emrOid, code, expression, refusedAtMs: Date.now() });
  }

  #durationMs(operation: 'create' | 'update', subject: string, fault: PatientFault | undefined): number {
    const { latencyScale } = this.#options.settings;
    if (fault === 'patient-slow') {
      return DOCUMENTED_TIMES[operation].worstMs * latencyScale;
    }
    const times = this.#drawn.get(subject) ?? 0;
    this.#drawn.set(subject, times + 1);
    return drawLatencyMs(operation, this.#options.seed, subject, times) * latencyScale;
  }

  /** Takes its time over a patient, whether the caller still waits or not. */
  async #work(subject: string, durationMs: number): Promise<void> {
    const others = this.#underWay.get(subject) ?? 0;
    this.#overlapping += others > 0 ? 1 : 0;
    this.#underWay.set(subject, others + 1);
    if (durationMs > 0) {
      await new Promise<void>((resolve) => {
        this.#later(durationMs, resolve);
      });
    }
    const left = (this.#underWay.get(subject) ?? 1) - 1;
    if (left === 0) {
      this.#underWay.delete(subject);
    } else {
      this.#underWay.set(subject, left);
    }
  }

  /** No answer. */
  #hold(response: ServerResponse): void {
    const cancel = this.#later(this.#options.settings.holdMs, () => {
      response.destroy();
    });
    response.on('close', cancel);
  }

  #later(afterMs: number, act: () => void): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, afterMs);
    this.#timers.set(timer, act);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  #totals(accepted: readonly AcceptedRequest[], patients: readonly StoredPatient[]): PatientStats['totals'] {
    const last = new Map<string, string>();
    let unchanged = 0;
    for (const { patientId, contentHash } of accepted) {
      unchanged += last.get(patientId) === contentHash ? 1 : 0;
      last.set(patientId, contentHash);
    }
    return {
      patients: patients.length,
      creates: accepted.filter((one) => one.operation === 'create').length,
      updates: accepted.filter((one) => one.operation === 'update').length,
      unchanged,
      refusedCreates: this.#refusedCreates,
      overlapping: this.#overlapping,
      answers: { ...this.#answers },
    };
  }
}

function patientResource({ patientId, resources }: StoredPatient): object {
  return { ...resources[0], id: patientId };
}

/** @throws Error when it is larger than any patient */
async function readText(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) {
      continue;
    }
    bytes += chunk.length;
    if (bytes > BODY_LIMIT) {
      throw new Error('the body is too long');
    }
    pieces.push(chunk);
  }
  return Buffer.concat(pieces).toString('utf8');
}

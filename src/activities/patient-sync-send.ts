/**
 * Brings what waits for one patient to Roche: merges first, then one create or one update. Each attempt begins at what
 * the registry says, so that it can be repeated at any time: a create whose end is not known is looked up before it is
 * sent again, and what Roche has already is not sent.
 */
import { Context } from '@temporalio/activity';
import { v5 as uuidV5, v4 as uuidV4 } from 'uuid';
import type { AuditOutcome } from '../domain/audit';
import { DuctusError, type ErrorCode } from '../domain/errors';
import type { KeyedHash } from '../domain/identifiers';
import { LIMITS } from '../domain/limits';
import { ChangeState, PatientState } from '../domain/patient-sync';
import type { PatientChange, PatientVersion, SendPatientInput, SendPatientResult } from '../domain/patient-sync';
import { patientSyncWorkflowId, rocheDestination } from '../domain/workflow-ids';
import type { OrganizationConfig, PatientSyncConfig } from '../runtime/config/schema';
import { auditId } from '../store/audit';
import { auditPatientAttempt, isBefore, type AttemptRecord } from '../store/patient-changes';
import {
  acceptPatient,
  adoptable,
  claimPatient,
  endCreate,
  endUpdate,
  markCreating,
  markUpdating,
  type LeftAtRoche,
  type Marked,
  type RegistryPatient,
} from '../store/patient-registry';
import type { ActivityDependencies, PatientServices } from './dependencies';
import { RocheCircuit } from './patient-sync-circuit';
import type { PatientMapping } from './patient-sync-mapping';
import {
  enterMerges,
  forwardChanges,
  lineOf,
  marksOf,
  PATIENT_SYNC_NAMESPACE,
  type MergeParts,
} from './patient-sync-merge';
import { overtakenError, tryAgain, tryAgainAfter, waitUntil } from './patient-sync-retry';

/** So many may stand in line for a place of the organization; further ones come back later, and leave their slot to other flows. */
const LINE_FOR_EACH_PLACE = 8;

/** What the sending needs of its surroundings, made ready by the activity. */
export interface SendingParts {
  readonly organization: OrganizationConfig;
  readonly sync: PatientSyncConfig;
  readonly services: PatientServices;
  readonly mapping: PatientMapping;
}

/** Sends with a heartbeat, in a place of the organization. */
export async function sendPatient(
  deps: ActivityDependencies,
  parts: SendingParts,
  input: SendPatientInput,
): Promise<SendPatientResult> {
  const { line } = parts.services;
  const context = Context.current();
  if (line.waiting >= parts.sync.concurrency * LINE_FOR_EACH_PLACE) {
    throw tryAgain('DUCTUS_ROCHE_UNREACHABLE', 'All requests to Roche that may run at once are taken.');
  }
  const beat = setInterval(() => context.heartbeat(), LIMITS.deliverHeartbeatMs / 3);
  try {
    return await line.hold(context.cancellationSignal, () => new Attempt(deps, parts, input).run());
  } finally {
    clearInterval(beat);
  }
}

class Attempt {
  readonly #destination;
  readonly #workflowId;
  readonly #claim = uuidV4();
  readonly #key;
  readonly #newest: PatientChange;
  readonly #circuit: RocheCircuit;
  readonly #signal: AbortSignal;

  constructor(
    private readonly deps: ActivityDependencies,
    private readonly parts: SendingParts,
    private readonly input: SendPatientInput,
  ) {
    const { organization, patient, changes, released } = input;
    const newest = changes.at(-1);
    const [oldest] = changes;
    if (newest === undefined || oldest === undefined) throw new DuctusError('DUCTUS_INTERNAL', 'Nothing to send.');
    this.#newest = newest;
    this.#key = { organization, patient, claim: this.#claim };
    this.#destination = rocheDestination(organization);
    this.#workflowId = patientSyncWorkflowId(organization, patient);
    const since = new Date(Math.min(...changes.map((change) => change.receivedAtMs)));
    this.#circuit = new RocheCircuit(deps, this.#destination, parts.sync.pause, {
      workflowId: this.#workflowId,
      since,
      released,
    });
    this.#signal = Context.current().cancellationSignal;
  }

  async run(): Promise<SendPatientResult> {
    if (!(await this.#circuit.admits())) return { status: 'waiting' };
    try {
      return await this.#send();
    } catch (error) {
      if (error instanceof DuctusError && isAboutContent(error)) {
        // Without a status Roche was not asked.
        if (error.details['status'] === undefined) await this.#circuit.passed();
        else await this.#circuit.answered();
      }
      switch (await this.#circuit.failed(error)) {
        case 'waits':
          return { status: 'waiting' };
        case 'again':
          throw error instanceof DuctusError ? tryAgainAfter(error) : error;
        case 'own':
          throw error;
      }
    }
  }

  async #send(): Promise<SendPatientResult> {
    const { deps, input, parts } = this;
    const own = input.changes.findLast((change) => change.forwarded !== true);
    let patient = await claimPatient(deps.store, this.#key, own === undefined ? undefined : parts.mapping.number(own));
    const overtaken = await enterMerges(deps, this.#mergeParts(), this.#key, input.changes, patient);
    // A merge may have changed the row: a number that had ended may be back.
    if (input.changes.some((change) => change.kind === 'merge')) {
      patient = await claimPatient(deps.store, this.#key, undefined);
    }
    if (patient.state === PatientState.merged && patient.mergedInto !== undefined) {
      await this.#circuit.passed();
      return forwardChanges(deps, this.#key, input.changes, patient.mergedInto, overtaken);
    }
    const left = patient.rochePatientId === undefined ? await adoptable(deps.store, this.#key) : undefined;
    if (this.#isNothingNew(patient) && left === undefined) return this.#accept(patient, ChangeState.merged);

    const mapped = parts.mapping.bundle(
      input.changes.map((change) => change.content),
      patient.number,
      Date.now(),
    );
    // The PID of some merges has a name and a number: sent, it would empty what Roche has. The next message brings the rest.
    const isAtRoche = left !== undefined || patient.rochePatientId !== undefined;
    if (mapped.namesOnly && isAtRoche && input.changes.every((change) => change.kind === 'merge')) {
      return this.#accept(patient, ChangeState.merged);
    }
    const contentHash = deps.hash(`${input.organization}|patient-content|${mapped.contentHashInput}`);
    if (patient.state === PatientState.active && patient.contentHash === contentHash) {
      return this.#accept(patient, ChangeState.unchanged);
    }
    const what = { patient, bundle: mapped.bundle, contentHash };
    // Else Roche could finish the one after the other in the wrong order.
    for (const sentAt of [patient.updateSentAt, left?.updateSentAt]) {
      if (sentAt !== undefined) waitUntil(sentAt.getTime() + LIMITS.rocheUpdateSettleMs);
    }
    const known = await this.#knownAtRoche(patient, left);
    if (known !== undefined) return this.#update(what, known);
    return this.#create(what, patient.state === PatientState.creating);
  }

  /** Only merges, all older than what Roche has: their content is out of date. */
  #isNothingNew({ state, version }: RegistryPatient): boolean {
    if (state !== PatientState.active || version === undefined) return false;
    return this.input.changes.every((change) => change.kind === 'merge' && isBefore(placeOf(change), version));
  }

  /**
   * Whether Roche has the patient, under this number or under one that was merged into it.
   * @param left the patient of a merged number, where this one has none
   */
  async #knownAtRoche(patient: RegistryPatient, left: LeftAtRoche | undefined): Promise<AtRoche | undefined> {
    if (patient.state === PatientState.active && patient.rochePatientId !== undefined) {
      return { ...atRoche(patient, patient.rochePatientId), bundleId: patient.rocheBundleId };
    }
    if (patient.state === PatientState.creating && patient.createSentAt !== undefined) {
      waitUntil(patient.createSentAt.getTime() + LIMITS.rocheSettleMs);
      const found = await this.#find(patient, 'find');
      if (found !== undefined) return found;
    }
    if (left === undefined) return undefined;
    return {
      patientId: left.rochePatientId,
      bundleId: left.rocheBundleId,
      number: left.number,
      adoptedFrom: left.patient,
    };
  }

  async #find(patient: RegistryPatient, step: string): Promise<AtRoche | undefined> {
    const found = await this.parts.services.client.find(
      { system: patient.system, value: patient.number },
      this.#requestId(step),
      this.#signal,
    );
    return found === undefined ? undefined : atRoche(patient, found.patientId);
  }

  /** @param mayRepeat an earlier create may have arrived all the same */
  async #create(what: Outgoing, mayRepeat: boolean): Promise<SendPatientResult> {
    const { deps, parts } = this;
    mustBeMine(await markCreating(deps.store, { ...this.#key, changeId: this.#newest.id, mayRepeat }));
    if (mayRepeat) deps.metrics.possibleRepeat(this.#destination);
    const originRequestId = this.#requestId('create');
    let created;
    try {
      created = await parts.services.client.create(what.bundle, originRequestId, this.#signal);
    } catch (error) {
      if (!(error instanceof DuctusError)) throw error;
      await this.#audit(what.patient, 'create', error);
      if (error.code === 'DUCTUS_PATIENT_DUPLICATE' && mayRepeat) {
        const known = await this.#afterDuplicate(what.patient);
        if (known !== undefined) return this.#update(what, known);
      }
      // Not after a create before it that could not be looked up: that one may have arrived.
      if (isSure(error) && !(mayRepeat && parts.sync.lookup === 'none')) await endCreate(deps.store, this.#key);
      throw error;
    }
    return this.#accept(what.patient, ChangeState.created, {
      ...what,
      known: { ...atRoche(what.patient, created.patientId), bundleId: created.bundleId },
      service: 'create',
    });
  }

  /** Roche has the number already, and a create of ours may have been what brought it. */
  async #afterDuplicate(patient: RegistryPatient): Promise<AtRoche | undefined> {
    const { lookup, apiVersion } = this.parts.sync;
    // v1 updates by the number: the id that Roche gave is not needed.
    if (lookup === 'none') return apiVersion === 'v1' ? atRoche(patient, patient.number) : undefined;
    return this.#find(patient, 'find-duplicate');
  }

  async #update(what: Outgoing, known: AtRoche): Promise<SendPatientResult> {
    const { deps, parts } = this;
    const { client } = parts.services;
    const marked = { ...this.#key, changeId: this.#newest.id, mayRepeat: false };
    mustBeMine(await markUpdating(deps.store, marked));
    const address = parts.sync.apiVersion === 'v1' ? known.number : known.patientId;
    try {
      await client.update(address, what.bundle, this.#requestId('update'), this.#signal);
    } catch (error) {
      if (!(error instanceof DuctusError)) throw error;
      await this.#audit(what.patient, 'update', error);
      if (isSure(error)) await endUpdate(deps.store, this.#key);
      // Under v1 the patient has the survivor's number as soon as an update has arrived whose answer was lost.
      const isRenamed = known.adoptedFrom !== undefined && error.details['status'] === NOT_FOUND;
      const renamed = isRenamed ? await this.#find(what.patient, 'find-renamed') : undefined;
      if (renamed === undefined || known.adoptedFrom === undefined) throw error;
      return this.#accept(what.patient, ChangeState.updated, {
        ...what,
        known: { ...renamed, adoptedFrom: known.adoptedFrom },
        service: 'update',
      });
    }
    return this.#accept(what.patient, ChangeState.updated, { ...what, known, service: 'update' });
  }

  async #accept(
    patient: RegistryPatient,
    state: AcceptedState,
    sent?: Outgoing & { readonly known: AtRoche; readonly service: 'create' | 'update' },
  ): Promise<SendPatientResult> {
    const { deps, input } = this;
    const version = newerOf(placeOf(this.#newest), patient.version);
    const closed = await acceptPatient(deps.store, {
      ...this.#key,
      changeIds: input.changes.map((change) => change.id),
      newest: this.#newest.id,
      state,
      line: lineOf(this.parts.sync, patient),
      ...(state === ChangeState.unchanged ? { confirmed: version } : {}),
      ...(sent === undefined
        ? {}
        : {
            sent: {
              rochePatientId: sent.known.patientId,
              rocheBundleId: sent.known.bundleId,
              version,
              contentHash: sent.contentHash,
              adoptedFrom: sent.known.adoptedFrom,
              attempt: this.#attempt(patient, sent.service, 0),
            },
          }),
    });
    if (closed === undefined) throw overtakenError();
    deps.metrics.patientChanges(input.organization, closed);
    if (sent === undefined) await this.#circuit.passed();
    else {
      await this.#circuit.answered();
      const seconds = Math.max(0, (Date.now() - this.#newest.receivedAtMs) / 1000);
      deps.metrics.patientSent(input.organization, sent.service, seconds);
    }
    return { status: 'accepted', state: this.#newest.kind === 'merge' ? ChangeState.merged : state };
  }

  #mergeParts(): MergeParts {
    const { sync, services, mapping } = this.parts;
    return { sync, services, mapping, requestId: (step) => this.#requestId(step), signal: this.#signal };
  }

  #audit(patient: RegistryPatient, service: 'create' | 'update', error: DuctusError): Promise<void> {
    // What surely did not leave is no disclosure.
    if (error.code === 'DUCTUS_ROCHE_UNREACHABLE' && error.details['sent'] === false) return Promise.resolve();
    const outcome = error.code === 'DUCTUS_ROCHE_UNREACHABLE' ? 4 : 8;
    return auditPatientAttempt(this.deps.store, this.#attempt(patient, service, outcome, error.code));
  }

  #attempt(
    patient: RegistryPatient,
    service: 'create' | 'update',
    outcome: AuditOutcome,
    code?: string,
  ): AttemptRecord {
    const { organization, patient: hash } = this.input;
    return {
      organization,
      patient: hash,
      id: auditId('patient-sync', this.#claim, service),
      destination: this.#destination,
      controlId: this.#newest.origin.controlId,
      outcome,
      marks: marksOf(this.deps, organization, patient),
      details: { service, changes: this.input.changes.length, ...(code === undefined ? {} : { code }) },
    };
  }

  /** `x-origin-request-id`: by it Roche's support finds the request, and Ductus's log the attempt. */
  #requestId(step: string): string {
    if (this.parts.sync.originRequestId === 'random') return uuidV4();
    const { attempt, activityId, workflowExecution } = Context.current().info;
    const work = [this.#newest.id, workflowExecution?.runId ?? '', activityId, attempt, step];
    return uuidV5(JSON.stringify(work), PATIENT_SYNC_NAMESPACE);
  }
}

const NOT_FOUND = 404;

type AcceptedState = 'created' | 'updated' | 'unchanged' | 'merged';

interface Outgoing {
  readonly patient: RegistryPatient;
  readonly bundle: unknown;
  readonly contentHash: string;
}

/** How Roche knows the patient. */
interface AtRoche {
  readonly patientId: string;
  readonly bundleId?: string | undefined;
  /** Under which number: the address of an update under v1. */
  readonly number: string;
  readonly adoptedFrom?: KeyedHash;
}

/** @throws what ends the attempt before anything is sent */
function mustBeMine(marked: Marked): void {
  if (marked === 'overtaken') throw overtakenError();
  if (marked === 'number-taken') {
    throw new DuctusError(
      'DUCTUS_PATIENT_DUPLICATE',
      'Another patient, of another assigning authority, has this number at Roche; nothing was sent. Set `patientSync.identifier.authority` to the one that counts.',
      { details: { element: 'Patient.identifier' } },
    );
  }
}

/** Roche has refused it, or never got it: nothing of it will be done any more. */
function isSure({ code, details }: DuctusError): boolean {
  return code !== 'DUCTUS_ROCHE_UNREACHABLE' || details['sent'] === false;
}

function atRoche({ number }: RegistryPatient, patientId: string): AtRoche {
  return { patientId, number };
}

function placeOf(change: PatientChange): PatientVersion {
  const { connection, sequence } = change.origin;
  return { eventAtMs: change.eventAtMs, connection, sequence };
}

/** A merge that came late brings no earlier version back. */
function newerOf(place: PatientVersion, version: PatientVersion | undefined): PatientVersion {
  return version !== undefined && isBefore(place, version) ? version : place;
}

/** It says nothing of Roche, and concerns this patient only. */
function isAboutContent({ code }: DuctusError): boolean {
  return ABOUT_CONTENT.has(code);
}

const ABOUT_CONTENT: ReadonlySet<ErrorCode> = new Set([
  'DUCTUS_PATIENT_REFUSED',
  'DUCTUS_PATIENT_DUPLICATE',
  'DUCTUS_ROCHE_REJECTED',
  'DUCTUS_HL7_INVALID',
] as const);

/**
 * Client of Roche's patient services for one organization: create, update and look up (SPECS §1.1, §1.2). One attempt
 * each; who calls decides about another one by the error's class, and after a create by `details.sent`.
 *
 * A number of a patient stands in some URLs, as Roche's API has it: no URL goes into a message, a detail or a cause.
 */
import type { Agent } from 'undici';
import { DuctusError } from '../../domain/errors';
import type { EmrOid } from '../../domain/identifiers';
import { LIMITS } from '../../domain/limits';
import { ByteBudget } from '../../runtime/byte-budget';
import type { OrganizationConfig, PatientSyncConfig } from '../../runtime/config/schema';
import { createAgent } from '../http/agent';
import { sendSmallRequest } from '../http/request';
import type { SmallAnswer } from '../http/request';
import { watchSending } from '../http/sending';
import { baseOf, networkError, rocheHeaders } from './exchange';
import { isNotFound, isRefusalInSuccess, patientRefusalOf } from './patients-answers';
import type { PatientService } from './patients-answers';
import { readCreated, readFound } from './patients-bodies';
import type { CreatedPatient, PatientIdentifier } from './patients-bodies';

export type { CreatedPatient, PatientIdentifier } from './patients-bodies';

export interface RochePatientsOptions {
  readonly emrOid: EmrOid;
  readonly roche: OrganizationConfig['roche'];
  readonly patientSync: PatientSyncConfig;
}

/** An answer to a create or an update has some kB; a searchset with one patient as well. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** `Bundle` of the patient services under the FHIR base, by version of the API (SPECS §1.2). */
const BUNDLE_PATHS: Readonly<Record<PatientSyncConfig['apiVersion'], string>> = { v1: 'Bundle', v2: 'v2/Bundle' };

interface Exchange {
  readonly service: PatientService;
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Below the base; encoded. */
  readonly path: string;
  readonly body?: unknown;
  readonly originRequestId: string;
  readonly timeLimitMs: number;
  readonly signal: AbortSignal | undefined;
}

export class RochePatientsClient {
  readonly #options: RochePatientsOptions;
  readonly #base: URL;
  readonly #agent: Agent;
  /** Requests at once: the time limit of a request begins when it is sent, not while it waits for another to end. */
  readonly #turns: ByteBudget;

  constructor(options: RochePatientsOptions) {
    this.#options = options;
    const { fhirUrl, concurrency, createTimeoutMs, updateTimeoutMs } = options.patientSync;
    this.#base = baseOf(fhirUrl);
    this.#agent = createAgent(options.roche.tls, {
      connections: concurrency,
      connectTimeoutMs: LIMITS.httpConnectMs,
      idleTimeoutMs: Math.max(createTimeoutMs, updateTimeoutMs, LIMITS.rocheReadMs),
    });
    this.#turns = new ByteBudget(concurrency);
  }

  /**
   * Creates a patient.
   * @param bundle the message Bundle of the STU3 profiles
   * @param originRequestId UUID of this request, for Roche's log
   * @throws DuctusError DUCTUS_PATIENT_REFUSED or DUCTUS_PATIENT_DUPLICATE (details name the element where Roche does),
   *   DUCTUS_ROCHE_UNREACHABLE (`details.sent`: Roche may have the patient, look it up first), DUCTUS_ROCHE_UNAUTHORIZED,
   *   DUCTUS_ROCHE_REJECTED; the signal's reason when the caller gave up
   */
  async create(bundle: unknown, originRequestId: string, signal?: AbortSignal): Promise<CreatedPatient> {
    const { apiVersion, createTimeoutMs } = this.#options.patientSync;
    const answer = await this.#exchange({
      service: 'create',
      method: 'POST',
      path: BUNDLE_PATHS[apiVersion],
      body: bundle,
      originRequestId,
      timeLimitMs: createTimeoutMs,
      signal,
    });
    const created = readCreated(answer.body);
    if (created !== undefined) return created;
    throw unusable('create', answer);
  }

  /**
   * Updates a patient.
   * @param addressId what the version of the API names the patient by: v1 the identifier's value, v2 Roche's id
   * @throws as `create`; DUCTUS_ROCHE_REJECTED with `details.status` 404 when Roche does not know the patient
   */
  async update(addressId: string, bundle: unknown, originRequestId: string, signal?: AbortSignal): Promise<void> {
    const { apiVersion, updateTimeoutMs } = this.#options.patientSync;
    await this.#exchange({
      service: 'update',
      method: 'PUT',
      path: `${BUNDLE_PATHS[apiVersion]}/${pathSegment('update', addressId)}`,
      body: bundle,
      originRequestId,
      timeLimitMs: updateTimeoutMs,
      signal,
    });
  }

  /**
   * Looks whether Roche has the patient, in the way that `lookup` says.
   * @returns undefined when Roche has none, and with `lookup: none`, where nothing is asked
   * @throws as `create`; DUCTUS_PATIENT_DUPLICATE when several have the identifier; DUCTUS_ROCHE_REJECTED when Roche answers with
   *   other patients than was asked for
   */
  async find(
    identifier: PatientIdentifier,
    originRequestId: string,
    signal?: AbortSignal,
  ): Promise<{ readonly patientId: string } | undefined> {
    const { lookup } = this.#options.patientSync;
    if (lookup === 'none') return undefined;
    const path =
      lookup === 'read'
        ? `Patient/${pathSegment('find', identifier.value)}`
        : `Patient?${new URLSearchParams({ identifier: `${token(identifier.system)}|${token(identifier.value)}` }).toString()}`;
    const request = { service: 'find', method: 'GET', path, originRequestId, signal } as const;
    const answer = await this.#send({ ...request, timeLimitMs: LIMITS.rocheReadMs });
    if (isNotFound(answer)) return undefined;
    refuseFailure('find', answer);
    const found = readFound(answer.body, identifier);
    switch (found.kind) {
      case 'one':
        return { patientId: found.patientId };
      case 'none':
        return undefined;
      case 'several':
        throw new DuctusError('DUCTUS_PATIENT_DUPLICATE', 'Roche has several patients with the same identifier.', {
          details: { service: 'find', status: answer.status, element: 'Patient.identifier' },
        });
      case 'others':
        throw new DuctusError(
          'DUCTUS_ROCHE_REJECTED',
          'Roche’s patient look-up answered with patients that have another identifier: it does not look for it in this way (`patientSync.lookup`).',
          { details: { service: 'find', status: answer.status, lookup } },
        );
      case 'unusable':
        throw unusable('find', answer);
    }
  }

  /** Waits for running requests and closes the connections. */
  async close(): Promise<void> {
    await this.#agent.close();
  }

  async #exchange(exchange: Exchange): Promise<SmallAnswer> {
    const answer = await this.#send(exchange);
    refuseFailure(exchange.service, answer);
    return answer;
  }

  async #send({ service, method, path, body, originRequestId, timeLimitMs, signal }: Exchange): Promise<SmallAnswer> {
    const done = await this.#turns.acquire(1, signal);
    const sending = watchSending(this.#agent);
    try {
      return await sendSmallRequest({
        dispatcher: sending.dispatcher,
        url: new URL(path, this.#base),
        method,
        headers: {
          ...rocheHeaders(this.#options.emrOid, this.#options.roche),
          'x-origin-request-id': originRequestId,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        timeLimitMs,
        maxAnswerBytes: MAX_ANSWER_BYTES,
        signal,
      });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw networkError(error, this.#base.host, { service, sent: sending.begun }) ?? error;
    } finally {
      done();
    }
  }
}

/** @throws DuctusError for an answer that is no success, or one in whose body stands that it is none */
function refuseFailure(service: PatientService, answer: SmallAnswer): void {
  const isSuccess = answer.status >= 200 && answer.status < 300;
  if (!isSuccess || isRefusalInSuccess(answer)) throw patientRefusalOf(service, answer, Date.now());
}

/** A success from which nothing can be learned. A create may have been done: it has to be looked up. */
function unusable(service: 'create' | 'find', { status, body }: SmallAnswer): DuctusError {
  const what = service === 'create' ? 'the id of the new patient' : 'a Patient or a Bundle';
  return new DuctusError('DUCTUS_ROCHE_UNREACHABLE', `Roche's patient ${service} answered ${status} without ${what}.`, {
    details: { service, status, answer: body.length === 0 ? 'empty' : 'other', sent: true },
  });
}

/** @throws DuctusError for what a URL cannot carry: empty, dot segments (RFC 3986 §5.2.4), half a surrogate pair */
function pathSegment(service: PatientService, value: string): string {
  if (value === '' || value === '.' || value === '..' || !value.isWellFormed()) {
    throw new DuctusError('DUCTUS_ROCHE_REJECTED', 'The id of the patient cannot stand in an address of Roche’s API.', {
      details: { service, element: 'Patient.identifier.value' },
    });
  }
  return encodeURIComponent(value);
}

/** Part of a token parameter; its separators are escaped (hl7.org/fhir/STU3/search.html#escaping). */
function token(part: string): string {
  return part.replace(/[\\|,$]/g, '\\$&');
}

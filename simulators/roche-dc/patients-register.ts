/** The patients that the Roche simulator has, and a log of all that it took: what a test judges Ductus by. */
import { createHash } from 'node:crypto';
import { drawUuid } from '../random';
import type { PatientContent } from './patients-check';
import type { AcceptedRequest, PatientOperation, StoredPatient } from './patients-statistics';

/** Why something is not stored. */
export type Refused = 'identifier-exists' | 'email-exists' | 'unknown';

interface Entry {
  readonly patientId: string;
  readonly emrOid: string;
  content: PatientContent;
  creates: number;
  updates: number;
}

export interface TakenRequest {
  readonly emrOid: string;
  readonly apiVersion: 'v1' | 'v2';
  readonly originRequestId: string;
  readonly receivedAtMs: number;
  readonly fault: AcceptedRequest['fault'];
}

export class PatientsRegister {
  readonly #seed: number;
  readonly #byIdentifier = new Map<string, Entry>();
  readonly #byEmail = new Map<string, Entry>();
  /** By organization, and number of the hospital or id of Roche. */
  readonly #byNumber = new Map<string, Entry>();
  readonly #byId = new Map<string, Entry>();
  readonly #log: AcceptedRequest[] = [];

  /** @param seed of the ids */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /**
   * Stores a new patient. Identifier and e-mail are unique at Roche (SPECS §1.2).
   * @returns the log's entry, or why it is refused
   */
  create(content: PatientContent, request: TakenRequest): AcceptedRequest | Refused {
    const key = keyOf(content.identifier);
    if (this.#byIdentifier.has(key)) {
      return 'identifier-exists';
    }
    if (content.emails.some((email) => this.#byEmail.has(emailKey(email)))) {
      return 'email-exists';
    }
    const { emrOid, apiVersion } = request;
    const patientId = apiVersion === 'v1' ? content.identifier.value : rocheId(this.#seed, this.#byIdentifier.size);
    const entry: Entry = { patientId, emrOid, content, creates: 0, updates: 0 };
    return this.#store(entry, content, 'create', request);
  }

  /**
   * Replaces what is known of a patient.
   * @param addressId the number of the hospital under v1, Roche's id under v2
   */
  update(addressId: string, content: PatientContent, request: TakenRequest): AcceptedRequest | Refused {
    const index = request.apiVersion === 'v1' ? this.#byNumber : this.#byId;
    const entry = index.get(ownKey(request.emrOid, addressId));
    if (entry === undefined) {
      return 'unknown';
    }
    const other = this.#byIdentifier.get(keyOf(content.identifier));
    if (other !== undefined && other !== entry) {
      return 'identifier-exists';
    }
    const taken = content.emails.map((email) => this.#byEmail.get(emailKey(email)));
    if (taken.some((one) => one !== undefined && one !== entry)) {
      return 'email-exists';
    }
    return this.#store(entry, content, 'update', request);
  }

  /** A patient of an organization by identifier; without a system, by the number alone. */
  find(
    emrOid: string,
    { system, value }: { readonly system?: string; readonly value: string },
  ): StoredPatient | undefined {
    const entry = this.#byNumber.get(ownKey(emrOid, value));
    const fits = entry !== undefined && (system === undefined || entry.content.identifier.system === system);
    return fits ? toStored(entry) : undefined;
  }

  /** A patient of an organization by Roche's id, or by the number. */
  read(emrOid: string, id: string): StoredPatient | undefined {
    const entry = this.#byId.get(ownKey(emrOid, id)) ?? this.#byNumber.get(ownKey(emrOid, id));
    return entry === undefined ? undefined : toStored(entry);
  }

  /** All patients. */
  patients(): StoredPatient[] {
    return [...this.#byIdentifier.values()].map(toStored);
  }

  /** All that was taken, in its order. */
  log(): AcceptedRequest[] {
    return this.#log.map((entry) => ({ ...entry }));
  }

  /** Notes that the answer to a request was handed to the network. */
  answered(seq: number, atMs: number): void {
    const entry = this.#log[seq - 1];
    if (entry !== undefined) {
      entry.answeredAtMs = atMs;
    }
  }

  #store(
    entry: Entry,
    content: PatientContent,
    operation: PatientOperation,
    { fault, ...request }: TakenRequest,
  ): AcceptedRequest {
    this.#byIdentifier.delete(keyOf(entry.content.identifier));
    this.#byNumber.delete(ownKey(entry.emrOid, entry.content.identifier.value));
    for (const email of entry.content.emails) {
      this.#byEmail.delete(emailKey(email));
    }
    entry.content = content;
    entry.creates += operation === 'create' ? 1 : 0;
    entry.updates += operation === 'update' ? 1 : 0;
    this.#byIdentifier.set(keyOf(content.identifier), entry);
    this.#byNumber.set(ownKey(entry.emrOid, content.identifier.value), entry);
    this.#byId.set(ownKey(entry.emrOid, entry.patientId), entry);
    for (const email of content.emails) {
      this.#byEmail.set(emailKey(email), entry);
    }
    const { identifier, resources } = content;
    const accepted: AcceptedRequest = {
      ...request,
      seq: this.#log.length + 1,
      operation,
      patientId: entry.patientId,
      identifier,
      identifierHash: hash(keyOf(identifier)),
      contentHash: hash(JSON.stringify(resources)),
      resources: [...resources],
      storedAtMs: Date.now(),
      ...(fault === undefined ? {} : { fault }),
    };
    this.#log.push(accepted);
    return accepted;
  }
}

function keyOf({ system, value }: PatientContent['identifier']): string {
  return `${system}|${value}`;
}

function ownKey(emrOid: string, id: string): string {
  return `${emrOid}|${id}`;
}

/** Addresses differ by case in theory only. */
function emailKey(email: string): string {
  return email.toLowerCase();
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** In the form of the documented example, `Bj6.1Lq-hvb-28`. */
function rocheId(seed: number, number: number): string {
  const hex = drawUuid(seed, 'patient', number).replaceAll('-', '');
  return `S${hex.slice(0, 2)}.${hex.slice(2, 5)}-${hex.slice(5, 9)}-${number}`;
}

function toStored({ patientId, emrOid, content, creates, updates }: Entry): StoredPatient {
  const { identifier, resources } = content;
  return { patientId, emrOid, identifier, resources: [...resources], creates, updates };
}

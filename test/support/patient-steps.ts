/** Steps that the tests of patient sync share: messages of a HIS as changes, and what became of them. */
import { createHash, randomUUID } from 'node:crypto';
import { Client as Postgres } from 'pg';
import { request } from 'undici';
import type { PatientServicesSettings } from '../../simulators/roche-dc/patients-options';
import type { Repair } from '../../src/domain/data-sharing';
import { createKeyedHash } from '../../src/runtime/codec/keyed-hash';
import { notifyPatientChange } from '../../src/runtime/temporal/messenger';
import { DestinationIdSchema, OrganizationIdSchema, type KeyedHash } from '../../src/domain/identifiers';
import {
  patientHash,
  type PatientChange,
  type PatientSyncResult,
  type PatientSyncStatus,
} from '../../src/domain/patient-sync';
import { patientSyncWorkflowId, rocheDestination } from '../../src/domain/workflow-ids';
import { patientSyncSettings, readAdt } from '../../src/transforms/adt-to-fhir';
import { SECRETS } from './config';
import { openHospital, type Hospital, type HospitalOptions, type World } from './ductus';
import { WAIT_MS } from './hospital-steps';
import { until } from './until';

/**
 * A hospital that sends its patients to Roche. Roche answers at once.
 * @param sync merged into `patientSync`
 * @param services merged into the options of Roche's patient services
 */
export async function openPatientHospital(
  world: World,
  sync: object = {},
  services: Partial<PatientServicesSettings> = {},
  options: HospitalOptions = {},
): Promise<Hospital> {
  return openHospital(world, {
    ...options,
    roche: { patients: { latencyScale: 0, ...services }, ...options.roche },
    patientSync: {
      createTimeoutMs: 1000,
      updateTimeoutMs: 1000,
      pause: { afterFailures: 3, firstWaitMs: 200, longestWaitMs: 1000 },
      drainPerSecond: 50,
      ...sync,
    },
  });
}

/** One message of the HIS about one patient. */
export interface Said {
  readonly event?: PatientChange['event'];
  readonly number: string;
  readonly family?: string;
  readonly given?: string;
  /** PID-5 and what follows; default: a whole patient. */
  readonly more?: string;
  readonly prior?: string;
  /** PID-3.4 and MRG-1.4; default: HOSP. */
  readonly authority?: string;
  /** Minutes after a fixed moment. */
  readonly minute: number;
  readonly connection?: string;
  readonly sequence?: number;
  readonly controlId?: string;
  readonly source?: string;
  /** Further segments. */
  readonly segments?: readonly string[];
}

const DAY = '20261125';

/** As the door makes it. */
export function changeOf(
  hospital: Hospital,
  said: Said,
): { readonly patient: KeyedHash; readonly change: PatientChange } {
  const organization = OrganizationIdSchema.parse(hospital.organizationId);
  const config = hospital.config.organizations[organization];
  if (config?.patientSync === undefined) throw new Error('this hospital has no patientSync');
  const event = said.event ?? 'A08';
  const controlId = said.controlId ?? randomUUID().slice(0, 20);
  const at = `${DAY}${String(8 + Math.floor(said.minute / 60)).padStart(2, '0')}${String(said.minute % 60).padStart(2, '0')}00`;
  const authority = said.authority ?? 'HOSP';
  const pid = `PID|1||${said.number}^^^${authority}^MR||${said.family ?? 'Muster'}^${said.given ?? 'Max'}||${said.more ?? '19700102|M|||Weg 1^^Ulm^^89073^DE'}`;
  const text = [
    `MSH|^~\\&|HIS|HOSP|DUCTUS|ROCHE|${at}+0100||ADT^${event}|${controlId}|P|2.5.1`,
    `EVN|${event}|${at}+0100`,
    pid,
    ...(said.prior === undefined ? [] : [`MRG|${said.prior}^^^${authority}^MR`]),
    ...(said.segments ?? []),
    '',
  ].join('\r');
  const reading = readAdt(text, patientSyncSettings(config.patientSync, config.timeZone));
  if (!reading.ok) throw new Error(`the message of the test is refused: ${reading.refusal.text}`);
  const hash = createKeyedHash(hospital.config.encryption.hashKey);
  const { kind, number, prior, content, eventAtMs } = reading.change;
  const digest = createHash('sha256').update(text).digest('hex');
  const source = said.source ?? 'his';
  const id = createHash('sha256')
    .update(JSON.stringify([organization, source, controlId, digest]))
    .digest('hex');
  const receivedAtMs = Date.now();
  return {
    patient: patientHash(hash, organization, number),
    change: {
      id: `${id.slice(0, 8)}-${id.slice(8, 12)}-5${id.slice(13, 16)}-8${id.slice(17, 20)}-${id.slice(20, 32)}`,
      origin: {
        source,
        connection: said.connection ?? randomUUID(),
        sequence: said.sequence ?? 1,
        controlId,
        digest,
      },
      event,
      kind,
      eventAtMs: eventAtMs ?? receivedAtMs,
      receivedAtMs,
      content,
      ...(prior === undefined ? {} : { prior: patientHash(hash, organization, prior) }),
    },
  };
}

/** Sends a message, as the door does. @returns the workflow's id and the change */
export async function say(
  hospital: Hospital,
  said: Said,
): Promise<{ readonly work: string; readonly change: PatientChange }> {
  const organization = OrganizationIdSchema.parse(hospital.organizationId);
  const { patient, change } = changeOf(hospital, said);
  await notifyPatientChange(hospital.client, hospital.config.temporal.taskQueue, { organization, patient, change });
  return { work: patientSyncWorkflowId(organization, patient), change };
}

/** Waits for the end of the run. */
export async function ended(hospital: Hospital, work: string): Promise<PatientSyncResult> {
  return hospital.client.workflow.getHandle<() => Promise<PatientSyncResult>>(work).result();
}

/** Sends a message and waits until nothing of the patient waits. */
export async function sayAndEnd(
  hospital: Hospital,
  said: Said,
): Promise<{ readonly work: string; readonly change: PatientChange }> {
  const done = await say(hospital, said);
  await ended(hospital, done.work);
  return done;
}

export async function patientStatus(hospital: Hospital, work: string): Promise<PatientSyncStatus> {
  return hospital.client.workflow.getHandle(work).query<PatientSyncStatus>('status');
}

export async function patientStage(hospital: Hospital, work: string, stage: string): Promise<PatientSyncStatus> {
  return until(
    async () => {
      const now = await patientStatus(hospital, work);
      return now.stage === stage ? now : undefined;
    },
    WAIT_MS,
    `stage ${stage}`,
  );
}

/** Rows of the store. */
export async function rows<T extends object>(hospital: Hospital, query: string, ...values: unknown[]): Promise<T[]> {
  const client = new Postgres(hospital.storeUrl);
  await client.connect();
  try {
    return (await client.query<T>(query, values)).rows;
  } finally {
    await client.end();
  }
}

/** How each message ended, in the order in which they came, as `A08 created`. */
export async function states(hospital: Hospital): Promise<string[]> {
  const found = await rows<{ event: string; state: string }>(
    hospital,
    'select event, state from patient_change order by received_at, event_at',
  );
  return found.map(({ event, state }) => `${event} ${state}`);
}

/** Number, state, and whether Roche has a patient, of everybody in the registry. */
export async function registry(hospital: Hospital): Promise<string[]> {
  const found = await rows<{ number: string; state: string; into: string | null; known: boolean }>(
    hospital,
    `select p.number, p.state, m.number as into, p.roche_patient_id is not null as known
     from patient p left join patient m on m.organization = p.organization and m.patient = p.merged_into
     order by p.number`,
  );
  return found.map(
    ({ number, state, into, known }) =>
      `${number} ${state}${into === null ? '' : ` into ${into}`}${known ? ', at Roche' : ''}`,
  );
}

/** What Roche has: number and family name of each patient. */
export function atRoche(hospital: Hospital): string[] {
  return hospital.roche
    .patientStats()
    .patients.map(({ identifier, resources }) => `${identifier.value} ${familyOf(resources)}`)
    .sort();
}

/** What Roche took, one after the other: `create 100 Muster`. */
export function taken(hospital: Hospital): string[] {
  return hospital.roche
    .patientStats()
    .accepted.map(({ operation, identifier, resources }) => `${operation} ${identifier.value} ${familyOf(resources)}`);
}

function familyOf(resources: readonly Record<string, unknown>[]): string {
  const text = JSON.stringify(resources.find((resource) => resource['resourceType'] === 'Patient'));
  return /"family":"([^"]*)"/.exec(text)?.[1] ?? '';
}

export function destinationOf(hospital: Hospital): string {
  return DestinationIdSchema.parse(rocheDestination(OrganizationIdSchema.parse(hospital.organizationId)));
}

/** An order of an operator to Roche's patient services of the hospital. */
export async function orderRoche(hospital: Hospital, order: 'hold' | 'resume'): Promise<void> {
  const { statusCode, body } = await request(
    `${hospital.url}/operations/destinations/${destinationOf(hospital)}/${order}`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}`, 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'a test' }),
    },
  );
  await body.dump();
  if (statusCode !== 202) throw new Error(`${order} was answered ${String(statusCode)}`);
  if (order === 'hold') await rocheState(hospital, 'held');
}

/** Waits for a state of Roche's patient services. */
export async function rocheState(hospital: Hospital, state: string): Promise<void> {
  await until(
    async () => {
      const [row] = await rows<{ state: string }>(
        hospital,
        'select state from destination where destination = $1',
        destinationOf(hospital),
      );
      return (row?.state ?? 'open') === state;
    },
    WAIT_MS,
    `Roche’s services are ${state}`,
  );
}

export async function repairPatient(hospital: Hospital, work: string, decision: Repair): Promise<void> {
  await hospital.client.workflow.getHandle(work).executeUpdate('repair', { args: [decision] });
}

/**
 * The registry of patients, as operators look at it without anybody's number: a patient is a keyed hash here, which is
 * also the end of the workflow's id.
 */
import type { Selectable } from 'kysely';
import { KeyedHashSchema, OrganizationIdSchema } from '../domain/identifiers';
import { Consent, ChangeState, PatientState } from '../domain/patient-sync';
import { patientSyncWorkflowId } from '../domain/workflow-ids';
import type { Store } from '../store/database';
import type { PatientChangeTable, PatientTable } from '../store/schema';

/** States to look for: those of a patient, and `parked` for one of whom a message waits for a decision. */
export const REGISTRY_STATES = [
  PatientState.new,
  PatientState.creating,
  PatientState.active,
  PatientState.merged,
  'parked',
] as const;
export type RegistryState = (typeof REGISTRY_STATES)[number];
export const CONSENTS = [Consent.given, Consent.withdrawn, Consent.missing] as const;

export interface RegistryFilter {
  readonly organization?: string | undefined;
  readonly state?: RegistryState | undefined;
  readonly consent?: Consent | undefined;
  readonly limit?: number | undefined;
  /** How many to pass over. */
  readonly offset?: number | undefined;
}

/** A patient of the registry. No number, no name. */
export interface RegisteredPatient {
  readonly organization: string;
  /** Keyed hash. */
  readonly patient: string;
  readonly workflowId: string;
  readonly state: string;
  /** Messages of the HIS about the patient that wait for a decision. */
  readonly parked: number;
  readonly consent: string;
  readonly consentFrom: Date | null;
  readonly consentUntil: Date | null;
  readonly mergedInto: string | null;
  readonly updatedAt: Date;
}

/** What else is shown of one patient. The ids are Roche's. */
export interface PatientRecord extends RegisteredPatient {
  readonly rochePatientId: string | null;
  readonly rocheBundleId: string | null;
  readonly consentBy: string | null;
  readonly consentAt: Date | null;
  /** Of the last message that Roche accepted. */
  readonly versionAt: Date | null;
  readonly createdAt: Date;
}

/** One message of the HIS about a patient. */
export interface PatientChangeView {
  readonly changeId: string;
  readonly source: string;
  /** MSH-10. */
  readonly controlId: string;
  readonly event: string;
  readonly kind: string;
  readonly eventAt: Date;
  readonly receivedAt: Date;
  readonly state: string;
  readonly replacedBy: string | null;
  readonly attempts: number;
  readonly possibleRepeats: number;
  readonly code: string | null;
  readonly message: string | null;
  readonly element: string | null;
  readonly sentAt: Date | null;
  readonly closedAt: Date | null;
  readonly decidedBy: string | null;
  readonly decidedReason: string | null;
}

/** Something that the registration desk has to put right. */
export interface WorklistEntry {
  /** `refused`: a message that Roche refused; `merged`: Roche still has a patient who was merged. */
  readonly kind: 'refused' | 'merged';
  readonly organization: string;
  readonly patient: string;
  readonly workflowId: string;
  /** When the message came, or when the patients were merged. */
  readonly at: Date;
  readonly source: string | null;
  /** MSH-10. */
  readonly controlId: string | null;
  readonly event: string | null;
  readonly code: string | null;
  readonly message: string | null;
  /** Of the patient, as Roche names it. */
  readonly element: string | null;
  /** Of a merged patient: to whom the number leads. */
  readonly mergedInto: string | null;
  /** Only where numbers are asked for. */
  readonly system?: string;
  readonly number?: string;
}

export interface WorklistFilter {
  readonly organization?: string | undefined;
  readonly limit?: number | undefined;
}

const DEFAULT_LIMIT = 1000;

/** Patients without their numbers, those that changed last first. */
export async function listRegistered(store: Store, filter: RegistryFilter = {}): Promise<readonly RegisteredPatient[]> {
  let query = store
    .selectFrom('patient as p')
    .selectAll('p')
    .select((eb) =>
      eb
        .selectFrom('patient_change as c')
        .whereRef('c.organization', '=', 'p.organization')
        .whereRef('c.patient', '=', 'p.patient')
        .where('c.state', '=', ChangeState.parked)
        .select(({ fn }) => fn.countAll<number>().as('parked'))
        .as('parked'),
    )
    .orderBy('p.updated_at', 'desc')
    .orderBy('p.organization')
    .orderBy('p.patient')
    .limit(filter.limit ?? DEFAULT_LIMIT)
    .offset(filter.offset ?? 0);
  if (filter.organization !== undefined) query = query.where('p.organization', '=', filter.organization);
  if (filter.consent !== undefined) query = query.where('p.consent', '=', filter.consent);
  if (filter.state === 'parked') {
    // Not correlated: what is open has an index, and is little.
    query = query.where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('p.organization', 'p.patient'),
        'in',
        selectFrom('patient_change as c')
          .select(['c.organization', 'c.patient'])
          .where('c.state', '=', ChangeState.parked)
          .where('c.closed_at', 'is', null)
          .$asTuple('organization', 'patient'),
      ),
    );
  } else if (filter.state !== undefined) query = query.where('p.state', '=', filter.state);
  const rows = await query.execute();
  return rows.map((row) => registered(row, row.parked ?? 0));
}

/** One patient of the registry, by the keyed hash. */
export async function findRegistered(
  store: Store,
  organization: string,
  patient: string,
): Promise<PatientRecord | undefined> {
  const [row] = await recordsOf(store, organization, [patient]);
  return row;
}

/** Patients of the registry, by their keyed hashes; in no order, and only those that are there. */
export async function recordsOf(
  store: Store,
  organization: string,
  patients: readonly string[],
): Promise<readonly PatientRecord[]> {
  if (patients.length === 0) return [];
  const rows = await store
    .selectFrom('patient as p')
    .selectAll('p')
    .select((eb) =>
      eb
        .selectFrom('patient_change as c')
        .whereRef('c.organization', '=', 'p.organization')
        .whereRef('c.patient', '=', 'p.patient')
        .where('c.state', '=', ChangeState.parked)
        .select(({ fn }) => fn.countAll<number>().as('parked'))
        .as('parked'),
    )
    .where('p.organization', '=', organization)
    .where('p.patient', 'in', [...patients])
    .execute();
  return rows.map((row) => ({
    ...registered(row, row.parked ?? 0),
    rochePatientId: row.roche_patient_id,
    rocheBundleId: row.roche_bundle_id,
    consentBy: row.consent_by,
    consentAt: row.consent_at,
    versionAt: row.version_at,
    createdAt: row.created_at,
  }));
}

/** The last messages of the HIS about a patient, newest first. */
export async function changesOf(
  store: Store,
  organization: string,
  patient: string,
  limit: number,
): Promise<readonly PatientChangeView[]> {
  const rows = await store
    .selectFrom('patient_change')
    .selectAll()
    .where('organization', '=', organization)
    .where('patient', '=', patient)
    .orderBy('received_at', 'desc')
    .orderBy('change_id')
    .limit(limit)
    .execute();
  return rows.map(changeView);
}

/** What the registration desk has to put right, oldest first. */
export async function listWorklist(
  store: Store,
  { organization, limit = DEFAULT_LIMIT }: WorklistFilter,
  withNumbers: boolean,
): Promise<readonly WorklistEntry[]> {
  let refused = store
    .selectFrom('patient_change as c')
    .leftJoin('patient as p', (join) =>
      join.onRef('p.organization', '=', 'c.organization').onRef('p.patient', '=', 'c.patient'),
    )
    .selectAll('c')
    .select(['p.number', 'p.system'])
    .where('c.state', '=', ChangeState.parked)
    .where('c.closed_at', 'is', null)
    .orderBy('c.received_at')
    .limit(limit);
  let merged = store
    .selectFrom('patient as p')
    .selectAll('p')
    .where('p.state', '=', PatientState.merged)
    .where('p.roche_patient_id', 'is not', null)
    .where(({ not, exists, selectFrom }) =>
      // Roche answers a merge with one patient under both numbers where it knows how to merge.
      not(
        exists(
          selectFrom('patient as s')
            .select('s.patient')
            .whereRef('s.organization', '=', 'p.organization')
            .whereRef('s.patient', '=', 'p.merged_into')
            .whereRef('s.roche_patient_id', '=', 'p.roche_patient_id'),
        ),
      ),
    )
    .orderBy('p.updated_at')
    .limit(limit);
  if (organization !== undefined) {
    refused = refused.where('c.organization', '=', organization);
    merged = merged.where('p.organization', '=', organization);
  }
  const [changes, patients] = await Promise.all([refused.execute(), merged.execute()]);
  const entries: WorklistEntry[] = [
    ...changes.map((row): WorklistEntry => ({
      kind: 'refused',
      organization: row.organization,
      patient: row.patient,
      workflowId: row.workflow_id,
      at: row.received_at,
      source: row.source,
      controlId: row.control_id,
      event: row.event,
      code: row.error_code,
      message: row.error_message,
      element: row.element,
      mergedInto: null,
      ...(withNumbers && row.number !== null && row.system !== null ? { system: row.system, number: row.number } : {}),
    })),
    ...patients.map((row): WorklistEntry => ({
      kind: 'merged',
      organization: row.organization,
      patient: row.patient,
      workflowId: workflowIdOf(row),
      at: row.updated_at,
      source: null,
      controlId: null,
      event: null,
      code: null,
      message: null,
      element: null,
      mergedInto: row.merged_into,
      ...(withNumbers ? { system: row.system, number: row.number } : {}),
    })),
  ];
  return entries.sort((a, b) => a.at.getTime() - b.at.getTime()).slice(0, limit);
}

function registered(row: Selectable<PatientTable>, parked: number): RegisteredPatient {
  return {
    organization: row.organization,
    patient: row.patient,
    workflowId: workflowIdOf(row),
    state: row.state,
    parked,
    consent: row.consent,
    consentFrom: row.consent_from,
    consentUntil: row.consent_until,
    mergedInto: row.merged_into,
    updatedAt: row.updated_at,
  };
}

function workflowIdOf({ organization, patient }: Pick<Selectable<PatientTable>, 'organization' | 'patient'>): string {
  return patientSyncWorkflowId(OrganizationIdSchema.parse(organization), KeyedHashSchema.parse(patient));
}

function changeView(row: Selectable<PatientChangeTable>): PatientChangeView {
  return {
    changeId: row.change_id,
    source: row.source,
    controlId: row.control_id,
    event: row.event,
    kind: row.kind,
    eventAt: row.event_at,
    receivedAt: row.received_at,
    state: row.state,
    replacedBy: row.replaced_by,
    attempts: row.attempts,
    possibleRepeats: row.possible_repeats,
    code: row.error_code,
    message: row.error_message,
    element: row.element,
    sentAt: row.sent_at,
    closedAt: row.closed_at,
    decidedBy: row.decided_by,
    decidedReason: row.decided_reason,
  };
}

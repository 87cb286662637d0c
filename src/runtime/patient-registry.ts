/**
 * What operators can do with the registry of patients, once for the HTTP API and the command line: look, enter consent, and
 * send again. Whoever sees a number stands in the audit first.
 */
import type { Viewer } from '../domain/audit';
import type { Repair, RepairResult } from '../domain/data-sharing';
import { DuctusError } from '../domain/errors';
import { OrganizationIdSchema, type OrganizationId } from '../domain/identifiers';
import { Consent, PatientState } from '../domain/patient-sync';
import type { ConsentEntry } from '../domain/patients';
import {
  changesOf,
  listRegistered,
  listWorklist,
  recordsOf,
  type PatientChangeView,
  type PatientRecord,
  type RegisteredPatient,
  type RegistryFilter,
  type WorklistEntry,
  type WorklistFilter,
} from '../queries/patient-registry';
import { listPatients, type PatientView } from '../queries/patients';
import { recordAuditOf } from '../store/audit';
import { setConsent, type ConsentOutcome, type ConsentRow } from '../store/consent';
import type { Store } from '../store/database';
import type { MarksOf, PatientOrder } from '../store/patients';
import { forgetContent } from '../store/resend';
import { endMerges } from '../store/unmerge';
import { TimeZone } from '../transforms/model/time-zone';
import type { Config } from './config/schema';

/** One patient, as far as it may be shown. */
export interface PatientDetails {
  /** Undefined where no number was asked for. */
  readonly numbers: PatientView | undefined;
  /** Null: only the cross-reference has the number. */
  readonly registry: PatientRecord | null;
  /** The last messages of the HIS, newest first. */
  readonly changes: readonly PatientChangeView[];
}

/** Whom to show: by a number of Roche, or by the keyed hash (or the id of the workflow), without numbers unless asked for. */
export type PatientQuestion =
  | { readonly sourceSystem?: string | undefined; readonly sourceValue: string }
  | { readonly patient: string; readonly withNumbers: boolean };

/** One patient of an order about merges. */
export interface UnmergeResult {
  readonly patient: string;
  /** Why nothing was done about this one. */
  readonly refused?: string;
}

/** Whom to send again: keyed hashes or ids of workflows, or everybody whom the filter finds. */
export type ResendSelection =
  | { readonly patients: readonly string[] }
  | { readonly all: Omit<RegistryFilter, 'organization' | 'limit' | 'offset'> };

export interface ResendResult {
  readonly patient: string;
  /** `retried`: what Roche refused goes again; `cleared`: the next message of the HIS goes out, also when it says nothing new. */
  readonly done?: 'retried' | 'cleared';
  readonly refused?: string;
}

export interface ConsentRequest extends PatientOrder {
  readonly consent: typeof Consent.given | typeof Consent.withdrawn;
  readonly skipUnknown: boolean;
}

export interface RegistryOperations {
  /** Without numbers. @throws DuctusError DUCTUS_NOT_FOUND, as all here, for an organization that is not configured */
  registered(filter: RegistryFilter): Promise<readonly RegisteredPatient[]>;
  /** What is known of a patient; nothing when nobody is found. */
  show(organization: string, question: PatientQuestion, viewer: Viewer): Promise<readonly PatientDetails[]>;
  /** @throws DuctusError DUCTUS_REQUEST_INVALID for times that cannot be */
  consent(organization: string, entries: readonly ConsentEntry[], order: ConsentRequest): Promise<ConsentOutcome>;
  /** @param viewer shows numbers to this person; undefined: no numbers */
  worklist(filter: WorklistFilter, viewer: Viewer | undefined): Promise<readonly WorklistEntry[]>;
  /** @param repair decides on parked messages; see `Operations.repair` */
  resend(
    organization: string,
    selection: ResendSelection,
    order: PatientOrder,
    repair: (workflowId: string, repair: Repair) => Promise<RepairResult>,
  ): Promise<readonly ResendResult[]>;
  /** Makes numbers that were merged patients of their own again. @param patients keyed hashes or ids of workflows */
  unmerge(organization: string, patients: readonly string[], order: PatientOrder): Promise<readonly UnmergeResult[]>;
}

const CHANGES_SHOWN = 10;
const PAGE = 1000;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/**
 * @param configured makes sure of an organization
 * @param marksIn the marks of a number for the audit
 */
export function createRegistryOperations(
  config: Config,
  store: Store,
  configured: (organization: string) => OrganizationId,
  marksIn: (organization: OrganizationId) => MarksOf,
): RegistryOperations {
  const known = ({ organization, ...filter }: RegistryFilter): RegistryFilter => ({
    ...filter,
    ...(organization === undefined ? {} : { organization: configured(organization) }),
  });
  return {
    registered: async (filter) => listRegistered(store, known(filter)),

    show: async (organization, question, viewer) => {
      const id = configured(organization);
      const isByHash = 'patient' in question;
      const filter = isByHash ? { patient: hashIn(question.patient) } : question;
      const found = await listPatients(store, id, filter);
      const withNumbers = !isByHash || question.withNumbers;
      const marks = found.map((each) => marksIn(id)({ ...each, mrn: each.mrn ?? each.sourceValue }));
      const asked = isByHash
        ? []
        : [
            marksIn(id)({
              sourceSystem: question.sourceSystem ?? '',
              sourceValue: question.sourceValue,
              mrn: question.sourceValue,
            }),
          ];
      // Also when nothing is found: that a number is not known says something as well.
      await recordAuditOf(
        store,
        {
          kind: 'patients-read',
          action: 'R',
          organization: id,
          ...viewer,
          details: { shown: found.length, numbers: withNumbers },
        },
        found.length > 0 ? marks : asked,
      );
      const hashes = found.flatMap(({ patient }) => patient ?? []);
      const records = new Map((await recordsOf(store, id, hashes)).map((each) => [each.patient, each]));
      // Under v1 Roche's id of a patient is the hospital's number, of a merged one the earlier number.
      const hidesIds = !withNumbers && config.organizations[id]?.patientSync?.apiVersion === 'v1';
      return Promise.all(
        found.map(async (view) => ({
          numbers: withNumbers ? view : undefined,
          registry: withoutId(records.get(view.patient ?? '') ?? null, hidesIds),
          changes: view.patient === null ? [] : await changesOf(store, id, view.patient, CHANGES_SHOWN),
        })),
      );
    },

    consent: async (organization, entries, order) => {
      const id = configured(organization);
      const zone = new TimeZone(config.organizations[id]?.timeZone ?? 'UTC');
      const rows = entries.map((entry, position) => consentRow(entry, position, order, zone));
      return setConsent(store, id, rows, order, marksIn(id));
    },

    worklist: async (filter, viewer) => {
      const { organization, limit } = filter;
      const id = organization === undefined ? undefined : configured(organization);
      const found = await listWorklist(store, { organization: id, limit }, viewer !== undefined);
      if (viewer === undefined) return found;
      for (const each of new Set(found.map((entry) => entry.organization))) {
        const shown = found.filter((entry) => entry.organization === each && entry.number !== undefined);
        // Work of an organization that is gone keeps its place in the list.
        const marksOf = marksIn(id ?? asOrganization(config, each));
        await recordAuditOf(
          store,
          {
            kind: 'patients-read',
            action: 'R',
            organization: each,
            ...viewer,
            details: { shown: shown.length, numbers: true },
          },
          shown.map(({ system = '', number = '' }) =>
            marksOf({ sourceSystem: system, sourceValue: number, mrn: number }),
          ),
        );
      }
      return found;
    },

    resend: async (organization, selection, order, repair) => {
      const id = configured(organization);
      const results: ResendResult[] = [];
      const toClear: string[] = [];
      for await (const found of chosen(store, id, selection)) {
        if (typeof found === 'string') {
          results.push({ patient: found, refused: 'the registry has no such patient' });
        } else if (found.parked > 0) {
          results.push({ patient: found.patient, ...(await retried(found.workflowId, order, repair)) });
        } else if (found.state === PatientState.active) {
          toClear.push(found.patient);
        } else {
          results.push({
            patient: found.patient,
            refused:
              found.state === PatientState.merged
                ? `it leads to ${found.mergedInto ?? 'another patient'}`
                : 'Roche does not have the patient yet: what the HIS sent is under way',
          });
        }
      }
      const cleared = new Set(await forgetContent(store, id, toClear, order, marksIn(id)));
      for (const patient of toClear) {
        results.push(
          cleared.has(patient)
            ? { patient, done: 'cleared' }
            : { patient, refused: 'its state changed meanwhile: look at it again' },
        );
      }
      return results;
    },

    unmerge: async (organization, patients, order) => {
      const id = configured(organization);
      const identifier = config.organizations[id]?.patientSync?.identifier;
      const hashes = [...new Set(patients.map(hashIn))];
      const ended = await endMerges(
        store,
        id,
        hashes,
        order,
        ({ assigningAuthority }) => ({
          assigningAuthority: identifier?.assigningAuthority ?? assigningAuthority,
          identifierType: identifier?.type ?? '',
        }),
        marksIn(id),
      );
      return hashes.map((patient) =>
        ended.includes(patient) ? { patient } : { patient, refused: 'the registry has no such patient who is merged' },
      );
    },
  };
}

/** What stands in the place of an id that is a number. */
const HIDDEN_ID = '(a number of the hospital)';

function withoutId(record: PatientRecord | null, isHidden: boolean): PatientRecord | null {
  return record === null || !isHidden || record.rochePatientId === null
    ? record
    : { ...record, rochePatientId: HIDDEN_ID };
}

/** Patients one after the other; the text of what is not there. */
async function* chosen(
  store: Store,
  organization: OrganizationId,
  selection: ResendSelection,
): AsyncGenerator<RegisteredPatient | string> {
  if ('patients' in selection) {
    const hashes = [...new Set(selection.patients.map(hashIn))];
    const found = new Map((await recordsOf(store, organization, hashes)).map((each) => [each.patient, each]));
    for (const hash of hashes) yield found.get(hash) ?? hash;
    return;
  }
  // Read to the end before anything changes: the order is that of the last change.
  const all: RegisteredPatient[] = [];
  for (let page: readonly RegisteredPatient[] = []; ;) {
    page = await listRegistered(store, { ...selection.all, organization, limit: PAGE, offset: all.length });
    all.push(...page);
    if (page.length < PAGE) break;
  }
  yield* all;
}

async function retried(
  workflowId: string,
  { by, reason }: PatientOrder,
  repair: (workflowId: string, repair: Repair) => Promise<RepairResult>,
): Promise<Omit<ResendResult, 'patient'>> {
  try {
    await repair(workflowId, { action: 'retry', by, reason });
    return { done: 'retried' };
  } catch (error) {
    return { refused: error instanceof DuctusError ? error.message : 'it failed' };
  }
}

/** The keyed hash in the id of a workflow, or the text as it is. */
function hashIn(patient: string): string {
  return /^patient-sync\/[^/]+\/([^/]+)$/.exec(patient)?.[1] ?? patient;
}

function asOrganization(config: Config, organization: string): OrganizationId {
  const found = Object.keys(config.organizations).find((each) => each === organization);
  return OrganizationIdSchema.parse(found ?? organization);
}

/** @throws DuctusError DUCTUS_REQUEST_INVALID that names the entry by its position */
function consentRow(
  { number, system, from, until }: ConsentEntry,
  position: number,
  { consent }: ConsentRequest,
  zone: TimeZone,
): ConsentRow {
  const row: ConsentRow = {
    number,
    system,
    from: from === undefined ? undefined : momentOf(from, zone, 0),
    // A day is meant with all its hours.
    until: until === undefined ? undefined : momentOf(until, zone, 1),
  };
  const invalid = (what: string): DuctusError =>
    new DuctusError('DUCTUS_REQUEST_INVALID', `Nothing was written: ${what}.`, { details: { position } });
  if (consent === Consent.withdrawn && (row.from ?? row.until) !== undefined) {
    throw invalid('a withdrawal counts from now on and has no times; give the consent an end instead');
  }
  if (row.from !== undefined && row.until !== undefined && row.from >= row.until) {
    throw invalid('a consent ends before it begins');
  }
  return row;
}

/** @param days to add to a day without a time */
function momentOf(text: string, zone: TimeZone, days: number): Date {
  if (text.includes('T')) return new Date(text);
  const local = Date.parse(text) + days * DAY_MS;
  return new Date(local - zone.resolve(local).minutes * MINUTE_MS);
}

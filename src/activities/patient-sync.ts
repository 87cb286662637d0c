/**
 * Activities of the patient-sync flow: the only code of the flow with side effects. Each can be repeated at any time: what
 * was done is in the registry, and looked at first. The sending has a file of its own.
 */
import type { Repair } from '../domain/data-sharing';
import type { ErrorCode } from '../domain/errors';
import type { OrganizationId } from '../domain/identifiers';
import { ChangeState } from '../domain/patient-sync';
import type {
  ChangeHeader,
  DeskReport,
  PatientKey,
  SendPatientInput,
  SendPatientResult,
  TakeUpVerdict,
} from '../domain/patient-sync';
import { codesNoLongerParked } from '../store/alerts';
import {
  closeChanges,
  parkChanges,
  recordPatientDecision,
  takeUpChange,
  unparkChanges,
} from '../store/patient-changes';
import { numberOf } from '../store/patient-registry';
import { clear, raise } from './alerts';
import { organizationConfig, patientSyncConfig, type ActivityDependencies } from './dependencies';
import { withFailures } from './failures';
import { tellDesk } from './patient-sync-desk';
import { PatientMapping } from './patient-sync-mapping';
import { marksOf } from './patient-sync-merge';
import { sendPatient } from './patient-sync-send';
import { stepId } from './step-id';

/** The parked state, for the ledger. */
export interface ParkPatientInput extends PatientKey {
  readonly changeIds: readonly string[];
  /** The change that stands for all of them. */
  readonly newest: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly element?: string;
}

export interface PatientSyncActivities {
  /** Enters changes in the order in which they came. @returns a verdict for each */
  takeUpChanges(input: PatientKey & { readonly changes: readonly ChangeHeader[] }): Promise<readonly TakeUpVerdict[]>;
  sendPatient(input: SendPatientInput): Promise<SendPatientResult>;
  recordPatientParked(input: ParkPatientInput): Promise<void>;
  /** Parked changes go on, since a newer one came, or since their number leads to another patient. */
  recordPatientUnparked(key: PatientKey): Promise<void>;
  /** Changes are not sent: a newer one is in their place. */
  recordPatientSuperseded(
    input: PatientKey & { readonly changeIds: readonly string[]; readonly by: string },
  ): Promise<void>;
  recordPatientDecision(
    input: PatientKey & { readonly changeIds: readonly string[]; readonly decision: Repair },
  ): Promise<void>;
  reportToDesk(report: DeskReport): Promise<void>;
}

/** The activities, bound to their dependencies. */
export function createPatientSyncActivities(deps: ActivityDependencies): PatientSyncActivities {
  const { store, config, logger, metrics, hash } = deps;
  const mappings = new Map<OrganizationId, PatientMapping>();
  const mappingOf = (id: OrganizationId): PatientMapping => {
    let mapping = mappings.get(id);
    if (mapping === undefined) {
      mapping = new PatientMapping(organizationConfig(config, id), patientSyncConfig(config, id));
      mappings.set(id, mapping);
    }
    return mapping;
  };
  const clearAlerts = async (organization: OrganizationId): Promise<void> => {
    for (const code of await codesNoLongerParked(store, organization)) {
      const text = `Nothing of ${organization} is parked with ${code} any more.`;
      await clear(deps, `parked/${organization}/${code}`, code, text);
    }
  };

  return {
    takeUpChanges: withFailures(
      'takeUpChanges',
      async ({ changes, ...key }) => {
        const verdicts: TakeUpVerdict[] = [];
        for (const change of changes) {
          const { verdict, isNew } = await takeUpChange(store, { ...key, change, digest: hash(change.origin.digest) });
          verdicts.push(verdict);
          if (isNew || verdict === 'repeat') metrics.patientReceived(key.organization, verdict);
          if (verdict !== 'conflict' || !isNew) continue;
          const { source, controlId } = change.origin;
          logger.warn(
            { organization: key.organization, source, controlId, code: 'DUCTUS_CONTROL_ID_REUSED' },
            'a message was not taken: its control id was used for another one before',
          );
        }
        return verdicts;
      },
      logger,
      'always',
    ),

    sendPatient: withFailures(
      'sendPatient',
      (input) => {
        const organization = organizationConfig(config, input.organization);
        const sync = patientSyncConfig(config, input.organization);
        const services = deps.patients(input.organization);
        return sendPatient(deps, { organization, sync, services, mapping: mappingOf(input.organization) }, input);
      },
      logger,
    ),

    recordPatientParked: withFailures(
      'recordPatientParked',
      async (input) => {
        await parkChanges(store, input);
        const { organization, code } = input;
        metrics.parked(code);
        metrics.patientChanges(organization, new Map([[ChangeState.parked, 1]]));
        await raise(deps, {
          key: `parked/${organization}/${code}`,
          code,
          text: `Patients of ${organization} are parked with ${code}. See \`ductus parked list\`.`,
        });
      },
      logger,
      'always',
    ),

    recordPatientUnparked: withFailures(
      'recordPatientUnparked',
      async (key: PatientKey) => {
        await unparkChanges(store, key);
        await clearAlerts(key.organization);
      },
      logger,
      'always',
    ),

    recordPatientSuperseded: withFailures(
      'recordPatientSuperseded',
      async ({ changeIds, by, ...key }) => {
        const count = await closeChanges(store, key, changeIds, ChangeState.superseded, by);
        metrics.patientChanges(key.organization, new Map([[ChangeState.superseded, count]]));
      },
      logger,
      'always',
    ),

    recordPatientDecision: withFailures(
      'recordPatientDecision',
      async ({ changeIds, decision, ...key }) => {
        const named = await numberOf(store, key);
        const marks = named === undefined ? [] : marksOf(deps, key.organization, named);
        const { action, by, reason } = decision;
        const written = { id: stepId(), action, by, reason, details: { changes: changeIds.length } };
        const discarded = await recordPatientDecision(store, key, changeIds, written, marks);
        metrics.patientChanges(key.organization, new Map([[ChangeState.discarded, discarded]]));
        await clearAlerts(key.organization);
      },
      logger,
      'always',
    ),

    reportToDesk: withFailures(
      'reportToDesk',
      async (report) => {
        const { registrationDesk } = patientSyncConfig(config, report.organization);
        await tellDesk(registrationDesk, report);
      },
      logger,
    ),
  };
}

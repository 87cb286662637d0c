/**
 * The metrics. Labels are closed lists (organization and destination of the configuration, codes of the
 * error table, states), so that no sender can grow the number of series; nothing here points at a person.
 * The registry is a value and not prom-client's global one: tests and several roles in a process stay apart.
 */
import { Counter, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { WithheldReason } from '../../domain/consent';
import type { ErrorCode } from '../../domain/errors';
import type { DestinationId, OrganizationId } from '../../domain/identifiers';
import { ChangeState, type TakeUpVerdict } from '../../domain/patient-sync';
import type { Standing } from '../../domain/standing';
import type { KindCounts } from '../../transforms/model/counts';
import { ITEM_KINDS } from '../../transforms/model/item';
import { createHisMetrics, type HisMetrics } from './his-metrics';
import { createProcessGauges, type ProcessGauges } from './process-gauges';
import { createStandingGauges } from './standing-gauges';

/** `accepted`, or the code of the error that the other side was answered with. */
export type Result = 'accepted' | ErrorCode;

/** What a notification turned out to be when its work began. */
export type Disposition = 'new' | 'repeat' | 'conflict' | 'same-file';

export interface Metrics {
  readonly registry: Registry;
  /** A notification was answered. */
  notification(result: Result): void;
  /** The EMR accepted the last message of a notification. @param seconds since its receipt */
  delivered(destination: DestinationId, seconds: number): void;
  /** An HL7 message was answered, or was not. */
  message(destination: DestinationId, result: Result): void;
  /** A message goes out again after an ambiguous end: the EMR may see it twice. */
  possibleRepeat(destination: DestinationId): void;
  parked(code: ErrorCode): void;
  /** A message of the HIS was taken up, or was not. */
  patientReceived(organization: OrganizationId, verdict: TakeUpVerdict): void;
  /** Messages of the HIS ended so, or are parked. @param counts by `ChangeState` */
  patientChanges(organization: OrganizationId, counts: ReadonlyMap<string, number>): void;
  /** Roche took a patient. @param seconds since the receipt of the newest message */
  patientSent(organization: OrganizationId, service: 'create' | 'update', seconds: number): void;
  /** The consent policy refused a file. */
  refused(reason: WithheldReason): void;
  /** Resources without a mapping. @param type FHIR resource type as the file names it */
  unmapped(type: string, count: number): void;
  /** Elements that no mapping reads, in resources that have one. */
  unread(count: number): void;
  /** Items of which messages were made, by kind. */
  items(destination: DestinationId, kinds: KindCounts): void;
  alert(code: string): void;
  /** Work began for a notification. `repeat`: Roche sent one again that is dealt with; `same-file`: another id, the same bytes. */
  opened(organization: OrganizationId, disposition: Disposition): void;
  /** A request was answered. @param route pattern of the route, `none` for an address that is none */
  answered(route: string, status: number, seconds: number): void;
  /** Shows how work stands; undefined: could not be read. */
  readonly standing: (standing: Standing | undefined) => void;
  readonly process: ProcessGauges;
  /** The doors of the HIS. */
  readonly his: HisMetrics;
}

/** Types that have a series of their own; any other text from a file counts as `other`. SPECS §1.5 lists what Roche sends. */
const KNOWN_TYPES = new Set([
  'AllergyIntolerance',
  'CarePlan',
  'Condition',
  'Device',
  'DeviceComponent',
  'DeviceMetric',
  'DeviceRequest',
  'DeviceUseStatement',
  'DiagnosticReport',
  'DocumentReference',
  'Encounter',
  'MedicationAdministration',
  'MedicationRequest',
  'MedicationStatement',
  'NutritionOrder',
  'Observation',
  'Organization',
  'Patient',
  'Practitioner',
  'Procedure',
  'QuestionnaireResponse',
]);

/** Seconds. 5 is what Roche expects of the data's way (ARCHITECTURE 1, SPECS §1); 5,400 its last repeat. */
const DELIVERY_BUCKETS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 5400];

/** Seconds. 5 is the entry point's whole wait for Temporal (`LIMITS.signalWithStartMs`). */
const REQUEST_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** Creates a registry with all metrics of Ductus and those of the Node process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const notifications = new Counter({
    name: 'ductus_notifications_total',
    help: 'Notifications answered, by result: accepted, or the code of the error.',
    labelNames: ['result'],
    registers,
  });
  const deliveries = new Histogram({
    name: 'ductus_deliveries_seconds',
    help: 'From the receipt of a notification until the EMR accepted its last message.',
    labelNames: ['destination'],
    buckets: DELIVERY_BUCKETS,
    registers,
  });
  const messages = new Counter({
    name: 'ductus_messages_total',
    help: 'HL7 messages sent, by result: accepted, or the code of the error.',
    labelNames: ['destination', 'result'],
    registers,
  });
  const repeats = new Counter({
    name: 'ductus_possible_repeats_total',
    help: 'Messages sent again after an attempt whose end is unknown.',
    labelNames: ['destination'],
    registers,
  });
  const parked = new Counter({
    name: 'ductus_parked_total',
    help: 'Pieces of work that stopped and wait for an operator, by code.',
    labelNames: ['code'],
    registers,
  });
  const patientsReceived = new Counter({
    name: 'ductus_patient_messages_total',
    help: 'Messages of the HIS that the workflow of their patient looked at: taken, repeat (came before), stale (older than what Roche has), conflict (control id used before).',
    labelNames: ['organization', 'verdict'],
    registers,
  });
  const patientsEnded = new Counter({
    name: 'ductus_patient_changes_total',
    help: 'Messages of the HIS by how they ended; `parked` ones wait for a person or a newer message.',
    labelNames: ['organization', 'state'],
    registers,
  });
  const patientsSent = new Histogram({
    name: 'ductus_patients_seconds',
    help: 'From the receipt of the newest message about a patient until Roche took the patient.',
    labelNames: ['organization', 'service'],
    buckets: DELIVERY_BUCKETS,
    registers,
  });
  const refused = new Counter({
    name: 'ductus_refused_total',
    help: 'Files that the consent policy refused, by reason; one file may have several.',
    labelNames: ['reason'],
    registers,
  });
  const unmapped = new Counter({
    name: 'ductus_unmapped_resources_total',
    help: 'Resources that have no mapping, by FHIR resource type; `element`: elements that no mapping reads.',
    labelNames: ['type'],
    registers,
  });
  const items = new Counter({
    name: 'ductus_items_total',
    help: 'Readings, devices, reports and carried resources that messages were made of, by kind.',
    labelNames: ['destination', 'kind'],
    registers,
  });
  const alerts = new Counter({
    name: 'ductus_alerts_total',
    help: 'Conditions that people were told about, by code.',
    labelNames: ['code'],
    registers,
  });
  const opened = new Counter({
    name: 'ductus_works_total',
    help: 'Notifications whose work began: new, repeat (dealt with before), conflict (other content under a used id), same-file (delivered under another id).',
    labelNames: ['organization', 'disposition'],
    registers,
  });
  const requests = new Histogram({
    name: 'ductus_http_requests_seconds',
    help: 'Requests that the API answered, by route and class of the status.',
    labelNames: ['route', 'status'],
    buckets: REQUEST_BUCKETS,
    registers,
  });

  return {
    registry,
    notification: (result) => notifications.inc({ result }),
    delivered: (destination, seconds) => deliveries.observe({ destination }, seconds),
    message: (destination, result) => messages.inc({ destination, result }),
    possibleRepeat: (destination) => repeats.inc({ destination }),
    parked: (code) => parked.inc({ code }),
    patientReceived: (organization, verdict) => patientsReceived.inc({ organization, verdict }),
    patientChanges: (organization, counts) => {
      for (const state of Object.values(ChangeState)) {
        const count = counts.get(state) ?? 0;
        if (count > 0) patientsEnded.inc({ organization, state }, count);
      }
    },
    patientSent: (organization, service, seconds) => patientsSent.observe({ organization, service }, seconds),
    refused: (reason) => refused.inc({ reason }),
    unmapped: (type, count) => unmapped.inc({ type: KNOWN_TYPES.has(type) ? type : 'other' }, count),
    unread: (count) => unmapped.inc({ type: 'element' }, count),
    items: (destination, kinds) => {
      for (const kind of ITEM_KINDS) {
        const count = kinds[kind] ?? 0;
        if (count > 0) items.inc({ destination, kind }, count);
      }
    },
    alert: (code) => alerts.inc({ code }),
    opened: (organization, disposition) => opened.inc({ organization, disposition }),
    answered: (route, status, seconds) =>
      requests.observe({ route, status: `${String(Math.floor(status / 100))}xx` }, seconds),
    standing: createStandingGauges(registry),
    process: createProcessGauges(registry),
    his: createHisMetrics(registry),
  };
}

/**
 * The message Bundle for Roche (SPECS §1.2): MessageHeader, Patient, and a Condition for each kind of diabetes. The same
 * input gives the same bytes.
 */
import { DuctusError } from '../../domain/errors';
import type { PatientContent } from '../../domain/patient-sync';
import { canonicalJson } from '../fhir-bundle/lossless-json';
import { nameUuid } from '../stu3-to-r4/uuid';
import type { PatientSyncSettings, RocheBundle, RocheContext } from './contract';
import { DIABETES } from './diagnosis-codes';
import { recordOf } from './record';
import type { ConditionElements, MessageBundle, PatientElements, Stu3Resource } from './stu3';

const PROFILES = 'http://roche.com/fhir/rdc/StructureDefinition';
const SNOMED = 'http://snomed.info/sct';
/** Elements without which an update would empty what Roche knows. */
const DETAILS = ['birthDate', 'gender', 'telecom', 'address'] as const;

/**
 * The newest patient of what waited, with the newest diagnoses that any of it has: a message without DG1 says nothing about
 * diagnoses.
 * @param contents what waited for one patient, oldest to newest; at least one
 * @throws DuctusError DUCTUS_HL7_INVALID when the configuration has changed so that a content can no longer be read
 */
export function toRocheBundle(
  contents: readonly PatientContent[],
  settings: PatientSyncSettings,
  context: RocheContext,
): RocheBundle {
  const records = contents.map((content) => recordOf(content, settings)).toReversed();
  const [newest] = records;
  if (newest === undefined) {
    throw new DuctusError('DUCTUS_INTERNAL', 'A Bundle for Roche was asked for, and nothing to make it of was given.');
  }
  const { patient } = records.find(({ patient: said }) => !isNamesOnly(said)) ?? newest;
  const conditions = records.find(({ saysDiagnoses }) => saysDiagnoses)?.conditions ?? [];
  const number = context.number ?? newest.number;

  const { system } = settings.identifier;
  const patientId = nameUuid(canonicalJson(['patient', system, number]));
  const resources = [
    patientResource(patientId, system, number, patient),
    ...conditions.map((condition) => conditionResource(patientId, condition)),
  ];
  const contentHashInput = canonicalJson(resources);
  const timestamp = new Date(context.timestampMs).toISOString();
  const messageId = context.messageId ?? nameUuid(`message ${timestamp} ${contentHashInput}`);
  const header = messageHeader(messageId, timestamp, context.organizationOid);
  const bundle: MessageBundle = {
    resourceType: 'Bundle',
    type: 'message',
    entry: [header, ...resources].map((resource) => ({ fullUrl: `urn:uuid:${resource.id}`, resource })),
  };
  return { bundle, contentHashInput, namesOnly: isNamesOnly(patient) };
}

function isNamesOnly(patient: PatientElements): boolean {
  return DETAILS.every((element) => patient[element] === undefined);
}

function messageHeader(id: string, timestamp: string, organizationOid: string): Stu3Resource {
  return {
    resourceType: 'MessageHeader',
    id,
    meta: { profile: [`${PROFILES}/message-header`] },
    event: { system: 'http://roche.com/fhir/rdc/message-type', code: 'new-bundle', display: 'New bundle generated' },
    timestamp,
    source: { software: 'EMR middleware', version: '1.0.0', endpoint: organizationOid },
  };
}

function patientResource(id: string, system: string, number: string, patient: PatientElements): Stu3Resource {
  return {
    resourceType: 'Patient',
    id,
    meta: { profile: [`${PROFILES}/patient-v2`] },
    identifier: [{ system, value: number }],
    active: true,
    ...patient,
  };
}

/** The subject is written as in the example of Roche's guide. */
function conditionResource(patientId: string, condition: ConditionElements): Stu3Resource {
  const { snomed, text, ...times } = condition;
  const display = DIABETES.get(snomed);
  return {
    resourceType: 'Condition',
    id: nameUuid(`condition ${patientId} ${snomed}`),
    meta: { profile: [`${PROFILES}/condition`] },
    clinicalStatus: 'active',
    code: {
      coding: [{ system: SNOMED, code: snomed, ...(display === undefined ? {} : { display }) }],
      ...(text === undefined ? {} : { text }),
    },
    subject: { reference: `Patient/${patientId}` },
    ...times,
  };
}

/** What a stored content says about a patient, whichever door it came by. */
import { DuctusError } from '../../domain/errors';
import type { PatientContent } from '../../domain/patient-sync';
import { Hl7Message } from '../../protocols/hl7-v2/message';
import type { PatientSyncSettings } from './contract';
import { readDiagnosis } from './diagnosis-rules';
import { readFhirRecord } from './fhir-record';
import { readNumber } from './patient-number';
import { readPatient } from './patient-rules';
import { onePerKind, type PatientRecord } from './patient-record';

/** @throws DuctusError DUCTUS_HL7_INVALID when it cannot be read: the configuration has changed since it was taken */
export function recordOf(content: PatientContent, settings: PatientSyncSettings): PatientRecord {
  if (content.form === 'fhir') return readFhirRecord(JSON.parse(content.json), settings);
  const message = new Hl7Message(content.text);
  const pid = message.first('PID');
  const number = pid === undefined ? undefined : readNumber(pid, message.header.value(12), settings.identifier);
  if (pid === undefined || number === undefined || !number.ok) {
    throw new DuctusError(
      'DUCTUS_HL7_INVALID',
      'A message that was taken can no longer be read: patientSync.identifier has changed since.',
    );
  }
  const diagnoses = message
    .all('DG1')
    .map((dg1) => readDiagnosis(dg1, settings))
    .filter((diagnosis) => diagnosis !== undefined);
  return {
    number: number.found.number.value,
    patient: readPatient(pid, settings),
    conditions: onePerKind(
      diagnoses.filter((diagnosis) => diagnosis.kind === 'active').map(({ condition }) => condition),
    ),
    saysDiagnoses: diagnoses.length > 0,
  };
}

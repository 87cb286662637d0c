/** Messages of the HIS, read and mapped to Roche's Bundle. */
export type {
  AdtReading,
  FhirIssue,
  FhirReading,
  FhirRefusal,
  Hl7Location,
  Hl7Refusal,
  PatientNumber,
  PatientSyncConfigured,
  PatientSyncSettings,
  ReadChange,
  RocheBundle,
  RocheContext,
} from './contract';
export type { Hl7Control } from '../../protocols/hl7-v2/control';
export { patientSyncSettings } from './settings';
export { readAdt } from './read-adt';
export { readFhir } from './read-fhir';
export { toRocheBundle } from './to-roche-bundle';

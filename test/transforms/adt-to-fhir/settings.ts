/** Settings of a hospital for the tests of the mapping. */
import { ADT_EVENTS } from '../../../src/domain/patient-sync';
import {
  patientSyncSettings,
  type PatientSyncConfigured,
  type PatientSyncSettings,
} from '../../../src/transforms/adt-to-fhir';

export const METEDA = 'urn:oid:1.3.6.1.4.1.56221.2.2';

/** The defaults of the configuration, with changes. */
export function testSettings(
  changes: Partial<Omit<PatientSyncConfigured, 'identifier'>> & {
    readonly identifier?: Partial<PatientSyncConfigured['identifier']>;
  } = {},
  timeZone = 'Europe/Berlin',
): PatientSyncSettings {
  const { identifier, ...others } = changes;
  return patientSyncSettings(
    {
      identifier: { system: METEDA, type: 'MR', ...identifier },
      events: [...ADT_EVENTS],
      requireCondition: false,
      diagnoses: {},
      ...others,
    },
    timeZone,
  );
}

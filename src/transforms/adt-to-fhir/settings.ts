/** The settings of an organization, made ready once: looking them up by list for every message would be slow. */
import { TimeZone } from '../model/time-zone';
import type { PatientSyncConfigured, PatientSyncSettings } from './contract';
import { diagnosisKey } from './diagnosis-codes';

/**
 * @param configured `organizations.*.patientSync`
 * @param timeZone `organizations.*.timeZone`, an IANA name
 */
export function patientSyncSettings(configured: PatientSyncConfigured, timeZone: string): PatientSyncSettings {
  return {
    identifier: configured.identifier,
    events: new Set(configured.events),
    processingIds: new Set(configured.processingIds ?? ['P']),
    requireCondition: configured.requireCondition,
    diagnoses: new Map(
      Object.entries(configured.diagnoses).map(([name, snomed]) => {
        // `I10|E10.9`; a system may be a URI, a code has no bar.
        const bar = name.lastIndexOf('|');
        return [diagnosisKey({ system: name.slice(0, Math.max(bar, 0)), code: name.slice(bar + 1) }), snomed];
      }),
    ),
    timeZone: new TimeZone(timeZone),
  };
}

/** The hospital's own number of each patient, where the organization takes it from the registry. */
import type { Item } from '../model/item';
import type { PatientContext } from '../model/patient';
import type { EmrIdentity, SelectionProfile } from '../model/profile';
import { patientUnknownError } from './refused';

/**
 * Adds the number to the patients of the items. One object for each patient of the input: thousands of items share it.
 * @throws DuctusError DUCTUS_PATIENT_UNKNOWN when the profile parks patients without a number
 */
export function withIdentities(
  groups: readonly (readonly Item[])[],
  profile: Pick<SelectionProfile, 'identity' | 'unknownPatient'>,
  identities: ReadonlyMap<string, EmrIdentity>,
): readonly (readonly Item[])[] {
  if (profile.identity === 'as-sent') return groups;
  const unknown = new Set<string>();
  const known = new Map<PatientContext, PatientContext>();
  const identified = (patient: PatientContext): PatientContext => {
    let found = known.get(patient);
    if (found === undefined) {
      const emr = identities.get(patient.key);
      if (emr === undefined) unknown.add(patient.key);
      found = emr === undefined ? patient : { ...patient, emr };
      known.set(patient, found);
    }
    return found;
  };
  const result = groups.map((group) => group.map((item) => ({ ...item, patient: identified(item.patient) })));
  if (unknown.size > 0 && profile.unknownPatient === 'park') throw patientUnknownError(unknown.size);
  return result;
}

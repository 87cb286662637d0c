/** Patients of the registry for tests, as the activities of patient sync leave them. */
import { createHash, randomUUID } from 'node:crypto';
import type { Insertable } from 'kysely';
import type { Store } from '../../src/store/database';
import type { PatientChangeTable, PatientTable } from '../../src/store/schema';
import { KeyedHashSchema, type KeyedHash } from '../../src/domain/identifiers';

export const SYSTEM = 'urn:oid:1.3.6.1.4.1.56221.2.2';

/** A value in the form of the keyed hash of a patient, in which the number cannot be seen. */
export function patientOf(number: string): KeyedHash {
  return KeyedHashSchema.parse(createHash('sha256').update(number).digest('base64url').slice(0, 22));
}

/** A patient whom Roche has, under the hash of `patientOf`. */
export async function register(
  store: Store,
  number: string,
  more: Partial<Insertable<PatientTable>> = {},
): Promise<string> {
  const patient = more.patient ?? patientOf(number);
  await store
    .insertInto('patient')
    .values({
      organization: 'st-marien',
      patient,
      number,
      system: SYSTEM,
      assigning_authority: 'MARIEN',
      state: 'active',
      roche_patient_id: `roche-${number}`,
      created_at: new Date(),
      updated_at: new Date(),
      ...more,
    })
    .execute();
  return patient;
}

/** The number leads to another patient since an A40. @param into hash of the survivor */
export async function merge(store: Store, number: string, into: string, organization = 'st-marien'): Promise<void> {
  await store
    .updateTable('patient')
    .set({ state: 'merged', merged_into: into })
    .where('organization', '=', organization)
    .where('number', '=', number)
    .execute();
}

/** A message of the HIS that Roche refused. */
export async function parkMessage(
  store: Store,
  patient: string,
  more: Partial<Insertable<PatientChangeTable>> = {},
): Promise<void> {
  const organization = more.organization ?? 'st-marien';
  await store
    .insertInto('patient_change')
    .values({
      organization,
      change_id: randomUUID(),
      patient,
      workflow_id: `patient-sync/${organization}/${patient}`,
      source: 'his',
      control_id: 'CTRL-1',
      digest: 'digest',
      event: 'A08',
      kind: 'upsert',
      event_at: new Date(),
      received_at: new Date(),
      state: 'parked',
      error_code: 'DUCTUS_PATIENT_REFUSED',
      error_message: 'Roche refused the patient: required.',
      element: 'Patient.name.family',
      ...more,
    })
    .execute();
}

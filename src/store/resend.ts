/**
 * Makes Ductus forget what Roche has of patients, so that the next message of the HIS goes out also when it says nothing new.
 * The content itself is in Temporal only, and only until it is sent: there is nothing here that could be sent at once.
 */
import type { OrganizationId } from '../domain/identifiers';
import { PatientState } from '../domain/patient-sync';
import type { Store } from './database';
import { recordPatientsChange, type MarksOf, type PatientOrder } from './patients';

const ROWS_AT_ONCE = 2000;

/** @param patients keyed hashes. @returns those of them whom Roche has, and who are forgotten now */
export async function forgetContent(
  store: Store,
  organization: OrganizationId,
  patients: readonly string[],
  order: PatientOrder,
  marksOf: MarksOf,
): Promise<readonly string[]> {
  return store.transaction().execute(async (trx) => {
    const cleared: { readonly patient: string; readonly system: string; readonly number: string }[] = [];
    for (let done = 0; done < patients.length; done += ROWS_AT_ONCE) {
      cleared.push(
        ...(await trx
          .updateTable('patient')
          .set({ content_hash: null })
          .where('organization', '=', organization)
          .where('patient', 'in', patients.slice(done, done + ROWS_AT_ONCE))
          .where('state', '=', PatientState.active)
          .returning(['patient', 'system', 'number'])
          .execute()),
      );
    }
    if (cleared.length > 0) {
      const marks = cleared.map(({ system, number }) =>
        marksOf({ sourceSystem: system, sourceValue: number, mrn: number }),
      );
      await recordPatientsChange(trx, organization, 'patients-resend', order, { cleared: cleared.length }, marks);
    }
    return cleared.map(({ patient }) => patient);
  });
}

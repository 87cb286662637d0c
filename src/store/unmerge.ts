/**
 * Takes merges (A40) back that were a mistake: HL7 v2's unlink (A37) says nothing that could be applied by itself, since only
 * people know whose data came meanwhile. The number is a patient of its own again, in the registry and in the cross-reference;
 * what Roche and the EMR have stays where it is.
 */
import { sql } from 'kysely';
import { DUCTUS_ITSELF } from '../domain/audit';
import type { OrganizationId } from '../domain/identifiers';
import { PatientState } from '../domain/patient-sync';
import type { Store } from './database';
import type { CrossReferenceLine } from './patient-registry';
import { lockPatients, recordPatientsChange, type MarksOf, type PatientOrder } from './patients';

/**
 * @param patients keyed hashes of numbers that have ended
 * @param lineOf where the cross-reference leads for a number of an assigning authority
 * @returns those of them that were merged, and are not any more
 */
export async function endMerges(
  store: Store,
  organization: OrganizationId,
  patients: readonly string[],
  order: PatientOrder,
  lineOf: (number: { readonly assigningAuthority: string }) => CrossReferenceLine,
  marksOf: MarksOf,
): Promise<readonly string[]> {
  return store.transaction().execute(async (trx) => {
    await lockPatients(trx, organization);
    const ended: string[] = [];
    const marks: (readonly string[])[] = [];
    for (const patient of patients) {
      const { rows } = await sql<{ number: string; system: string; authority: string; survivor: string }>`
        with before as (
          select patient, merged_into from patient
          where organization = ${organization} and patient = ${patient} and state = ${PatientState.merged} for update
        )
        update patient p set merged_into = null, merged_at = null, merged_connection = null, content_hash = null,
          state = case when p.roche_patient_id is null then ${PatientState.new} else ${PatientState.active} end,
          claim = null, updated_at = now()
        from before where p.organization = ${organization} and p.patient = before.patient
        returning p.number, p.system, p.assigning_authority as authority, before.merged_into as survivor
      `.execute(trx);
      const [row] = rows;
      if (row === undefined) continue;
      const { number, system, survivor } = row;
      const line = lineOf({ assigningAuthority: row.authority });
      // The survivor may have what the HIS said of the other: its next message goes out, also when it says nothing new.
      await sql`
        update patient set content_hash = null where organization = ${organization} and patient = ${survivor}
      `.execute(trx);
      await sql`
        update patient_identifier set emr_value = source_value, assigning_authority = ${line.assigningAuthority},
          identifier_type = ${line.identifierType}, updated_at = now(), updated_by = ${DUCTUS_ITSELF}
        where organization = ${organization} and source_system = ${system} and source_value = ${number}
          and updated_by = ${DUCTUS_ITSELF}
      `.execute(trx);
      ended.push(patient);
      marks.push(marksOf({ sourceSystem: system, sourceValue: number, mrn: number }));
    }
    if (ended.length > 0)
      await recordPatientsChange(trx, organization, 'patients-unmerge', order, { unmerged: ended.length }, marks);
    return ended;
  });
}

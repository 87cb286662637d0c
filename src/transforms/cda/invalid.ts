/** The one error of this reader: it names the element, never a value. */
import { DuctusError } from '../../domain/errors';

/** A DUCTUS_REPORT_INVALID for an element, as in `ClinicalDocument.recordTarget.patientRole`. */
export function invalid(element: string, problem: string): DuctusError {
  return new DuctusError('DUCTUS_REPORT_INVALID', `The report cannot be read: ${element}: ${problem}`, {
    details: { element },
  });
}

/** What PostgreSQL cannot store (NUL) and what no id has. */
export const CONTROL = /[\u0000-\u001f\u007f]/;

/** Codes in HL7 v2: what FHIR code systems are called there (table 0396). */
import type { Code } from '../model/reading';

/** One triplet of a CE field. */
export interface V2Code {
  readonly code: string;
  readonly text: string;
  readonly system: string;
}

/** A code of the model as a triplet. */
export function toV2({ system, code, display }: Code): V2Code {
  return { code, text: display ?? '', system: systemName(system) };
}

/** Table 0396 has `99` and letters for local systems; Roche's own gets one, unknown ones are just local. */
function systemName(system: string | undefined): string {
  switch (system) {
    case 'http://loinc.org':
      return 'LN';
    case 'http://snomed.info/sct':
      return 'SCT';
    case 'urn:iso:std:iso:11073:10101':
      return 'MDC';
    case 'http://roche.com/fhir/rdc/cs':
      return '99RDC';
    default:
      // A code map may name the table's own codes, as in `LN` or `99LAB`.
      return /^[A-Z0-9]{1,12}$/.test(system ?? '') ? (system ?? 'L') : 'L';
  }
}

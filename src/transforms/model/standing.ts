/** What the status of a FHIR resource says about it. */
import type { Standing } from './reading';

/** Status of a FHIR Observation (STU3 and R4 value set observation-status) or event. */
export function standingOf(status: string | undefined): Standing | undefined {
  switch (status) {
    case 'final':
    case 'amended':
    case 'corrected':
      return 'final';
    case 'registered':
    case 'preliminary':
      return 'preliminary';
    case 'cancelled':
    case 'entered-in-error':
      return 'deleted';
    default:
      return undefined;
  }
}

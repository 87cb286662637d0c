/** How each fault of the patient services looks to the caller. */
import type { ServerResponse } from 'node:http';
import { operationOutcome, send, sendEmpty } from './gateway';
import { PATIENT_FAULTS } from './patients-options';
import type { PatientFault } from './patients-options';

/** Faults after which the patient is stored, and the one that only takes long. */
export function isStoredFault(fault: PatientFault): boolean {
  return fault.startsWith('patient-stored-') || fault === 'patient-slow';
}

/** The faults that a create or an update can meet. */
export function operationFaults(operation: 'create' | 'update'): readonly PatientFault[] {
  return operation === 'create' ? CREATE_FAULTS : UPDATE_FAULTS;
}

const CREATE_FAULTS = PATIENT_FAULTS.filter((fault) => !fault.startsWith('patient-lookup-'));
/** An empty body is the right answer to an update. */
const UPDATE_FAULTS = CREATE_FAULTS.filter((fault) => fault !== 'patient-stored-empty');

/** Answers a request that was not looked at. */
export function failBefore(fault: PatientFault, response: ServerResponse, retryAfterSeconds: number): void {
  const retryAfter = { 'Retry-After': String(retryAfterSeconds) };
  const policy = { status: 'error', detail: 'Validation policy error: Certificate validation failed.' };
  switch (fault) {
    case 'patient-required':
      send(response, 400, operationOutcome('required', 'The required element Patient.name.family is missing.'));
      return;
    case 'patient-structure':
      send(response, 400, operationOutcome('structure', 'The content could not be parsed.'));
      return;
    case 'patient-invalid':
      send(response, 400, operationOutcome('invalid', 'The value is not valid.', 'Patient.birthDate'));
      return;
    case 'patient-too-long':
      send(response, 400, operationOutcome('too-long', 'Patient.identifier.value has more than 64 characters.'));
      return;
    case 'patient-timeout':
      send(response, 500, operationOutcome('timeout', 'An internal timeout has occurred.'));
      return;
    case 'patient-exception':
      send(response, 500, operationOutcome('exception', 'An unexpected internal error has occurred.'));
      return;
    case 'patient-500':
      sendEmpty(response, 500);
      return;
    case 'patient-501':
      sendEmpty(response, 501);
      return;
    case 'patient-429':
      sendEmpty(response, 429, retryAfter);
      return;
    case 'patient-503':
      sendEmpty(response, 503, retryAfter);
      return;
    case 'patient-401':
      send(response, 401, { error: 'Invalid Client' });
      return;
    case 'patient-403':
      send(response, 403, policy);
      return;
    case 'patient-403-empty':
      sendEmpty(response, 403);
      return;
    default:
      response.destroy();
  }
}

/** A profile and a context for the tests of the transform. */
import type { Hl7Profile, OruContext } from '../../../src/transforms/fhir-to-hl7';

export function testProfile(changes: Partial<Hl7Profile> = {}): Hl7Profile {
  return {
    sendingApplication: 'DUCTUS',
    sendingFacility: 'ROCHE',
    receivingApplication: 'EMR',
    receivingFacility: 'HOSPITAL',
    processingId: 'P',
    characterSet: 'UNICODE UTF-8',
    patientAssigningAuthority: '',
    patientIdentifierType: 'MR',
    timeZone: 'Europe/Berlin',
    maxObservationsPerMessage: 500,
    unmapped: 'report',
    ...changes,
  };
}

export function testContext(changes: Partial<OruContext> = {}): OruContext {
  return {
    createdAtMs: Date.UTC(2024, 2, 1, 9, 0, 0),
    seed: 'clinic|notification-1|emr',
    delivered: new Map(),
    leaveOut: new Set(),
    ...changes,
  };
}

/** Reads FHIR bundles, STU3 as Roche sends them and R4. Pure: no clock, no randomness, no I/O. */
export { readBundle } from './bundle';

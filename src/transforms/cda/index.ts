/** Reads reports in HL7 CDA R2, as Roche sends them as `Clinical Report`. Pure: no clock, no randomness, no I/O. */
export { readReport } from './report';

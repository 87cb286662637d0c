/**
 * FHIR STU3 or R4 bundle → HL7 v2.5.1 ORU^R01. Pure: no clock, no randomness, no I/O; the same input gives the
 * same bytes. What each field holds and why stands in test/transforms/fhir-to-hl7/golden/README.md.
 */
export { readBundle } from './bundle';
export type { BundleContent, BundleResource } from './bundle';
export { bundleToOru } from './oru';
export type { OruContext, OruMessage, OruResult } from './oru';
export type { DeliveryState, Hl7Profile } from './profile';
export { encodeHl7 } from './character-set';
export type { CharacterSet } from './character-set';
export { escapeText, unescapeText } from './escape';

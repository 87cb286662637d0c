/**
 * Items → HL7 v2. Pure: no clock, no randomness, no I/O; the same input gives the same bytes. What each field holds and
 * why stands in docs/guide/mapping.md, which is made of the rules here.
 */
export { itemsToHl7 } from './items-to-hl7';
export { encodeHl7 } from './character-set';
export { escapeText, unescapeText } from './escape';

/** What a destination has and what it would get today, by resource and field. Pure. */
export { unitsOf, signatureOf, type Unit } from './units';
export { compareUnits } from './compare';
export { DifferenceTally } from './tally';
export type { Change } from './hl7-units';

/** FHIR R4 transactions, from STU3 or R4 resources. */
export { convert } from './convert';
export { FHIR_RULES } from './lineage';
export { itemsToFhir } from './transaction';

/** The workflows of the worker's bundle: one line a workflow, its name is its type in Temporal. */
export { dataSharing } from './data-sharing';
export { destination } from './destination';
export { housekeeping } from './housekeeping';
export { patientSync } from './patient-sync';
export { redelivery } from './redelivery';
export { redeliveryPlan } from './redelivery-plan';
export { watch } from './watch';

/** No patients at all, for tests of the entry point alone. */
import type { PatientOperations } from '../../src/runtime/patient-operations';

export const NO_PATIENTS: PatientOperations = {
  summary: () => Promise.resolve([]),
  list: () => Promise.resolve([]),
  import: () => Promise.resolve({ status: 'done', added: 0, replaced: 0, unchanged: 0 }),
  remove: () => Promise.resolve(0),
  registered: () => Promise.resolve([]),
  show: () => Promise.resolve([]),
  consent: () => Promise.resolve({ status: 'done', changed: 0, unchanged: 0, unknown: 0 }),
  worklist: () => Promise.resolve([]),
  resend: () => Promise.resolve([]),
  unmerge: () => Promise.resolve([]),
};

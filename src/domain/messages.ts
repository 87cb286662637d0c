/**
 * Names of workflow types, signals, updates, queries and search attributes. They stand in histories and in saved
 * views of the Temporal Web UI, so a name here is never reused for something else.
 */
export const WORKFLOW_TYPES = {
  dataSharing: 'dataSharing',
  destination: 'destination',
  housekeeping: 'housekeeping',
  patientSync: 'patientSync',
  redelivery: 'redelivery',
  redeliveryPlan: 'redeliveryPlan',
  watch: 'watch',
} as const;

export const SIGNALS = {
  /** A notification by Roche, first or repeated. */
  notified: 'notified',
  /** A change of a patient by the HIS. */
  changed: 'changed',
  /** The number of this patient leads to another one since (A40). */
  merged: 'merged',
  /** An earlier file of the same patient is out of the way: ask for the turn again. */
  turn: 'turn',
  /** The destination lets this work through. */
  released: 'released',
  /** An operator's decision, as a signal: Temporal's batch jobs have no updates. Ignored when the work is not parked. */
  repairInBatch: 'repairInBatch',
  /** A delivery tells the destination workflow how it went. */
  report: 'report',
  /** Orders to the destination workflow. A signal, so that it can also start the workflow. */
  hold: 'hold',
  resume: 'resume',
} as const;

export const UPDATES = {
  /** An operator's decision about parked work: an update, because the caller must learn whether it was taken. */
  repair: 'repair',
} as const;

export const QUERIES = {
  status: 'status',
  /** How far the comparison of a redelivery is. */
  progress: 'progress',
} as const;

/** Custom search attributes; all keywords with closed value lists or configured names, never PHI. */
export const SEARCH_ATTRIBUTES = {
  flow: 'DuctusFlow',
  organization: 'DuctusOrganization',
  stage: 'DuctusStage',
  outcome: 'DuctusOutcome',
  errorCode: 'DuctusErrorCode',
} as const;

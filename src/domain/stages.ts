/**
 * Where a notification stands, and how it ended. Both are search attributes in Temporal
 * (`DuctusStage`, `DuctusOutcome`) and columns of the ledger: closed lists, no PHI.
 */

/** Stages of a notification. Each says what has happened and what an operator may expect next. */
export const Stage = {
  /** Stored by Temporal and answered 202; nothing fetched yet. */
  received: 'received',
  /** Token and file are being fetched; nothing has been sent. */
  retrieving: 'retrieving',
  /** The file is in the blob store and is being turned into messages. */
  transforming: 'transforming',
  /** Waits for its turn: an earlier file of the same patient, or a destination that is paused or held. Goes on by itself. */
  waiting: 'waiting',
  /** Messages are being sent; some may have been accepted. */
  delivering: 'delivering',
  /** The EMR has everything; Roche has not been told yet. */
  acknowledging: 'acknowledging',
  /** Stopped until an operator decides (retry, skip, discard) or Roche notifies again. */
  parked: 'parked',
  /** Over. `DuctusOutcome` says how. */
  done: 'done',
} as const;
export type Stage = (typeof Stage)[keyof typeof Stage];

/** How a notification ended. */
export const Outcome = {
  /** The EMR accepted everything and Roche took the ACK. */
  delivered: 'delivered',
  /** As `delivered`, but an operator left out named resources. */
  deliveredInPart: 'delivered-in-part',
  /** The EMR has everything, but Roche refused the receipt handle for good: nothing is lost, Roche may notify again. */
  deliveredAckImpossible: 'delivered-ack-impossible',
  /** A duplicate of something dealt with before: acknowledged again, nothing delivered. */
  alreadyDone: 'already-done',
  /** An operator decided that nothing is delivered; Roche was acknowledged so that it stops. */
  discarded: 'discarded',
  /** The consent policy of the organization keeps the data from the EMR; Roche was acknowledged so that it stops. */
  refused: 'refused',
  /** Other content under an id already in use: handed to a workflow of its own, which asks an operator. */
  moved: 'moved',
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

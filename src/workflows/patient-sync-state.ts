/** State and rules of one patient's workflow, without Temporal: what came, what is parked, and what may be decided. */
import type { Repair } from '../domain/data-sharing';
import type {
  DeskReport,
  PatientChange,
  PatientFailure,
  PatientSyncInput,
  PatientSyncStatus,
} from '../domain/patient-sync';
import { Stage } from '../domain/stages';
import { PatientQueue } from './patient-sync-queue';
import { RepairableState } from './repairs';

export class PatientSyncState extends RepairableState {
  override failure: PatientFailure | undefined;
  /** Came and was not looked at yet. */
  readonly arrived: PatientChange[];
  readonly queue: PatientQueue;
  /** Reports that are on their way to the registration desk. */
  readonly reports: Set<DeskReport>;
  /** Roche's services let this patient through. */
  released = false;
  /** The number was merged into another: look at the registry again. */
  merged = false;

  constructor({ waiting = [], taken = [], parked, reports = [] }: PatientSyncInput) {
    super();
    this.arrived = [...waiting];
    this.queue = new PatientQueue(taken);
    this.reports = new Set(reports);
    this.failure = parked;
    if (parked !== undefined) this.stage = Stage.parked;
  }

  arrive(change: PatientChange): void {
    // The same again while the first waits: a HIS that had no answer repeats its message.
    const isKnown = this.queue.has(change.id) || this.arrived.some((other) => other.id === change.id);
    if (!isKnown) this.arrived.push(change);
  }

  protected override whyNotHere(repair: Repair): string | undefined {
    switch (repair.action) {
      case 'retry':
        return repair.from === undefined || repair.from === 'transform' || repair.from === 'deliver'
          ? undefined
          : 'from: a patient is mapped and sent in one step; leave it out';
      case 'skip':
        return 'a patient is sent as a whole, so nothing can be left out: retry or discard';
      case 'discard':
        return undefined;
      default:
        return 'action: one of retry, discard';
    }
  }

  status(): PatientSyncStatus {
    const { failure } = this;
    return {
      stage: this.stage,
      waiting: this.queue.changes.length + this.arrived.length,
      ...(failure === undefined
        ? {}
        : {
            errorCode: failure.code,
            errorMessage: failure.message,
            ...(failure.element === undefined ? {} : { element: failure.element }),
          }),
    };
  }
}

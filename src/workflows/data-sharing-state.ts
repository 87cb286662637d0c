/**
 * State and rules of one notification's workflow, without Temporal: what came, what is decided, what may be decided.
 */
import type { DataSharingStatus, Notification, Repair, RepairStep } from '../domain/data-sharing';
import { ERRORS } from '../domain/errors';
import type { DestinationId } from '../domain/identifiers';
import type { Outcome } from '../domain/stages';
import { RepairableState } from './repairs';
import type { StepFailure } from './steps';

const REPAIR_STEPS: readonly RepairStep[] = ['retrieve', 'transform', 'deliver', 'acknowledge'];

export class DataSharingState extends RepairableState {
  outcome: Outcome | undefined;
  override failure: (StepFailure & { readonly step: RepairStep }) | undefined;
  /** Notifications taken in this run, the first included. */
  notifications = 0;
  /** Moments at which an earlier file of the patient may be out of the way. */
  turns = 0;
  /** Destinations that let this work through. */
  readonly released = new Set<DestinationId>();
  /** Notifications with other content under this id, to be handed on. */
  readonly conflicts: Notification[] = [];
  readonly #flags = new Set<string>();
  #first: Notification | undefined;
  #newest: Notification | undefined;

  /** @param steps from which this work can go on after parking */
  constructor(private readonly steps: readonly RepairStep[] = REPAIR_STEPS) {
    super();
  }

  /** Takes a notification: the newest one has the handle and the URL that are valid now. */
  notify(notification: Notification): void {
    if (this.#first !== undefined && notification.sourceHash !== this.#first.sourceHash) {
      this.conflicts.push(notification);
      this.flag('id-used-for-other-content');
      return;
    }
    this.#first ??= notification;
    this.#newest = notification;
    this.notifications += 1;
  }

  get first(): Notification {
    if (this.#first === undefined) throw new Error('the workflow was started without a notification');
    return this.#first;
  }

  get newest(): Notification {
    return this.#newest ?? this.first;
  }

  get started(): boolean {
    return this.#first !== undefined;
  }

  flag(flag: string): void {
    this.#flags.add(flag);
  }

  get flags(): readonly string[] {
    return [...this.#flags];
  }

  protected override whyNotHere(repair: Repair): string | undefined {
    switch (repair.action) {
      case 'retry':
        return repair.from === undefined || this.steps.includes(repair.from)
          ? undefined
          : `from: one of ${this.steps.join(', ')}`;
      case 'skip':
        if (!Array.isArray(repair.resources)) return 'resources: a list of FHIR references, which may be empty';
        if (this.failure?.step === 'retrieve')
          return 'there is no file yet, so nothing can be left out of it: retry or discard';
        // Which resources would go to another patient, the ledger knows.
        return this.failure?.step === 'transform' &&
          this.failure.code !== 'DUCTUS_PATIENT_CHANGED' &&
          repair.resources.length === 0
          ? 'resources: name what to leave out, as no message has failed'
          : undefined;
      case 'discard':
        return undefined;
      default:
        return 'action: one of retry, skip, discard';
    }
  }

  /** True when a new notification by itself gets parked work going (ARCHITECTURE §7). */
  get renewable(): boolean {
    return this.failure !== undefined && ERRORS[this.failure.code].renotification === 'retry';
  }

  status(): DataSharingStatus {
    return {
      stage: this.stage,
      ...(this.outcome === undefined ? {} : { outcome: this.outcome }),
      ...(this.failure === undefined
        ? {}
        : { errorCode: this.failure.code, errorMessage: this.failure.message, failedStep: this.failure.step }),
      notifications: this.notifications,
      flags: this.flags,
    };
  }
}

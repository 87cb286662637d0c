/**
 * Roche's patient services of one organization as a destination: whether a patient may be sent now, and what a failure
 * means for the others. The same rules as for an EMR (data-sharing-delivery.ts): after a few failures in a row all wait, one
 * at a time tries, and people are told once.
 */
import { Context } from '@temporalio/activity';
import { DestinationState } from '../domain/destinations';
import { DuctusError, type ErrorCode } from '../domain/errors';
import type { DestinationId } from '../domain/identifiers';
import type { PatientSyncConfig } from '../runtime/config/schema';
import {
  clearFailures,
  countFailure,
  destinationStatus,
  waitForDestination,
  type DestinationStatus,
} from '../store/destinations';
import type { ActivityDependencies } from './dependencies';

/** What concerns Roche and not one patient. */
const AGAINST_ROCHE: ReadonlySet<ErrorCode> = new Set([
  'DUCTUS_ROCHE_UNREACHABLE',
  'DUCTUS_ROCHE_UNAUTHORIZED',
] as const);

export class RocheCircuit {
  #status: DestinationStatus = { state: DestinationState.open, failures: 0 };

  constructor(
    private readonly deps: ActivityDependencies,
    private readonly destination: DestinationId,
    private readonly pause: PatientSyncConfig['pause'],
    private readonly work: { readonly workflowId: string; readonly since: Date; readonly released: boolean },
  ) {}

  /** @returns false when the work waits now, and will be told by a signal */
  async admits(): Promise<boolean> {
    this.#status = await destinationStatus(this.deps.store, this.destination);
    return this.#isAdmitted(this.#status.state) || !(await this.#queue());
  }

  /** Roche answered, whatever it said of the patient: it is there, and knows us. */
  async answered(): Promise<void> {
    const { state, failures } = this.#status;
    if (failures > 0) await clearFailures(this.deps.store, this.destination);
    if (state === DestinationState.paused) await this.deps.workflows.report(this.destination, { kind: 'succeeded' });
  }

  /** Nothing had to be sent, or could be: where one at a time tries, the next one does. */
  async passed(): Promise<void> {
    if (this.#status.state !== DestinationState.paused) return;
    await this.deps.workflows.report(this.destination, { kind: 'succeeded' });
  }

  /**
   * Counts a failure of Roche, and tells the destination's workflow when it is paused or becomes so.
   * @returns `waits`: the work waits for the signal; `again`: try again after a while; `own`: it says nothing of Roche
   */
  async failed(error: unknown): Promise<'waits' | 'again' | 'own'> {
    if (!(error instanceof DuctusError) || !AGAINST_ROCHE.has(error.code)) return 'own';
    if (Context.current().cancellationSignal.aborted) return 'own';
    const { store, workflows, logger } = this.deps;
    const { destination } = this;
    const { state } = await countFailure(store, destination, error.code, this.pause.afterFailures);
    logger.warn({ destination, code: error.code, state }, 'patient not sent');
    if (state === DestinationState.paused) await workflows.report(destination, { kind: 'failing', code: error.code });
    const mayGoOn = this.#isAdmitted(state) && state !== DestinationState.paused;
    return !mayGoOn && (await this.#queue()) ? 'waits' : 'again';
  }

  #isAdmitted(state: DestinationState): boolean {
    return state === DestinationState.open || (this.work.released && state !== DestinationState.held);
  }

  /** @returns false when the destination opened meanwhile */
  async #queue(): Promise<boolean> {
    const { store, workflows } = this.deps;
    const { workflowId, since } = this.work;
    if (!(await waitForDestination(store, this.destination, workflowId, since))) return false;
    await workflows.ensureDestination(this.destination);
    return true;
  }
}

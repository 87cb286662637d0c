/**
 * The delivery step: sends what a destination has not accepted, in order, and minds the destination's state. How one
 * message is sent stands in data-sharing-message.ts.
 */
import { Context } from '@temporalio/activity';
import type { DeliverInput, DeliverResult } from '../domain/data-sharing';
import { DestinationState } from '../domain/destinations';
import { DuctusError, type ErrorCode } from '../domain/errors';
import { LIMITS } from '../domain/limits';
import {
  clearFailures,
  countFailure,
  deliveryStart,
  destinationStatus,
  waitForDestination,
  type DestinationStatus,
} from '../store/destinations';
import { receivedAt } from '../store/ledger';
import { MessageSender } from './data-sharing-message';
import { destinationConfig, type ActivityDependencies } from './dependencies';

/** Delivers the pending messages of one file to one destination, or queues the work behind a destination that is not open. */
export async function deliverMessages(
  deps: ActivityDependencies,
  input: DeliverInput,
  workflowId: string,
): Promise<DeliverResult> {
  const beat = setInterval(() => Context.current().heartbeat(), LIMITS.deliverHeartbeatMs / 3);
  try {
    return await new Delivery(deps, input, workflowId).run();
  } finally {
    clearInterval(beat);
  }
}

class Delivery {
  readonly #sender: MessageSender;

  constructor(
    private readonly deps: ActivityDependencies,
    private readonly input: DeliverInput,
    private readonly workflowId: string,
  ) {
    this.#sender = new MessageSender(deps, input);
  }

  async run(): Promise<DeliverResult> {
    const { store, config } = this.deps;
    const { destination } = this.input;
    const { cancellationSignal } = Context.current();
    const { connections } = destinationConfig(config, destination);
    const start = await deliveryStart(store, this.input, destination);
    let status = start.status;
    if (!this.admits(status) && (await this.queue())) return { status: 'waiting' };
    // A quick try holds one of the places that every other quick step needs: it waits in no line.
    if (Context.current().info.isLocal && this.deps.emr(destination).stats.busy >= connections)
      return { status: 'busy' };
    const messages = await this.#sender.pending();
    for (const [index, message] of messages.entries()) {
      if (cancellationSignal.aborted) {
        // Shutdown or cancellation between two messages: what was accepted is written down, the rest goes on elsewhere.
        throw new DuctusError('DUCTUS_EMR_BUSY', 'The worker is shutting down; the delivery goes on elsewhere.');
      }
      // An operator may have taken hold of the destination since the last message.
      if (index > 0) status = await destinationStatus(store, destination);
      if (!this.admits(status) && (await this.queue())) return { status: 'waiting' };
      try {
        await this.#sender.send(message);
      } catch (error) {
        if (await this.failed(error, status)) return { status: 'waiting' };
        throw error;
      }
      await this.answered(status);
    }
    // An earlier attempt delivered it all and was cut off before it could say so: the destination waits for the word.
    if (messages.length === 0) await this.answered(status);
    this.deps.metrics.delivered(destination, Math.max(0, (Date.now() - start.receivedAt.getTime()) / 1000));
    return { status: 'delivered' };
  }

  private admits(status: DestinationStatus): boolean {
    return status.state === DestinationState.open || (this.input.released && status.state !== DestinationState.held);
  }

  /** @returns false when the destination opened meanwhile */
  private async queue(): Promise<boolean> {
    const { store, workflows } = this.deps;
    const { destination } = this.input;
    const since = await receivedAt(store, this.input);
    if (!(await waitForDestination(store, destination, this.workflowId, since))) return false;
    await workflows.ensureDestination(destination);
    return true;
  }

  /**
   * Counts a failure of the destination and tells its workflow when it is paused or becomes so. One failure among
   * successes pauses nothing, also while a backlog drains: else an EMR that refuses one message in ten never drains.
   * @param status as it was before the message was sent
   * @returns true when the work waits for the destination now, false when the error is the message's own
   */
  private async failed(error: unknown, status: DestinationStatus): Promise<boolean> {
    if (!(error instanceof DuctusError)) return false;
    const { store, config, workflows, logger } = this.deps;
    const { destination } = this.input;
    if (error.code === 'DUCTUS_EMR_REJECTED') {
      // It refuses this message, so it is there and takes messages.
      if (status.failures > 0) await clearFailures(store, destination);
      await this.answered(status);
    }
    if (!countsAgainstDestination(error.code)) return false;
    // The wait for a connection was given up: that says nothing of the destination.
    if (error.code === 'DUCTUS_EMR_UNREACHABLE' && Context.current().cancellationSignal.aborted) return false;
    const options = destinationConfig(config, destination);
    if (error.code === 'DUCTUS_EMR_AMBIGUOUS' && options.onAmbiguous === 'park') {
      await countFailure(store, destination, error.code, options.pause.afterFailures);
      return false;
    }
    const { state } = await countFailure(store, destination, error.code, options.pause.afterFailures);
    logger.warn({ destination, code: error.code, state }, 'delivery failed');
    if (state === DestinationState.paused) {
      await workflows.report(destination, { kind: 'failing', code: error.code });
    }
    if (!this.admits({ ...status, state }) || state === DestinationState.paused) {
      if (await this.queue()) return true;
    }
    // Below the threshold: Temporal tries again after a short wait.
    throw error.class === 'transient'
      ? error
      : new DuctusError('DUCTUS_EMR_BUSY', error.message, {
          details: error.details,
          ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
        });
  }

  /**
   * Tells a paused destination that this delivery was answered: its workflow waits for that.
   * @param status as it was before the message was sent
   */
  private async answered(status: DestinationStatus): Promise<void> {
    if (status.state !== DestinationState.paused) return;
    await this.deps.workflows.report(this.input.destination, { kind: 'succeeded' });
  }
}

/** Not what concerns one message only. */
const AGAINST_DESTINATION: ReadonlySet<ErrorCode> = new Set([
  'DUCTUS_EMR_UNREACHABLE',
  'DUCTUS_EMR_BUSY',
  'DUCTUS_EMR_MISCONFIGURED',
  'DUCTUS_EMR_AMBIGUOUS',
] as const);

function countsAgainstDestination(code: ErrorCode): boolean {
  return AGAINST_DESTINATION.has(code);
}

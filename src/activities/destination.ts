/** Activities of the destination workflow: its state in the store, who may send next, and telling people. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DestinationOrder, DestinationPace, DestinationState } from '../domain/destinations';
import type { ErrorCode } from '../domain/errors';
import type { DestinationId } from '../domain/identifiers';
import { LIMITS } from '../domain/limits';
import { organizationOfRoche } from '../runtime/config/destinations';
import type { Config } from '../runtime/config/schema';
import { auditId } from '../store/audit';
import { forgetWaiters, nextWaiters, openDestination, setDestination } from '../store/destinations';
import { recordDestinationDecision } from '../store/ledger';
import { clear, raise } from './alerts';
import { destinationConfig, patientSyncConfig, type ActivityDependencies } from './dependencies';
import { withFailures } from './failures';
import { stepId } from './step-id';

/** Time over the limit of a try that a probe gets for queueing, transport and bookkeeping. */
const PROBE_RESERVE_MS = 30_000;

export interface DestinationActivities {
  destinationPace(destination: DestinationId): Promise<DestinationPace>;
  setDestinationState(input: {
    readonly destination: DestinationId;
    readonly state: DestinationState;
    readonly waitMs?: number;
    readonly order?: DestinationOrder;
  }): Promise<void>;
  /** Lets the next deliveries through, one each `spacingMs`. @returns how many were waiting and were let through */
  releaseWaiters(input: {
    readonly destination: DestinationId;
    readonly count: number;
    readonly spacingMs?: number;
  }): Promise<number>;
  /** @returns false when somebody waits */
  openDestination(destination: DestinationId): Promise<boolean>;
  /** @param input a bare destination in histories of 0.1.0 */
  recordResume(
    input: DestinationId | { readonly destination: DestinationId; readonly order?: DestinationOrder },
  ): Promise<void>;
  raiseDestinationAlert(input: { readonly destination: DestinationId; readonly code: ErrorCode }): Promise<void>;
  clearDestinationAlert(destination: DestinationId): Promise<void>;
}

/** The activities, bound to their dependencies. */
export function createDestinationActivities(deps: ActivityDependencies): DestinationActivities {
  const { store, config, workflows, logger } = deps;
  return {
    destinationPace: withFailures(
      'destinationPace',
      (destination: DestinationId) => {
        const roche = organizationOfRoche(destination);
        const { pause, drainPerSecond, tryMs } =
          roche === undefined
            ? emrPace(config, destination)
            : { ...patientSyncConfig(config, roche), tryMs: LIMITS.sendPatientTryMs };
        return Promise.resolve({
          firstWaitMs: pause.firstWaitMs,
          longestWaitMs: pause.longestWaitMs,
          drainPerSecond,
          probeTimeoutMs: tryMs + PROBE_RESERVE_MS,
        });
      },
      logger,
      'always',
    ),
    setDestinationState: withFailures(
      'setDestinationState',
      async ({ destination, state, waitMs, order }) => {
        await setDestination(store, destination, {
          state,
          ...(waitMs === undefined ? {} : { nextAttemptAt: new Date(Date.now() + waitMs) }),
          ...(order === undefined ? {} : { heldBy: order.by, heldReason: order.reason }),
        });
        if (order !== undefined) await recordDestinationDecision(store, destination, decisionOf('hold', order));
        logger.info({ destination, state }, 'destination changed');
      },
      logger,
      'always',
    ),
    releaseWaiters: withFailures(
      'releaseWaiters',
      async ({ destination, count, spacingMs = 0 }) => {
        let through = 0;
        while (through < count) {
          const waiters = await nextWaiters(store, destination, count - through);
          if (waiters.length === 0) break;
          for (const workflowId of waiters) {
            // Work that is over (terminated by an operator, say) only leaves the queue.
            const released = await workflows.released(workflowId, destination);
            await forgetWaiters(store, destination, [workflowId]);
            if (!released) continue;
            through += 1;
            if (spacingMs > 0) await sleep(spacingMs);
          }
        }
        return through;
      },
      logger,
      'always',
    ),
    openDestination: withFailures(
      'openDestination',
      (destination: DestinationId) => openDestination(store, destination),
      logger,
      'always',
    ),
    recordResume: withFailures(
      'recordResume',
      (input: DestinationId | { readonly destination: DestinationId; readonly order?: DestinationOrder }) => {
        const { destination, order = SOMEBODY } =
          typeof input === 'string' ? { destination: input, order: undefined } : input;
        return recordDestinationDecision(store, destination, decisionOf('resume', order));
      },
      logger,
      'always',
    ),
    raiseDestinationAlert: withFailures(
      'raiseDestinationAlert',
      ({ destination, code }) =>
        raise(deps, {
          key: `destination/${destination}`,
          code: 'DUCTUS_DESTINATION_DOWN',
          text: `Destination ${destination} does not take messages (${code}). Deliveries wait; Ductus tries again by itself.`,
        }),
      logger,
      'always',
    ),
    clearDestinationAlert: withFailures(
      'clearDestinationAlert',
      (destination: DestinationId) =>
        clear(
          deps,
          `destination/${destination}`,
          'DUCTUS_DESTINATION_DOWN',
          `Destination ${destination} takes messages again.`,
        ),
      logger,
      'always',
    ),
  };
}

function emrPace(config: Config, destination: DestinationId) {
  const { pause, drainPerSecond, acknowledgmentTimeoutMs } = destinationConfig(config, destination);
  return { pause, drainPerSecond, tryMs: acknowledgmentTimeoutMs };
}

/** Who resumed, where an earlier version did not say. */
const SOMEBODY: DestinationOrder = { by: 'operator', reason: 'resumed' };

function decisionOf(action: 'hold' | 'resume', { id, by, reason }: DestinationOrder) {
  return { id: id === undefined ? stepId() : auditId('order', id), action, by, reason };
}

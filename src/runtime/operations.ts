/**
 * What operators can do, once for the HTTP API and the command line: look at work, decide on it, hold and resume
 * destinations.
 */
import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Repair, RepairResult } from '../domain/data-sharing';
import { DuctusError } from '../domain/errors';
import { DestinationIdSchema, type DestinationId } from '../domain/identifiers';
import { UPDATES } from '../domain/messages';
import { listDestinations, type DestinationView } from '../queries/destinations';
import { listParked, type ParkedFilter, type ParkedWork } from '../queries/parked';
import { findWork, type Work } from '../queries/work';
import type { Store } from '../store/database';
import { allDestinations } from './config/destinations';
import type { Config } from './config/schema';
import { createRedeliveryOperations, type RedeliveryOperations } from './redelivery';
import { holdDestination, resumeDestination } from './temporal/messenger';

/** How long an operator waits for a worker to take a decision. */
const UPDATE_TIMEOUT_MS = 15_000;

export interface BulkResult {
  readonly workflowId: string;
  /** Why it was not taken; absent when it was. */
  readonly refused?: string;
}

export interface Operations {
  readonly redelivery: RedeliveryOperations;
  parked(filter: ParkedFilter): Promise<readonly ParkedWork[]>;
  work(workflowId: string): Promise<Work | undefined>;
  /** @throws DuctusError DUCTUS_NOT_FOUND, DUCTUS_STATE_CONFLICT (with the reason), DUCTUS_TEMPORAL_UNAVAILABLE */
  repair(workflowId: string, repair: Repair): Promise<RepairResult>;
  /** Decides on everything that the filter finds, one after the other. */
  repairAll(filter: ParkedFilter, repair: Repair): Promise<readonly BulkResult[]>;
  destinations(): Promise<readonly DestinationView[]>;
  hold(destination: string, order: { readonly by: string; readonly reason: string }): Promise<void>;
  /** @returns false when there was nothing to resume */
  resume(destination: string, order: { readonly by: string; readonly reason: string }): Promise<boolean>;
}

/** Builds the operations on a store and a Temporal client. */
export function createOperations(config: Config, store: Store, client: Client): Operations {
  const { taskQueue } = config.temporal;

  const all = allDestinations(config);
  const among = (destinations: readonly string[], destination: string): DestinationId => {
    const id = DestinationIdSchema.safeParse(destination);
    if (!id.success || !destinations.includes(id.data)) {
      throw new DuctusError('DUCTUS_NOT_FOUND', `There is no destination "${destination}" in the configuration.`);
    }
    return id.data;
  };
  const configured = (destination: string): DestinationId => among(all, destination);
  const ofDataSharing = Object.keys(config.destinations);

  const repair = async (workflowId: string, decision: Repair): Promise<RepairResult> => {
    // Other workflows of the namespace are none of an operator's business here.
    if ((await findWork(store, workflowId)) === undefined) {
      throw new DuctusError('DUCTUS_NOT_FOUND', 'The ledger knows no work with this id.');
    }
    try {
      return await client.withDeadline(Date.now() + UPDATE_TIMEOUT_MS, () =>
        client.workflow
          .getHandle(workflowId)
          .executeUpdate<RepairResult, [Repair]>(UPDATES.repair, { args: [decision] }),
      );
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) {
        throw new DuctusError('DUCTUS_NOT_FOUND', `No work with the id ${workflowId} is under way.`);
      }
      if (error instanceof WorkflowUpdateFailedError) {
        const { cause } = error;
        const why =
          cause instanceof ApplicationFailure && cause.type === 'DUCTUS_STATE_CONFLICT'
            ? cause.message
            : 'it was refused';
        throw new DuctusError('DUCTUS_STATE_CONFLICT', `Not done: ${why}.`);
      }
      throw new DuctusError(
        'DUCTUS_TEMPORAL_UNAVAILABLE',
        'No worker answered in time. The decision may still be taken: look at the work before you decide again.',
        {
          cause: error,
        },
      );
    }
  };

  return {
    redelivery: createRedeliveryOperations(config, store, client, (destination) => among(ofDataSharing, destination)),
    parked: (filter) => listParked(store, filter),
    work: (workflowId) => findWork(store, workflowId),
    repair,
    repairAll: async (filter, decision) => {
      const results: BulkResult[] = [];
      for (const { workflowId } of await listParked(store, filter)) {
        try {
          await repair(workflowId, decision);
          results.push({ workflowId });
        } catch (error) {
          results.push({ workflowId, refused: error instanceof DuctusError ? error.message : 'it failed' });
        }
      }
      return results;
    },
    destinations: () => listDestinations(store, all),
    hold: (destination, order) => holdDestination(client, taskQueue, configured(destination), order),
    resume: (destination, order) => resumeDestination(client, configured(destination), order),
  };
}

/**
 * What operators can do about a redelivery, once for the HTTP API and the command line: compare, look at the difference,
 * sign it off.
 */
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Viewer } from '../domain/audit';
import { DuctusError, isErrorCode } from '../domain/errors';
import type { DestinationId } from '../domain/identifiers';
import { QUERIES } from '../domain/messages';
import { isPlainText, PLAIN_TEXT_RULE } from '../domain/plain-text';
import type {
  RedeliveryApproval,
  RedeliveryPlanResult,
  RedeliveryProgress,
  RedeliverySelection,
  RedeliveryState,
} from '../domain/redelivery';
import { RedeliveryReportSchema, type RedeliveryReport } from '../domain/redelivery-report';
import { redeliveryPlanWorkflowId } from '../domain/workflow-ids';
import { selectionOfDigest } from '../queries/redelivery';
import { recordAuditOf } from '../store/audit';
import type { Store } from '../store/database';
import { marksInPlan } from '../store/redelivery-plans';
import { createBlobStore } from './blob-store';
import type { Config } from './config/schema';
import { startRedeliveryPlan } from './temporal/messenger';

/** How long Temporal and a worker may take to answer. */
const ANSWER_MS = 15_000;

export interface RedeliveryOperations {
  /**
   * Starts a comparison. @returns the name under which to ask for it
   * @throws DuctusError DUCTUS_NOT_FOUND for a destination or organization that is not configured
   */
  compare(
    selection: Omit<RedeliverySelection, 'destination' | 'until'> & { destination: string; until?: string },
  ): Promise<string>;
  /**
   * Signs a difference off: compares again, and starts when the digest is still the same. Twice is once.
   * @returns the name under which to ask for the result
   * @throws DuctusError DUCTUS_NOT_FOUND when no comparison had this digest; DUCTUS_REQUEST_INVALID without a name or a
   *   reason in plain text
   */
  approve(approval: RedeliveryApproval): Promise<string>;
  /** How far it is, or what came of it; undefined for a name that nobody has. The report holds values of
   * patients: who looked at it stands in the audit first. */
  state(name: string, viewer: Viewer): Promise<RedeliveryState | undefined>;
}

/** @param configured checks that a destination is in the configuration */
export function createRedeliveryOperations(
  config: Config,
  store: Store,
  client: Client,
  configured: (destination: string) => DestinationId,
): RedeliveryOperations {
  const { taskQueue } = config.temporal;
  const within = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await client.withDeadline(Date.now() + ANSWER_MS, call);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError || error instanceof WorkflowFailedError) throw error;
      throw new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE', 'Temporal or the worker did not answer in time.', {
        cause: error,
      });
    }
  };

  return {
    compare: async ({ destination, organization, until, ...rest }) => {
      if (organization !== undefined && !Object.hasOwn(config.organizations, organization)) {
        throw new DuctusError('DUCTUS_NOT_FOUND', `There is no organization "${organization}" in the configuration.`);
      }
      const selection: RedeliverySelection = {
        ...rest,
        destination: configured(destination),
        ...(organization === undefined ? {} : { organization }),
        // A sign-off looks at the same files, whatever was delivered since.
        until: until ?? new Date().toISOString(),
      };
      const name = `${selection.destination}/${randomUUID()}`;
      await within(() => startRedeliveryPlan(client, taskQueue, name, { selection }));
      return name;
    },

    approve: async (approval) => {
      if (![approval.by, approval.reason].every((text) => text.trim() !== '' && isPlainText(text))) {
        throw new DuctusError('DUCTUS_REQUEST_INVALID', `Who signs off and why: ${PLAIN_TEXT_RULE}, and not empty.`);
      }
      const selection = await selectionOfDigest(store, approval.digest);
      if (selection === undefined) {
        throw new DuctusError('DUCTUS_NOT_FOUND', `No difference has the digest "${approval.digest}".`);
      }
      const name = `${selection.destination}/approve-${approval.digest}`;
      await within(() => startRedeliveryPlan(client, taskQueue, name, { selection, approve: approval }));
      return name;
    },

    state: async (name, viewer) => {
      const handle = client.workflow.getHandle<() => Promise<RedeliveryPlanResult>>(redeliveryPlanWorkflowId(name));
      try {
        const { status } = await within(() => handle.describe());
        if (status.name === 'RUNNING') {
          const now = await within(() => handle.query<RedeliveryProgress | undefined>(QUERIES.progress));
          return { status: 'running', files: now?.files ?? 0, done: now?.done ?? 0 };
        }
        const result = await within(() => handle.result());
        if (result.status !== 'compared') return result;
        const { digest } = result;
        const report = await readReport(config, result.report);
        const entry = {
          kind: 'difference-read',
          action: 'R',
          destination: name.slice(0, name.indexOf('/')),
          work: redeliveryPlanWorkflowId(name),
          ...viewer,
          details: { files: report.files.looked, ...(digest === undefined ? {} : { digest }) },
        } as const;
        await recordAuditOf(store, entry, await marksInPlan(store, result.planId));
        return { status: 'compared', report, ...(digest === undefined ? {} : { digest }) };
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return undefined;
        if (error instanceof WorkflowFailedError) return { status: 'failed', message: messageOf(error.cause) };
        throw error;
      }
    },
  };
}

async function readReport(
  config: Config,
  ref: { readonly key: string; readonly sha256: string },
): Promise<RedeliveryReport> {
  const blobs = createBlobStore(config);
  try {
    return RedeliveryReportSchema.parse(JSON.parse((await blobs.get(ref)).toString('utf8')));
  } finally {
    blobs.close();
  }
}

function messageOf(cause: unknown): string {
  for (let each = cause; each instanceof Error; each = each.cause) {
    if (each instanceof ApplicationFailure && isErrorCode(each.type)) return each.message;
  }
  return 'the comparison failed';
}

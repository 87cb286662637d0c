/**
 * The whole story of a piece of work, from the ledger and from Temporal's histories. Either may be away: the ledger
 * outlives Temporal's retention, and histories can be read while PostgreSQL is down. What is missing is said.
 */
import type { Client } from '@temporalio/client';
import { isStoreUnavailable } from '../activities/failures';
import { DuctusError } from '../domain/errors';
import type { StoryEntry } from '../domain/story';
import { findWorkIds, ledgerStory, type LedgerStory, type WorkFile } from '../queries/trace';
import { findWork, type Work } from '../queries/work';
import type { Store } from '../store/database';
import { createKeyRing } from './codec/key-ring';
import { createKeyedHash } from './codec/keyed-hash';
import { EncryptionCodec } from './codec/payload-codec';
import type { Config } from './config/schema';
import { pendingSteps, readRuns } from './temporal/histories';
import { PayloadReader } from './temporal/read-payloads';
import { storyOfPending, storyOfRun } from './temporal/story';

export interface Traced {
  readonly workflowId: string;
  /** Absent when the ledger does not know it, or is away. */
  readonly work?: Work;
  readonly file?: WorkFile;
  /** In the order of time. */
  readonly entries: readonly StoryEntry[];
  /** What could not be read, and why. */
  readonly missing: readonly string[];
}

export interface TraceParts {
  readonly config: Config;
  /** Undefined: none runs. */
  readonly store: Store | undefined;
  readonly client: Client | undefined;
}

export interface TraceQuery {
  readonly id: string;
  readonly organization?: string | undefined;
  /** Most works: a FHIR reference may stand in many. */
  readonly limit: number;
}

/** `Observation/123`: a type and an id, which FHIR allows letters, digits, hyphens and dots for (R4 2.24.0.1, id). */
const REFERENCE = /^[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/;

/** What the ledger or Temporal says when it is not there. */
const AWAY_STORE =
  'The ledger (PostgreSQL) cannot be reached: counts, messages, decisions and redeliveries are missing.';
const AWAY_TEMPORAL = 'Temporal cannot be reached: notifications, tries and errors of single steps are missing.';

/**
 * Finds the work that a person means, and its story.
 * @returns one for each work, newest first
 * @throws DuctusError DUCTUS_REQUEST_INVALID; DUCTUS_NOT_FOUND when nothing fits; DUCTUS_STORE_UNAVAILABLE or
 *   DUCTUS_TEMPORAL_UNAVAILABLE when only who is away could find it
 */
export async function traceWork(parts: TraceParts, query: TraceQuery): Promise<readonly Traced[]> {
  const { ids, isStoreAway } = await idsOf(parts, query);
  const found: Traced[] = [];
  let { client } = parts;
  for (const id of ids) {
    const traced = await traceOne({ ...parts, client }, id, isStoreAway);
    // Who did not answer once is not waited for again.
    if (traced.isTemporalAway) client = undefined;
    if (traced.isKnown) found.push(traced.story);
  }
  if (found.length > 0) return found;
  if (isStoreAway) {
    throw new DuctusError(
      'DUCTUS_STORE_UNAVAILABLE',
      client === undefined
        ? 'Neither the ledger nor Temporal can be reached.'
        : 'The ledger cannot be reached, and Temporal knows no workflow or notification of this name.',
    );
  }
  if (client === undefined) {
    throw new DuctusError(
      'DUCTUS_TEMPORAL_UNAVAILABLE',
      'The ledger does not know this name, and Temporal cannot be reached.',
    );
  }
  throw new DuctusError('DUCTUS_NOT_FOUND', 'Neither the ledger nor Temporal knows this name.');
}

async function idsOf(
  { config, store }: TraceParts,
  { id, organization, limit }: TraceQuery,
): Promise<{ readonly ids: readonly string[]; readonly isStoreAway: boolean }> {
  const isReference = REFERENCE.test(id);
  if (isReference && organization === undefined) {
    throw new DuctusError('DUCTUS_REQUEST_INVALID', 'Name the organization of the resource: --organization <id>.');
  }
  const resourceHash = isReference
    ? createKeyedHash(config.encryption.hashKey)(`${organization ?? ''}|${id}`)
    : undefined;
  const text = id.trim();
  try {
    if (store === undefined) throw away();
    const ids = await findWorkIds(store, { text, organization, resourceHash, limit });
    // A workflow that has not entered the ledger yet can still be read.
    return { ids: ids.length > 0 || isReference ? ids : guesses(config, text, organization), isStoreAway: false };
  } catch (error) {
    if (!isStoreUnavailable(error) && !(error instanceof DuctusError)) throw error;
    if (isReference) {
      throw new DuctusError(
        'DUCTUS_STORE_UNAVAILABLE',
        'Only the ledger knows in which files a resource was, and it cannot be reached.',
        {
          cause: error,
        },
      );
    }
    return { ids: guesses(config, text, organization), isStoreAway: true };
  }
}

/** Workflow ids that a text may stand for, without the ledger. */
function guesses(config: Config, text: string, organization: string | undefined): string[] {
  if (/^(data-sharing|patient-sync|redelivery)\//.test(text)) {
    return organization === undefined || text.split('/')[1] === organization ? [text] : [];
  }
  const organizations = organization === undefined ? Object.keys(config.organizations) : [organization];
  return organizations.map((each) => `data-sharing/${each}/${text}`);
}

async function traceOne(
  { config, store, client }: TraceParts,
  workflowId: string,
  isStoreAway: boolean,
): Promise<{ readonly story: Traced; readonly isKnown: boolean; readonly isTemporalAway: boolean }> {
  const missing: string[] = [];
  let work: Work | undefined;
  let ledger: LedgerStory | undefined;
  if (store === undefined || isStoreAway) missing.push(AWAY_STORE);
  else {
    work = await findWork(store, workflowId);
    ledger = await ledgerStory(store, workflowId);
  }
  const history = await historyStory(config, client, workflowId, missing);
  const isKnown = work !== undefined || (history !== undefined && history.length > 0);
  if (work === undefined && !isStoreAway) missing.push('The ledger does not know this work yet.');
  if (history?.length === 0) {
    missing.push(
      'Temporal no longer has the history: its retention has passed. Tries and errors of single steps are missing.',
    );
  }
  const entries = merge(ledger?.entries ?? [], history ?? []);
  const story = {
    workflowId,
    ...(work === undefined ? {} : { work }),
    ...(ledger === undefined || workflowId.startsWith('patient-sync/') ? {} : { file: ledger.file }),
    entries,
    missing,
  };
  return { story, isKnown, isTemporalAway: history === undefined };
}

/** @returns undefined when Temporal is away; empty when it has nothing */
async function historyStory(
  config: Config,
  client: Client | undefined,
  workflowId: string,
  missing: string[],
): Promise<StoryEntry[] | undefined> {
  if (client === undefined) {
    missing.push(AWAY_TEMPORAL);
    return undefined;
  }
  try {
    const runs = await readRuns(client, workflowId);
    const reader = new PayloadReader(new EncryptionCodec(createKeyRing(config.encryption)));
    const entries: StoryEntry[] = [];
    for (const run of runs) entries.push(...(await storyOfRun(run, reader)));
    if (runs.some((run) => run.isRunning)) {
      entries.push(...(await storyOfPending(await pendingSteps(client, workflowId), reader)));
    }
    if (reader.unreadable > 0) {
      missing.push(
        `${String(reader.unreadable)} payloads of the history cannot be read: their key is not in encryption.keys of this configuration.`,
      );
    }
    return entries;
  } catch (error) {
    if (!(error instanceof DuctusError)) throw error;
    // No id of a workflow, so that there is none.
    if (error.code === 'DUCTUS_REQUEST_INVALID') return [];
    missing.push(AWAY_TEMPORAL);
    return undefined;
  }
}

/** By time; of what both know, the ledger's word stays where it says more, the history's where that does. */
function merge(ledger: readonly StoryEntry[], history: readonly StoryEntry[]): readonly StoryEntry[] {
  const hasHistory = history.length > 0;
  const hasDecisions = ledger.some((entry) => entry.kind === 'decision');
  const kept = [
    ...ledger.filter((entry) => !(hasHistory && entry.kind === 'notified')),
    ...history.filter(
      (entry) => !(hasDecisions && entry.kind === 'decision') && !(ledger.length > 0 && entry.kind === 'closed'),
    ),
  ];
  return kept.sort((a, b) => a.at.getTime() - b.at.getTime());
}

function away(): DuctusError {
  return new DuctusError('DUCTUS_STORE_UNAVAILABLE', 'No store runs here.');
}

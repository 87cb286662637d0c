/**
 * A page of a redelivery's comparison: each file is planned, what differs is added up, and what would be sent is written
 * down. The sum is a blob, since it holds values of patients; its size has bounds whatever the number of files.
 */
import { Context } from '@temporalio/activity';
import type { BlobRef } from '../domain/data-sharing';
import { ERRORS } from '../domain/errors';
import { OrganizationIdSchema, type OrganizationId } from '../domain/identifiers';
import type { RedeliveryProgress, RedeliverySelection } from '../domain/redelivery';
import { CannotRedeliver, RedeliveryReportSchema, type RedeliveryReport } from '../domain/redelivery-report';
import { endedRedeliveries, pageOfFiles, type DeliveredFile, type FileScope } from '../store/redelivery';
import { savePlannedFiles, type PlannedFile } from '../store/redelivery-plans';
import { DifferenceTally } from '../transforms/difference';
import { destinationConfig, type ActivityDependencies } from './dependencies';
import { toDuctusError } from './failures';
import { fileDigest, planFile, signaturesOf, toSend, type FilePlan, type PlannedItem } from './redelivery-plan';

/** Files of one page: some seconds of work, so that a crash repeats little. */
const FILES_PER_PAGE = 20;
/** Resources and files that are named; the rest is counted. */
const MOST_NAMED = 500;

/** Names of a report in the blob store. Two in turn: a repeat of a page still finds what it started from. */
export function reportNames(planId: string): readonly [string, string] {
  return [`redelivery/${planId}/report-0`, `redelivery/${planId}/report-1`];
}

/** Organizations of the configuration that deliver to the destination. */
export function scopeOf(deps: ActivityDependencies, selection: RedeliverySelection): FileScope {
  destinationConfig(deps.config, selection.destination);
  const organizations = Object.entries(deps.config.organizations)
    .filter(([, { destinations }]) => destinations.includes(selection.destination))
    .map(([id]): OrganizationId => OrganizationIdSchema.parse(id))
    .filter((id) => selection.organization === undefined || id === selection.organization);
  return { organizations, selection };
}

/** Looks at the next files. @returns how far it is, and whether these were the last */
export async function comparePage(
  deps: ActivityDependencies,
  selection: RedeliverySelection,
  progress: RedeliveryProgress,
): Promise<{ readonly progress: RedeliveryProgress; readonly over: boolean }> {
  const files = await pageOfFiles(deps.store, scopeOf(deps, selection), progress.cursor, FILES_PER_PAGE);
  const sum = new Sum(await readReport(deps, selection, progress.report));
  const planned: PlannedFile[] = [];
  for (const file of files) {
    Context.current().heartbeat();
    Context.current().cancellationSignal.throwIfAborted();
    const one = await lookAt(deps, selection, file, sum);
    if (one !== undefined) planned.push(one);
  }
  await savePlannedFiles(deps.store, progress.planId, planned);
  const name = reportNames(progress.planId)[progress.pages % 2 === 0 ? 0 : 1];
  const report = await deps.blobs.put(name, Buffer.from(JSON.stringify(sum.report())));
  const cursor = files.at(-1)?.key ?? progress.cursor;
  return {
    progress: {
      ...progress,
      done: progress.done + files.length,
      pages: progress.pages + 1,
      report,
      ...(cursor === undefined ? {} : { cursor }),
    },
    over: files.length < FILES_PER_PAGE,
  };
}

async function lookAt(
  deps: ActivityDependencies,
  { destination, all }: RedeliverySelection,
  { key, state }: DeliveredFile,
  sum: Sum,
): Promise<PlannedFile | undefined> {
  const names = { organization: key.organization, notificationId: key.notificationId + key.variant };
  if (state !== 'delivered') {
    sum.cannot({ ...names, why: state });
    return undefined;
  }
  let plan: FilePlan;
  try {
    plan = await planFile(deps, key, destination);
  } catch (error) {
    const known = toDuctusError(error);
    if (ERRORS[known.code].class === 'transient') throw error;
    // One file that fails in a way that nobody knows must not hide what the others say.
    if (known.code === 'DUCTUS_INTERNAL') deps.logger.error({ err: error, ...names }, 'a file could not be compared');
    const why = known.code === 'DUCTUS_BLOB_MISSING' ? CannotRedeliver.blobGone : CannotRedeliver.notMapped;
    sum.cannot({ ...names, why, code: known.code });
    return undefined;
  }
  const items = toSend(plan, all);
  sum.add(names, plan, items);
  if (items.length === 0) return undefined;
  return {
    key,
    digest: fileDigest(key, destination, plan, items, await endedRedeliveries(deps.store, key, destination)),
    signatures: signaturesOf(items),
  };
}

async function readReport(
  deps: ActivityDependencies,
  { destination, all }: RedeliverySelection,
  report: BlobRef | undefined,
): Promise<RedeliveryReport> {
  if (report !== undefined) {
    return RedeliveryReportSchema.parse(JSON.parse((await deps.blobs.get(report)).toString('utf8')));
  }
  return {
    destination,
    all,
    files: { looked: 0, toSend: 0, same: 0, cannot: 0 },
    resources: { compared: 0, changed: 0, appear: 0, disappear: 0, newer: 0, elsewhere: 0 },
    fields: [],
    appear: [],
    disappear: [],
    cannot: { counts: {}, files: [] },
  };
}

type Named = RedeliveryReport['appear'][number];
type CannotFile = RedeliveryReport['cannot']['files'][number];

/** Adds files to what was added up before. */
class Sum {
  readonly #tally: DifferenceTally;
  readonly #files: { looked: number; toSend: number; same: number; cannot: number };
  readonly #resources: { -readonly [Name in keyof RedeliveryReport['resources']]: number };
  readonly #appear: Named[];
  readonly #disappear: Named[];
  readonly #counts: Partial<Record<CannotRedeliver, number>>;
  readonly #cannot: CannotFile[];

  constructor(private readonly before: RedeliveryReport) {
    this.#tally = new DifferenceTally(before.fields);
    this.#files = { ...before.files };
    this.#resources = { ...before.resources };
    this.#appear = [...before.appear];
    this.#disappear = [...before.disappear];
    this.#counts = { ...before.cannot.counts };
    this.#cannot = [...before.cannot.files];
  }

  cannot(file: CannotFile): void {
    this.#files.looked += 1;
    this.#files.cannot += 1;
    this.#counts[file.why] = (this.#counts[file.why] ?? 0) + 1;
    if (this.#cannot.length < MOST_NAMED) this.#cannot.push(file);
  }

  add(names: Omit<Named, 'reference'>, plan: FilePlan, items: readonly PlannedItem[]): void {
    const total = this.#resources;
    this.#files.looked += 1;
    if (items.length > 0) this.#files.toSend += 1;
    else this.#files.same += 1;
    for (const { reference, verdict, changes } of plan.items) {
      if (verdict === 'appears') {
        total.appear += 1;
        if (this.#appear.length < MOST_NAMED) this.#appear.push({ ...names, reference });
        continue;
      }
      total.compared += 1;
      if (verdict === 'changed') total.changed += 1;
      this.#tally.add(changes);
    }
    for (const reference of plan.disappear) {
      total.disappear += 1;
      if (this.#disappear.length < MOST_NAMED) this.#disappear.push({ ...names, reference });
    }
    total.newer += plan.newer.size;
    total.elsewhere += plan.elsewhere.size;
  }

  report(): RedeliveryReport {
    return {
      destination: this.before.destination,
      all: this.before.all,
      files: this.#files,
      resources: this.#resources,
      fields: this.#tally.fields(),
      appear: this.#appear,
      disappear: this.#disappear,
      cannot: { counts: this.#counts, files: this.#cannot },
    };
  }
}

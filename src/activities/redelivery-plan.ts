/**
 * What one delivered file would be today, and what its destination has of it: read only, so that a comparison changes
 * nothing. The transform of a redelivery starts from the same plan, and sends nothing that was not in it.
 */
import { Context } from '@temporalio/activity';
import { createHash } from 'node:crypto';
import type { WorkKey } from '../domain/data-sharing';
import { DuctusError } from '../domain/errors';
import type { DestinationId } from '../domain/identifiers';
import { compareDelivered } from '../domain/resource-version';
import { deliveredVersions } from '../store/delivered';
import { fileOf } from '../store/ledger';
import { acceptedMessages, leftOutOf, type AcceptedMessage } from '../store/redelivery';
import { compareUnits, signatureOf, unitsOf, type Change, type Unit } from '../transforms/difference';
import { mapEachItem } from '../transforms/mapping';
import type { FileContent } from '../transforms/model/content';
import type { MapContext } from '../transforms/model/message';
import type { MappingProfile } from '../transforms/model/profile';
import { MessagesBlobSchema } from './data-sharing-transform';
import type { ActivityDependencies } from './dependencies';
import { deliveredTo, notingMoved, recipientMarks, type KnownResource } from './data-sharing-file';
import { readSource, type ReadSource } from './redelivery-source';

/** One item as it would be sent today. */
export interface PlannedItem {
  /** First reference of the item. */
  readonly reference: string;
  /** Keyed hashes of all its resources. */
  readonly hashes: readonly string[];
  /** Keyed hash of all that a message would say about it: values of patients could be guessed from a plain one. */
  readonly signature: string;
  /**
   * same: the destination has it as it would be today. changed: it has it otherwise. appears: it does not have it, or
   * knows it by another id.
   */
  readonly verdict: 'same' | 'changed' | 'appears';
  readonly changes: readonly Change[];
}

export interface FilePlan {
  readonly content: FileContent;
  readonly profile: MappingProfile;
  /** For the mapping of what is sent; its seed and time are those of the delivered file. */
  readonly context: MapContext;
  /** By reference. */
  readonly known: ReadonlyMap<string, KnownResource>;
  readonly items: readonly PlannedItem[];
  /** What the destination has from this file and would not get any more. */
  readonly disappear: readonly string[];
  /** Hashes of what the destination has in a newer version, or from another file, or an operator left out. */
  readonly elsewhere: ReadonlySet<string>;
  readonly newer: ReadonlySet<string>;
  readonly leftOut: ReadonlySet<string>;
  /** MSH-10s that the destination accepted of this file. */
  readonly accepted: readonly string[];
}

/**
 * Makes the plan of a file.
 * @param file the delivered work; @param work the redelivery, when it is one: its left-out resources count as well
 * @throws DuctusError DUCTUS_BLOB_MISSING, and those of reader and mapping, as DUCTUS_PATIENT_CHANGED
 */
export async function planFile(
  deps: ActivityDependencies,
  file: WorkKey,
  destination: DestinationId,
  work?: WorkKey,
): Promise<FilePlan> {
  const stored = await fileOf(deps.store, work ?? file);
  const release = await deps.budget.acquire(stored.blob.bytes, Context.current().cancellationSignal);
  try {
    return await plan(deps, file, destination, work, await readSource(deps, file, destination, stored));
  } finally {
    release();
  }
}

async function plan(
  deps: ActivityDependencies,
  file: WorkKey,
  destination: DestinationId,
  work: WorkKey | undefined,
  { content, profile, known, identities, createdAtMs, site }: ReadSource,
): Promise<FilePlan> {
  const [versions, messages, leftOut] = await Promise.all([
    deliveredVersions(
      deps.store,
      destination,
      [...known.values()].map(({ hash }) => hash),
    ),
    acceptedMessages(deps.store, file, destination),
    leftOutOf(deps.store, work === undefined ? [file] : [file, work]),
  ]);
  const before = await unitsBefore(deps, messages);
  const accepted = messages.map(({ controlId }) => controlId);
  const ownIds: ReadonlySet<string> = new Set(accepted);

  const delivered = new Map<string, 'current' | 'newer' | 'earlier'>();
  const leaveOut = new Set<string>();
  const newer = new Set<string>();
  const elsewhere = new Set<string>();
  for (const [reference, { hash, resource }] of known) {
    const version = versions.get(hash);
    if (leftOut.has(hash)) leaveOut.add(reference);
    if (version === undefined) continue;
    const state = compareDelivered(version.version, resource);
    delivered.set(reference, state);
    if (state === 'newer') newer.add(hash);
    // It goes with the file of which the destination has it, or it would go twice.
    else if (state === 'current' && !ownIds.has(version.controlId)) elsewhere.add(hash);
  }
  const seed = [file.organization, file.notificationId, file.variant, destination].join('|');
  const recipients = {
    delivered: deliveredTo(known, versions),
    marks: recipientMarks(deps, file.organization, content, identities),
  };
  const context: MapContext = {
    ...{ createdAtMs, seed, delivered, leaveOut, identities, recipients, site },
    redelivery: true,
  };
  const map = () => draftsOf(content, profile, context);
  // A comparison alone has no work that could be parked.
  const drafts = work === undefined ? map() : await notingMoved(deps, work, known, map);
  const items: PlannedItem[] = [];
  const disappear: string[] = [];
  const covered = new Set<string>();
  for (const [reference, draft] of drafts) {
    for (const each of draft.references) covered.add(each);
    const hashes = draft.references.map((each) => known.get(each)?.hash ?? '');
    if (hashes.every((hash) => elsewhere.has(hash))) continue;
    const wasSent = draft.references.some((each) => delivered.has(each));
    const compared = compare(draft, wasSent ? before : undefined);
    items.push({ reference, hashes, signature: deps.hash(signatureOf(draft.units)), ...compared });
    // Under the id that the destination knows, it is not sent any more.
    if (wasSent && compared.verdict === 'appears') disappear.push(reference);
  }
  for (const [reference, { hash }] of known) {
    const isOwn = delivered.get(reference) === 'current' && !elsewhere.has(hash);
    if (isOwn && !leaveOut.has(reference) && !covered.has(reference)) disappear.push(reference);
  }
  return { content, profile, context, known, items, disappear, elsewhere, newer, leftOut, accepted };
}

/** What the destination has, by the id under which it has it. A later message about a resource replaces an earlier one. */
async function unitsBefore(
  deps: ActivityDependencies,
  messages: readonly AcceptedMessage[],
): Promise<ReadonlyMap<string, Unit>> {
  const units = new Map<string, Unit>();
  const blobs = new Map<string, ReturnType<typeof MessagesBlobSchema.parse>>();
  for (const { blob, blobIndex, controlId } of messages) {
    let texts = blobs.get(blob.key);
    if (texts === undefined) {
      texts = MessagesBlobSchema.parse(JSON.parse((await deps.blobs.get(blob)).toString('utf8')));
      blobs.set(blob.key, texts);
    }
    const message = texts[blobIndex];
    if (message === undefined) throw new DuctusError('DUCTUS_BLOB_CORRUPT', `Message ${controlId} is not in its blob.`);
    for (const unit of unitsOf(message.form, message.text)) units.set(unit.key, unit);
  }
  return units;
}

interface Draft {
  readonly form: 'hl7' | 'fhir' | 'json';
  readonly references: readonly string[];
  readonly units: Unit[];
}

/** What would be said about each item today, by its first reference. */
function draftsOf(content: FileContent, profile: MappingProfile, context: MapContext): ReadonlyMap<string, Draft> {
  const drafts = new Map<string, Draft>();
  let last: Draft | undefined;
  for (const { form, text, references } of mapEachItem(content, profile, context)) {
    const [first] = references;
    // What has no references of its own (a mean, say) belongs to the item before it.
    if (first !== undefined) {
      last = drafts.get(first) ?? { form, references, units: [] };
      drafts.set(first, last);
    }
    last?.units.push(...unitsOf(form, text));
  }
  return drafts;
}

/** @param before undefined: the destination has nothing of it */
function compare(
  { form, units }: Draft,
  before: ReadonlyMap<string, Unit> | undefined,
): Pick<PlannedItem, 'verdict' | 'changes'> {
  // In a transaction the item stands behind the patient and the devices that it needs.
  const itself = form === 'fhir' ? units.at(-1) : units[0];
  if (itself === undefined || before?.has(itself.key) !== true) return { verdict: 'appears', changes: [] };
  const changes: Change[] = [];
  for (const unit of units) {
    changes.push(...compareUnits(form, before.get(unit.key) ?? { key: unit.key, parts: [] }, unit));
  }
  return { verdict: changes.length === 0 ? 'same' : 'changed', changes };
}

/** What of a plan is sent. */
export function toSend({ items }: FilePlan, all: boolean): readonly PlannedItem[] {
  return all ? items : items.filter(({ verdict }) => verdict !== 'same');
}

/** Hash of each item's first resource → its signature. */
export function signaturesOf(items: readonly PlannedItem[]): ReadonlyMap<string, string> {
  return new Map(items.map(({ hashes: [first = ''], signature }) => [first, signature]));
}

/**
 * Digest of what would be sent of a file, and instead of what.
 * @param ended earlier redeliveries of the file: one that was discarded is over for good, and the same content can only go
 *   under another digest
 */
export function fileDigest(
  key: WorkKey,
  destination: DestinationId,
  plan: FilePlan,
  items: readonly PlannedItem[],
  ended: readonly string[],
): string {
  const signatures = [...signaturesOf(items)].map(([hash, signature]) => `${hash} ${signature}`).toSorted();
  return createHash('sha256')
    .update(
      JSON.stringify([
        ...[key.organization, key.notificationId, key.variant, destination],
        ...[signatures, plan.accepted, ended],
      ]),
    )
    .digest('hex')
    .slice(0, 32);
}

/**
 * The transform step: from the stored file to messages in the ledger and the blob store, with what each destination
 * already has as an argument of the mapping.
 */
import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { z } from 'zod';
import type { TransformResult, WorkKey } from '../domain/data-sharing';
import type { DestinationId } from '../domain/identifiers';
import { compareDelivered, versionKey } from '../domain/resource-version';
import { deliveredVersions } from '../store/delivered';
import { fileOf, recordTransformed } from '../store/ledger';
import { pendingMessages, replaceMessages, resourcesToLeaveOut } from '../store/messages';
import { takeTurn } from '../store/turns';
import { mapFile } from '../transforms/mapping';
import type { FileContent } from '../transforms/model/content';
import type { MapContext, MapResult, Recipients } from '../transforms/model/message';
import type { EmrIdentity } from '../transforms/model/profile';
import { applyConsentPolicy } from './data-sharing-consent';
import { boundNames, countResult, largest, type FileCounts } from './data-sharing-counts';
import {
  deliveredTo,
  identitiesOf,
  knownResources,
  marksOf,
  notingMoved,
  patientHashes,
  readFile,
  recipientMarks,
  type KnownResource,
} from './data-sharing-file';
import { destinationConfig, organizationConfig, type ActivityDependencies } from './dependencies';
import { mappingProfile, organizationProfile, type OrganizationProfile } from './mapping-profile';

/** Messages of one file to one destination, as the blob store keeps them. Before there were other forms, texts alone. */
export const MessagesBlobSchema = z.array(
  z
    .object({ form: z.enum(['hl7', 'fhir', 'json']), text: z.string() })
    .or(z.string().transform((text) => ({ form: 'hl7' as const, text }))),
);
export type StoredMessage = z.infer<typeof MessagesBlobSchema>[number];

/**
 * Transforms the file for every destination of the organization, when it is the patient's turn. Repeating it gives the
 * same messages; after a change of the mapping it gives new ones for what has not been sent.
 */
export async function transformFile(
  deps: ActivityDependencies,
  key: WorkKey,
  workflowId: string,
): Promise<TransformResult> {
  const organization = organizationConfig(deps.config, key.organization);
  const file = await fileOf(deps.store, key);
  const release = await deps.budget.acquire(file.blob.bytes, Context.current().cancellationSignal);
  try {
    const content = readFile(await deps.blobs.get(file.blob), file.messageType);
    const known = knownResources(deps, key.organization, content);
    const patients = patientHashes(deps, key.organization, content);
    const lanes = organization.destinations.flatMap((destination) =>
      patients.map((patient) => ({ destination, patient })),
    );
    const turn = await takeTurn(
      deps.store,
      key,
      workflowId,
      lanes,
      [...known.values()].map(({ hash }) => hash),
    );
    if (!turn.granted) return { status: 'blocked', behind: turn.behind };
    // Only now: a file that waits is decided on by what is known when its turn comes.
    const refused = await applyConsentPolicy(deps, key, organization, content);
    if (refused !== undefined) return refused;

    const source: Source = {
      content,
      known,
      createdAtMs: file.createdAtMs,
      identities: await identitiesOf(deps, key.organization, organization, content),
      organization: organizationProfile(organization),
    };
    const withMessages: DestinationId[] = [];
    const made = new Map<DestinationId, FileCounts>();
    let messages = 0;
    for (const destination of organization.destinations) {
      const result = await transformFor(deps, key, destination, source);
      const pending = await pendingMessages(deps.store, key, destination);
      if (pending.length > 0) withMessages.push(destination);
      messages += pending.length;
      made.set(destination, countResult(result));
    }
    const counts = largest([...made.values()]);
    await count(deps, key, counts, made);
    const { observations, unmappedTypes } = counts;
    return {
      status: 'ready',
      destinations: withMessages,
      messages,
      observations,
      unmapped: boundNames(unmappedTypes),
    };
  } finally {
    release();
  }
}

/** To the ledger; and to the metrics, once for each file. */
async function count(
  deps: ActivityDependencies,
  key: WorkKey,
  counts: FileCounts,
  made: ReadonlyMap<DestinationId, FileCounts>,
): Promise<void> {
  const { unmappedTypes, unreadElements } = counts;
  const unmapped = boundNames(unmappedTypes, unreadElements);
  if (!(await recordTransformed(deps.store, key, { ...counts, unmapped }))) return;
  for (const [destination, { kinds }] of made) deps.metrics.items(destination, kinds);
  for (const [type, number] of Object.entries(unmappedTypes)) deps.metrics.unmapped(type, number);
  const elements = Object.values(unreadElements).reduce((sum, number) => sum + number, 0);
  if (elements > 0) deps.metrics.unread(elements);
}

interface Source {
  readonly content: FileContent;
  /** By reference. */
  readonly known: ReadonlyMap<string, KnownResource>;
  readonly createdAtMs: number;
  /** By patient key. */
  readonly identities: ReadonlyMap<string, EmrIdentity>;
  readonly organization: OrganizationProfile;
}

/** Makes the messages for one destination, and puts them in the place of those that were not sent. */
async function transformFor(
  deps: ActivityDependencies,
  key: WorkKey,
  destination: DestinationId,
  { content, known, createdAtMs, identities, organization }: Source,
): Promise<MapResult> {
  const site = deps.site(destination);
  const profile = mappingProfile(destinationConfig(deps.config, destination), organization, site.codeMappings);
  const marks = recipientMarks(deps, key.organization, content, identities);
  const context: MapContext = {
    createdAtMs,
    seed: [key.organization, key.notificationId, key.variant, destination].join('|'),
    ...(await ledgerState(deps, key, destination, known, marks)),
    identities,
    redelivery: false,
    site: site.mapping,
  };
  const result = await notingMoved(deps, key, known, () => mapFile(content, profile, context));
  await placeMessages(deps, key, destination, result, { content, known, identities });
  return result;
}

/**
 * Stores the messages of a mapping, and puts them in the place of those that were not sent.
 */
export async function placeMessages(
  deps: ActivityDependencies,
  key: WorkKey,
  destination: DestinationId,
  result: MapResult,
  { content, known, identities }: Pick<Source, 'content' | 'known' | 'identities'>,
): Promise<void> {
  const marks = marksOf(deps, key.organization, content, identities);
  const recipients = recipientMarks(deps, key.organization, content, identities);
  const blob = await storeMessages(deps, key, destination, result);
  await replaceMessages(
    deps.store,
    key,
    destination,
    blob,
    result.messages.map(({ controlId, references, patient }, blobIndex) => {
      const resources = references.map((reference) => known.get(reference));
      const patientHash = recipients.get(patient)?.[0];
      return {
        controlId,
        blobIndex,
        patients: marks.get(patient) ?? [],
        ...(patientHash === undefined ? {} : { patientHash }),
        resourceHashes: resources.map((each) => each?.hash ?? ''),
        resourceVersions: resources.map((each) => (each === undefined ? '' : versionKey(each.resource))),
      };
    }),
  );
}

/** What the destination has of the file's resources, and what is not to go there. */
async function ledgerState(
  deps: ActivityDependencies,
  key: WorkKey,
  destination: DestinationId,
  known: Source['known'],
  marks: Recipients['marks'],
): Promise<Pick<MapContext, 'delivered' | 'leaveOut' | 'recipients'>> {
  const [versions, stays] = await Promise.all([
    deliveredVersions(
      deps.store,
      destination,
      [...known.values()].map(({ hash }) => hash),
    ),
    resourcesToLeaveOut(deps.store, key, destination),
  ]);
  const delivered = new Map<string, 'current' | 'newer' | 'earlier'>();
  const leaveOut = new Set<string>();
  for (const [reference, { hash, resource }] of known) {
    const version = versions.get(hash);
    if (version !== undefined) delivered.set(reference, compareDelivered(version.version, resource));
    // What stands in a message of unknown outcome stays there: under another MSH-10 it could arrive twice.
    if (stays.has(hash)) leaveOut.add(reference);
  }
  return { delivered, leaveOut, recipients: { delivered: deliveredTo(known, versions), marks } };
}

async function storeMessages(
  deps: ActivityDependencies,
  key: WorkKey,
  destination: DestinationId,
  { messages }: MapResult,
) {
  const content = Buffer.from(JSON.stringify(messages.map(({ form, text }) => ({ form, text }))));
  const name = createHash('sha256').update(content).digest('hex').slice(0, 16);
  const path = `data-sharing/${key.organization}/${key.notificationId}${key.variant}/${destination}-${name}`;
  return messages.length === 0 ? { key: path, sha256: '', bytes: 0 } : deps.blobs.put(path, content);
}

/**
 * The transform step: from the stored file to messages in the ledger and the blob store, with what each destination
 * already has as an argument of the mapping.
 */
import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { z } from 'zod';
import type { TransformResult, WorkKey } from '../domain/data-sharing';
import type { DestinationId, OrganizationId } from '../domain/identifiers';
import { compareDelivered, versionKey } from '../domain/resource-version';
import { DuctusError } from '../domain/errors';
import { fileOf, recordTransformed } from '../store/ledger';
import { deliveredVersions, pendingMessages, replaceMessages, resourcesToLeaveOut } from '../store/messages';
import { takeTurn } from '../store/turns';
import { readBundle } from '../transforms/fhir-bundle';
import { mapFile } from '../transforms/mapping';
import type { FileContent } from '../transforms/model/content';
import type { MapResult } from '../transforms/model/message';
import { destinationConfig, organizationConfig, type ActivityDependencies } from './dependencies';
import { mappingProfile } from './mapping-profile';

/** Stands for resources that name no patient: they queue behind each other. */
const NO_PATIENT = 'no patient';

/** Messages of one file to one destination, as the blob store keeps them. */
export const MessagesBlobSchema = z.array(z.object({ form: z.enum(['hl7', 'fhir', 'json']), text: z.string() }));
export type StoredMessage = z.infer<typeof MessagesBlobSchema>[number];

/** The name of a resource in the ledger: a keyed hash, since FHIR ids may point at a person. */
export function resourceHash(deps: ActivityDependencies, organization: OrganizationId, reference: string): string {
  return deps.hash(`${organization}|${reference}`);
}

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
  if (file.messageType !== 'Clinical Data') {
    throw new DuctusError('DUCTUS_BUNDLE_UNMAPPED', `Files of type "${file.messageType}" have no mapping.`);
  }
  const release = await deps.budget.acquire(file.blob.bytes, Context.current().cancellationSignal);
  try {
    const bundle = readBundle(await deps.blobs.get(file.blob));
    const hashes = new Map(
      bundle.resources.map((r) => [r.reference, resourceHash(deps, key.organization, r.reference)]),
    );
    const patients = new Set(
      bundle.resources.filter((r) => r.mapping.kind !== 'context').map((r) => r.patient ?? NO_PATIENT),
    );
    const lanes = organization.destinations.flatMap((destination) =>
      [...patients].map((patient) => ({ destination, patient: deps.hash(`${key.organization}|patient|${patient}`) })),
    );
    const turn = await takeTurn(deps.store, key, workflowId, lanes, [...hashes.values()]);
    if (!turn.granted) return { status: 'blocked', behind: turn.behind };

    const withMessages: DestinationId[] = [];
    const unmapped: Record<string, number> = {};
    let messages = 0;
    let observations = 0;
    let leftOut = 0;
    for (const destination of organization.destinations) {
      const made = await transformFor(deps, key, destination, {
        bundle,
        hashes,
        createdAtMs: file.createdAtMs,
        timeZone: organization.timeZone,
        identity: organization.patientIdentity.source,
      });
      if (made.pending > 0) withMessages.push(destination);
      messages += made.pending;
      observations = Math.max(observations, made.observations);
      leftOut = Math.max(leftOut, made.leftOut);
      for (const [type, count] of Object.entries(made.unmapped)) unmapped[type] = Math.max(unmapped[type] ?? 0, count);
    }
    for (const [type, count] of Object.entries(unmapped)) deps.metrics.unmapped(type, count);
    await recordTransformed(deps.store, key, { observations, leftOut, unmapped });
    return { status: 'ready', destinations: withMessages, messages, observations, unmapped };
  } finally {
    release();
  }
}

interface Source {
  readonly bundle: FileContent;
  /** Reference → hash. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly createdAtMs: number;
  readonly timeZone: string;
  readonly identity: 'as-sent' | 'registry';
}

interface Made {
  readonly pending: number;
  readonly observations: number;
  readonly leftOut: number;
  readonly unmapped: Readonly<Record<string, number>>;
}

async function transformFor(
  deps: ActivityDependencies,
  key: WorkKey,
  destination: DestinationId,
  source: Source,
): Promise<Made> {
  const { bundle, hashes } = source;
  const site = deps.site(destination);
  const profile = mappingProfile(destinationConfig(deps.config, destination), source, site.codeMappings);
  const [versions, stays] = await Promise.all([
    deliveredVersions(deps.store, destination, [...hashes.values()]),
    resourcesToLeaveOut(deps.store, key, destination),
  ]);
  const delivered = new Map<string, 'current' | 'newer' | 'earlier'>();
  const leaveOut = new Set<string>();
  for (const resource of bundle.resources) {
    const hash = hashes.get(resource.reference) ?? '';
    const version = versions.get(hash);
    if (version !== undefined) delivered.set(resource.reference, compareDelivered(version, resource));
    // What stands in a message of unknown outcome stays there: under another MSH-10 it could arrive twice.
    if (stays.has(hash)) leaveOut.add(resource.reference);
  }
  const seed = [key.organization, key.notificationId, key.variant, destination].join('|');
  const result = mapFile(bundle, profile, {
    createdAtMs: source.createdAtMs,
    seed,
    delivered,
    leaveOut,
    identities: new Map(),
    redelivery: false,
    site: site.mapping,
  });

  const byReference = new Map(bundle.resources.map((resource) => [resource.reference, resource]));
  const content = Buffer.from(JSON.stringify(result.messages.map(({ form, text }) => ({ form, text }))));
  const name = createHash('sha256').update(content).digest('hex').slice(0, 16);
  const path = `data-sharing/${key.organization}/${key.notificationId}${key.variant}/${destination}-${name}`;
  const blob = result.messages.length === 0 ? { key: path, sha256: '', bytes: 0 } : await deps.blobs.put(path, content);
  await replaceMessages(
    deps.store,
    key,
    destination,
    blob,
    result.messages.map((message, blobIndex) => ({
      controlId: message.controlId,
      blobIndex,
      resourceHashes: message.references.map((reference) => hashes.get(reference) ?? ''),
      resourceVersions: message.references.map((reference) => {
        const resource = byReference.get(reference);
        return resource === undefined ? '' : versionKey(resource);
      }),
    })),
  );
  const pending = await pendingMessages(deps.store, key, destination);
  const unmapped: Record<string, number> = {};
  for (const { type } of result.unmapped) unmapped[type] = (unmapped[type] ?? 0) + 1;
  return {
    pending: pending.length,
    observations: observationsIn(result.kinds),
    leftOut: result.leftOut.length,
    unmapped,
  };
}

/** What counts as an observation: a mapped item, not a device or what is only carried. */
function observationsIn(kinds: MapResult['kinds']): number {
  const { glucose = 0, carbs = 0, insulin = 0, measurement = 0, summary = 0 } = kinds;
  return glucose + carbs + insulin + measurement + summary;
}

/**
 * Lineage of what was sent: the stored file is mapped once more, as it was mapped then, with tracing. A message whose
 * MSH-10 does not come out again was made by another mapping, and nothing is said about its fields.
 */
import { identitiesOf, knownResources, readFile } from '../activities/data-sharing-file';
import { mappingProfile, organizationProfile } from '../activities/mapping-profile';
import { DuctusError } from '../domain/errors';
import { DestinationIdSchema } from '../domain/identifiers';
import { compareDelivered } from '../domain/resource-version';
import { sentMessages, versionsBefore, type SentMessage } from '../queries/sent-messages';
import { createBlobStore } from '../runtime/blob-store';
import { createKeyedHash } from '../runtime/codec/keyed-hash';
import type { Config } from '../runtime/config/schema';
import { loadSiteFiles } from '../runtime/site/site-files';
import { fileOf } from '../store/ledger';
import type { Store } from '../store/database';
import { keyOf } from '../store/redelivery';
import { mapFile } from '../transforms/mapping';
import type { MapContext, MessageForm } from '../transforms/model/message';
import type { TracedField } from '../transforms/model/trace';
import { Lineage } from './trace-lines';

export interface MessageLineage {
  readonly controlId: string;
  readonly destination: string;
  readonly form: MessageForm;
  readonly text: string | undefined;
  readonly fields: readonly TracedField[];
}

export interface WorkLineage {
  readonly messages: readonly MessageLineage[];
  readonly missing: readonly string[];
}

/** @throws DuctusError DUCTUS_STORE_UNAVAILABLE */
export async function lineageOf(config: Config, store: Store, workflowId: string): Promise<WorkLineage> {
  const work = await sentMessages(store, workflowId);
  if (work === undefined) return { messages: [], missing: ['The ledger does not know this work.'] };
  const key = keyOf(work);
  const blobs = createBlobStore(config);
  try {
    const file = await fileOf(store, key);
    const organization = Object.hasOwn(config.organizations, key.organization)
      ? config.organizations[key.organization]
      : undefined;
    if (organization === undefined) {
      return { messages: [], missing: ['The organization is no longer in the configuration: no lineage.'] };
    }
    const deps = { store, hash: createKeyedHash(config.encryption.hashKey) };
    const content = readFile(await blobs.get(file.blob), file.messageType);
    const known = knownResources(deps, key.organization, content);
    const identities = await identitiesOf(deps, key.organization, organization, content);
    const found: MessageLineage[] = [];
    const missing: string[] = [];
    for (const destination of new Set(work.messages.map((message) => message.destination))) {
      const sent = work.messages.filter((message) => message.destination === destination);
      const settings = Object.entries(config.destinations).find(([name]) => name === destination)?.[1];
      if (settings === undefined) {
        missing.push(`Destination ${destination} is no longer in the configuration: no lineage of its messages.`);
        continue;
      }
      const id = DestinationIdSchema.parse(destination);
      const site = loadSiteFiles({ destinations: { [id]: settings } })(id);
      const profile = mappingProfile(settings, organizationProfile(organization), site.codeMappings);
      const before = await versionsBefore(store, key, destination, firstSent(sent));
      const inMessages = new Set(sent.flatMap((message) => message.resourceHashes));
      const isRedelivery = key.variant.includes('r');
      const byId = new Map<string, MessageLineage>();
      // As the first transform saw it, then as one after a decision did: with what was left out, and what had been taken.
      for (const isLater of [false, true]) {
        const delivered = new Map<string, 'current' | 'newer' | 'earlier'>();
        const taken = new Set(sent.filter((each) => byId.has(each.controlId)).flatMap((each) => each.resourceHashes));
        const leaveOut = new Set<string>();
        const only = new Set<string>();
        for (const [reference, { hash, resource }] of known) {
          const version = before.get(hash);
          if (version !== undefined) delivered.set(reference, compareDelivered(version, resource));
          if (isLater && work.leftOut.has(hash)) leaveOut.add(reference);
          if (isLater && taken.has(hash)) delivered.set(reference, 'current');
          if (inMessages.has(hash)) only.add(reference);
        }
        const lineage = new Lineage();
        const context: MapContext = {
          createdAtMs: file.createdAtMs,
          seed: [key.organization, key.notificationId, key.variant, destination].join('|'),
          delivered,
          leaveOut,
          identities,
          redelivery: isRedelivery,
          site: site.mapping,
          traceOf: lineage.traceOf,
          ...(isRedelivery ? { only } : {}),
        };
        mapFile(content, profile, context).messages.forEach(({ controlId, form, text }, position) => {
          if (!byId.has(controlId)) {
            byId.set(controlId, { controlId, destination, form, text, fields: lineage.fieldsOf(position) });
          }
        });
      }
      const others: string[] = [];
      for (const { controlId } of sent) {
        const message = byId.get(controlId);
        if (message === undefined) others.push(controlId);
        else found.push(message);
      }
      if (others.length > 0) {
        missing.push(
          `The mapping of today does not make ${others.join(', ')} (${destination}) of this file: code, code maps, configuration or patient numbers have changed since, or the work was decided on. Nothing is said about the fields.`,
        );
      }
    }
    return { messages: found, missing };
  } catch (error) {
    if (!(error instanceof DuctusError) || error.code === 'DUCTUS_STORE_UNAVAILABLE') throw error;
    const gone =
      error.code === 'DUCTUS_BLOB_MISSING'
        ? 'The file is no longer in the blob store (blobs.retainDays)'
        : error.message;
    return { messages: [], missing: [`No lineage: ${gone}.`.replace('..', '.')] };
  } finally {
    blobs.close();
  }
}

function firstSent(messages: readonly SentMessage[]): Date {
  const times = messages.flatMap(({ sentAt }) => (sentAt === null ? [] : [sentAt.getTime()]));
  return times.length === 0 ? new Date() : new Date(Math.min(...times));
}

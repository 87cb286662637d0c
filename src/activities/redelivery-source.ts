/** A stored file as the mapping of today reads it, for a redelivery. */
import type { BlobRef, WorkKey } from '../domain/data-sharing';
import type { DestinationId, KeyedHash } from '../domain/identifiers';
import type { FileContent } from '../transforms/model/content';
import type { MapContext } from '../transforms/model/message';
import type { MappingProfile } from '../transforms/model/profile';
import { identitiesOf, knownResources, patientHashes, readFile, type KnownResource } from './data-sharing-file';
import { destinationConfig, organizationConfig, type ActivityDependencies } from './dependencies';
import { mappingProfile, organizationProfile } from './mapping-profile';

export interface ReadSource {
  readonly content: FileContent;
  readonly profile: MappingProfile;
  /** By reference. */
  readonly known: ReadonlyMap<string, KnownResource>;
  readonly patients: readonly KeyedHash[];
  readonly identities: MapContext['identities'];
  readonly createdAtMs: number;
  readonly site: MapContext['site'];
}

/** Reads a file that was fetched before. @throws DuctusError of the blob store and of the reader */
export async function readSource(
  deps: ActivityDependencies,
  key: WorkKey,
  destination: DestinationId,
  file: { readonly blob: BlobRef; readonly messageType: string; readonly createdAtMs: number },
): Promise<ReadSource> {
  const organization = organizationConfig(deps.config, key.organization);
  const content = readFile(await deps.blobs.get(file.blob), file.messageType);
  const site = deps.site(destination);
  const profile = organizationProfile(organization);
  return {
    content,
    profile: mappingProfile(destinationConfig(deps.config, destination), profile, site.codeMappings),
    known: knownResources(deps, key.organization, content),
    patients: patientHashes(deps, key.organization, content),
    identities: await identitiesOf(deps, key.organization, organization, content),
    createdAtMs: file.createdAtMs,
    site: site.mapping,
  };
}

/** Puts synthetic resources into a Bundle of the kinds that Roche may send. */
/// <reference types="fhir" />
import { RandomStream } from '../random';
import { messageHeader } from './sample-resources';

export interface SampleBundleOptions {
  readonly bundleType?: 'collection' | 'message' | 'batch' | 'transaction';
  /** `source.endpoint` of the MessageHeader of a `message`. */
  readonly emrOid?: string;
}

/**
 * Makes the bundle; its `meta.lastUpdated` is the latest of its resources.
 * @param seed of the bundle's id
 */
export function sampleBundle(
  resources: readonly fhir.Resource[],
  options: SampleBundleOptions,
  seed: number,
): fhir.Bundle {
  const times = resources.map(({ meta }) => meta?.lastUpdated ?? '').toSorted();
  return toBundle(resources, times.at(-1) ?? '', new RandomStream(seed, 'bundle id'), options);
}

/** @param random draws the ids of the bundle and of its MessageHeader */
export function toBundle(
  resources: readonly fhir.Resource[],
  lastUpdated: string,
  random: RandomStream,
  { bundleType = 'collection', emrOid = '2.999.1.1' }: SampleBundleOptions,
): fhir.Bundle {
  const first = bundleType === 'message' ? [messageHeader(random.uuid(), emrOid, lastUpdated)] : [];
  return {
    resourceType: 'Bundle',
    id: random.uuid(),
    meta: { lastUpdated },
    type: bundleType,
    entry: [...first, ...resources].map((resource) => ({
      fullUrl: `http://roche-dc.localhost/fhir/stu3/${resource.resourceType ?? ''}/${resource.id ?? ''}`,
      resource,
      ...(bundleType === 'batch' || bundleType === 'transaction'
        ? { request: { method: 'PUT' as const, url: `${resource.resourceType ?? ''}/${resource.id ?? ''}` } }
        : {}),
    })),
  };
}

/** The resources of a bundle. */
export function resourcesOf(bundle: fhir.Bundle): fhir.Resource[] {
  return (bundle.entry ?? []).flatMap(({ resource }) => (resource === undefined ? [] : [resource]));
}

/** Reads a FHIR bundle (STU3 or R4, any Bundle.type): which resources it has, of whom, and which have a mapping. */
import type { FileContent } from '../model/content';
import { newestOfEach, readEntries, type Source } from './bundle-entries';
import { DEVICE_TYPES } from './device';
import { ReferenceIndex } from './references';
import { ResourceReader } from './resource-reader';
import { withinStack } from './shapes';

/**
 * @param bytes a JSON Bundle in UTF-8
 * @throws DuctusError DUCTUS_BUNDLE_INVALID that names the element path, never a value
 */
export function readBundle(bytes: Uint8Array): FileContent {
  return withinStack('Bundle', () => read(bytes));
}

function read(bytes: Uint8Array): FileContent {
  const { kept, superseded } = newestOfEach(readEntries(bytes));
  const index = new ReferenceIndex<Source>();
  for (const sources of [kept, superseded]) {
    for (const source of sources) {
      // Only these are looked up, and a bundle has few of them.
      if (source.type !== 'Patient' && source.type !== 'Medication' && !DEVICE_TYPES.has(source.type)) continue;
      index.add(source.fullUrl, source);
      index.add(source.reference, source);
    }
  }
  const reader = new ResourceReader(kept, index);
  const resources = kept.map((source) => reader.read(source));
  return {
    resources: reader.finish(resources, kept),
    superseded: superseded.map(({ reference }) => reference),
  };
}

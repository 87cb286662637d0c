/** Reads a FHIR bundle (STU3 or R4, any Bundle.type): which resources it has, of whom, and which have a mapping. */
import type { FileContent, Mapping, ParsedResource } from '../model/content';
import type { PatientContext } from '../model/patient';
import { newestOfEach, readEntries, type Source } from './bundle-entries';
import { isGlucose } from './codes';
import { DEVICE_TYPES, Devices } from './device';
import { readGlucose } from './glucose';
import { People } from './people';
import { ReferenceIndex } from './references';
import { GlucoseShape, ObservationKindShape, readShape, withinStack } from './shapes';

/** Resources that explain others and hold no health data of their own. */
const CONTEXT_TYPES: ReadonlySet<string> = new Set(['Patient', 'MessageHeader', 'Organization', 'Practitioner']);

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
  for (const source of [...kept, ...superseded]) {
    // Only these are looked up, and a bundle has few of them.
    if (source.type !== 'Patient' && !DEVICE_TYPES.has(source.type)) continue;
    index.add(source.fullUrl, source);
    index.add(source.reference, source);
  }
  const people = new People(kept, index);
  const devices = new Devices((reference) => index.find(reference));
  const drafts = kept.map((source) => {
    const subject = people.of(source);
    return { source, subject, mapping: mappingOf(source, subject, devices) };
  });
  return {
    resources: drafts.map(({ source, subject, mapping }) =>
      toResource(source, subject, devices.visited.has(source) ? { kind: 'context' } : mapping),
    ),
    superseded: superseded.map(({ reference }) => reference),
  };
}

function mappingOf(source: Source, subject: PatientContext | undefined, devices: Devices): Mapping {
  if (!source.hasResource) return { kind: 'unmapped', why: 'an entry without a resource' };
  if (CONTEXT_TYPES.has(source.type)) return { kind: 'context' };
  if (source.type !== 'Observation') return { kind: 'unmapped', why: 'no mapping for this resource type' };
  if (!isGlucose(readShape(ObservationKindShape, source.raw, source.path))) {
    return { kind: 'unmapped', why: 'not a glucose Observation' };
  }
  const observation = readShape(GlucoseShape, source.raw, source.path);
  const reading = readGlucose(observation, () =>
    subject === undefined || observation.device === undefined ? undefined : devices.idOf(observation.device, source),
  );
  if ('why' in reading) return { kind: 'unmapped', why: reading.why };
  if (subject === undefined) return { kind: 'unmapped', why: 'no patient that the EMR could know' };
  return { kind: 'reading', reading };
}

function toResource(source: Source, subject: PatientContext | undefined, mapping: Mapping): ParsedResource {
  const { reference, type, version, head, raw, path, contentHash } = source;
  return {
    reference,
    type,
    version,
    lastUpdated: head.meta?.lastUpdated,
    get contentHash() {
      return contentHash();
    },
    patient: subject?.key,
    mapping,
    subject,
    path,
    raw,
    unread: [],
  };
}

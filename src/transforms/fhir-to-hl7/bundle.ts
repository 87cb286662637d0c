/** Reads a FHIR bundle (STU3 or R4, any Bundle.type): which resources it has, of whom, and which have a mapping. */
import { newestOfEach, readEntries, type Source } from './bundle-entries';
import { isGlucose } from './codes';
import { DEVICE_TYPES, Devices, type DeviceId, type Found } from './device';
import { readGlucose, type GlucoseReading } from './glucose';
import type { PatientContext } from './patient';
import { People } from './people';
import { ReferenceIndex } from './references';
import { GlucoseShape, ObservationKindShape, readShape, withinStack } from './shapes';

/** A resource of a bundle, as delivery and ledger see it. */
export interface BundleResource {
  /** `Observation/abc`; without id `Observation?identifier=system|value`; else `Observation?sha256=…`. */
  readonly reference: string;
  readonly type: string;
  /** `meta.versionId`, else `meta.lastUpdated`, else the content hash. */
  readonly version: string;
  readonly lastUpdated: string | undefined;
  /** SHA-256 (hexadecimal) of the canonical JSON; computed when it is read for the first time. */
  readonly contentHash: string;
  /** `system|value` of the patient's identifier, or the reference; what delivery order is keyed on. */
  readonly patient: string | undefined;
  /** True when the transform makes an OBX of it. */
  readonly mapped: boolean;
  /** True for what only explains others (Patient, MessageHeader, devices of a mapped Observation): needs no mapping. */
  readonly context: boolean;
}

/** What the transform does with a resource. */
export type Mapping =
  | { readonly kind: 'glucose'; readonly reading: GlucoseReading; readonly device: DeviceId | undefined }
  | { readonly kind: 'context' }
  | { readonly kind: 'unmapped'; readonly why: string };

/** A resource with what the transform found in it. */
export interface ParsedResource extends BundleResource {
  readonly mapping: Mapping;
  readonly subject: PatientContext | undefined;
  readonly raw: Found['raw'];
}

export interface BundleContent {
  /** One for each reference: the newest, in the order of the bundle. */
  readonly resources: readonly ParsedResource[];
  /** References of older versions and repeats of the above in the same bundle. */
  readonly superseded: readonly string[];
}

/** Resources that explain others and hold no health data of their own. */
const CONTEXT_TYPES: ReadonlySet<string> = new Set(['Patient', 'MessageHeader', 'Organization', 'Practitioner']);

/**
 * @param bytes a JSON Bundle in UTF-8
 * @throws DuctusError DUCTUS_BUNDLE_INVALID that names the element path, never a value
 */
export function readBundle(bytes: Uint8Array): BundleContent {
  return withinStack('Bundle', () => read(bytes));
}

function read(bytes: Uint8Array): BundleContent {
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
  const reading = readGlucose(observation);
  if ('why' in reading) return { kind: 'unmapped', why: reading.why };
  if (subject === undefined) return { kind: 'unmapped', why: 'no patient that the EMR could know' };
  const device = observation.device === undefined ? undefined : devices.idOf(observation.device, source);
  return { kind: 'glucose', reading, device };
}

function toResource(source: Source, subject: PatientContext | undefined, mapping: Mapping): ParsedResource {
  const { reference, type, version, head, raw, contentHash } = source;
  return {
    reference,
    type,
    version,
    lastUpdated: head.meta?.lastUpdated,
    get contentHash() {
      return contentHash();
    },
    patient: subject?.key,
    mapped: mapping.kind === 'glucose',
    context: mapping.kind === 'context',
    mapping,
    subject,
    raw,
  };
}

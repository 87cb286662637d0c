/** Reads the resources of one bundle, each with what the others say about it: its patient, device and medication. */
import type { ContextResource, Mapping, ParsedResource } from '../model/content';
import type { PatientContext } from '../model/patient';
import type { DeviceId } from '../model/reading';
import { readAdministration } from './administration';
import { AdministrationElements } from './administration-elements';
import type { Source } from './bundle-entries';
import { Devices, idOfReference, type Followed, type Found } from './device';
import { describeDevice, DeviceParts } from './device-description';
import { findMedication, type FoundMedication } from './medication';
import type { NoMapping } from './no-mapping';
import { readObservation, type ReadingFound } from './observation';
import { People } from './people';
import { Links, type ReferenceIndex } from './references';
import type { Concept, Reference } from './shapes';
import { hasModifier, NOTHING_UNREAD } from './unread';

/** Resources that explain others and hold no health data of their own. */
const CONTEXT_TYPES: ReadonlySet<string> = new Set(['Patient', 'MessageHeader', 'Organization', 'Practitioner']);
const CONTEXT: Mapping = { kind: 'context' };

export class ResourceReader {
  readonly #people: People;
  readonly #devices: Devices;
  readonly #parts: DeviceParts;
  readonly #links: Links;
  readonly #find: (reference: string) => Source | undefined;
  readonly #elements = new AdministrationElements();
  readonly #contexts = new Map<Followed, readonly ContextResource[]>();
  /** Resources of the bundle that a reading was made with. */
  readonly #used = new Set<Found>();

  // What the two functions below are about: they are made once, not for each of thousands of resources.
  #source: Source | undefined;
  #followed: Followed | undefined;
  #medication: FoundMedication | undefined;

  constructor(kept: readonly Source[], index: ReferenceIndex<Source>) {
    this.#find = (reference) => index.find(reference);
    this.#people = new People(kept, index);
    this.#devices = new Devices(this.#find);
    this.#parts = new DeviceParts(kept, this.#devices);
    this.#links = new Links(kept);
  }

  readonly #deviceOf = (reference: Reference): DeviceId | undefined => {
    if (this.#source === undefined) return undefined;
    this.#followed = this.#devices.follow(reference, this.#source);
    return this.#followed.id ?? idOfReference(reference);
  };

  readonly #medicationOf = (reference: Reference): Concept | undefined => {
    if (this.#source === undefined) return undefined;
    this.#medication = findMedication(reference, this.#source, this.#find);
    return this.#medication?.code;
  };

  /** @throws DuctusError DUCTUS_BUNDLE_INVALID for an element of a wrong type */
  read(source: Source): ParsedResource {
    const subject = this.#people.of(source);
    if (!source.hasResource) return unmapped(source, subject, 'an entry without a resource');
    switch (source.type) {
      case 'Observation':
      case 'MedicationAdministration':
        return this.#readEvent(source, subject);
      case 'Device':
        return this.#readDevice(source, subject);
      case 'DeviceComponent':
      case 'DeviceMetric':
        return this.#parts.leadsToDevice(source)
          ? parsed(source, subject, CONTEXT, NOTHING_UNREAD, undefined)
          : unmapped(source, subject, 'a part of no Device in the bundle');
      default:
        return CONTEXT_TYPES.has(source.type)
          ? parsed(source, subject, CONTEXT, NOTHING_UNREAD, undefined)
          : unmapped(source, subject, 'no mapping for this resource type');
    }
  }

  /**
   * All that were read, when there are no more: a Medication, or a part of a device, may explain a reading that came
   * before or after it.
   */
  finish(resources: readonly ParsedResource[], sources: readonly Source[]): readonly ParsedResource[] {
    if (this.#used.size === 0) return resources;
    return resources.map((resource, position) => {
      const source = sources[position];
      if (resource.mapping.kind !== 'unmapped' || source === undefined || !this.#used.has(source)) return resource;
      return { ...resource, mapping: CONTEXT };
    });
  }

  #readEvent(source: Source, subject: PatientContext | undefined): ParsedResource {
    const { raw, path } = source;
    if (hasModifier(raw)) return unmapped(source, subject, MODIFIED);
    // Whom nobody knows is not looked after.
    this.#source = subject === undefined ? undefined : source;
    this.#followed = undefined;
    this.#medication = undefined;
    const found = this.#readingOf(source.type, raw, path);
    if ('why' in found) return unmapped(source, subject, found.why);
    if (subject === undefined) return unmapped(source, subject, 'no patient that the EMR could know');
    const medication = this.#foundMedication();
    if (medication !== undefined) this.#used.add(medication);
    const { reading, unread } = found;
    return parsed(source, subject, { kind: 'reading', reading }, unread, this.#contextOf(this.#followed));
  }

  /** The Medication of the bundle that was looked up for the resource at hand. */
  #foundMedication(): Found | undefined {
    return this.#medication?.resource;
  }

  #readingOf(type: string, raw: Source['raw'], path: string): ReadingFound | NoMapping {
    return type === 'Observation'
      ? readObservation(raw, path, this.#deviceOf, this.#links)
      : readAdministration(raw, path, this.#deviceOf, this.#medicationOf, this.#elements);
  }

  #readDevice(source: Source, subject: PatientContext | undefined): ParsedResource {
    if (hasModifier(source.raw)) return unmapped(source, subject, MODIFIED);
    const parts = this.#parts.of(source);
    const found = describeDevice(source, parts);
    if ('why' in found) return unmapped(source, subject, found.why);
    const { device, unread } = found;
    const context = parts.length === 0 ? undefined : parts.flatMap(toContext);
    return parsed(source, subject, { kind: 'device', device }, unread, context);
  }

  /** The device resources of the bundle that a reading leads to, one array for all that lead to the same. */
  #contextOf(followed: Followed | undefined): readonly ContextResource[] | undefined {
    if (followed === undefined || followed.path.length === 0) return undefined;
    let context = this.#contexts.get(followed);
    if (context === undefined) {
      context = followed.path.flatMap(toContext);
      this.#contexts.set(followed, context);
      for (const found of followed.path) this.#used.add(found);
    }
    return context;
  }
}

const MODIFIED = 'an extension that changes the meaning of the resource';

function unmapped(source: Source, subject: PatientContext | undefined, why: string): ParsedResource {
  return parsed(source, subject, { kind: 'unmapped', why }, NOTHING_UNREAD, undefined);
}

function parsed(
  { reference, type, version, lastUpdated, contentHash, path, raw, fullUrl }: Source,
  subject: PatientContext | undefined,
  mapping: Mapping,
  unread: readonly string[],
  context: readonly ContextResource[] | undefined,
): ParsedResource {
  return {
    reference,
    type,
    version,
    lastUpdated,
    contentHash,
    patient: subject?.key,
    mapping,
    subject,
    path,
    raw,
    unread,
    fullUrl,
    context,
  };
}

/** Contained resources have no reference of their own and come with their owner. */
function toContext({ reference, fullUrl, path, raw }: Found): ContextResource[] {
  return reference === undefined ? [] : [{ reference, fullUrl, path, raw }];
}

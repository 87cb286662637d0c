/**
 * Which device measured: Observation.device → DeviceMetric → its Device (or by way of its DeviceComponent),
 * the tree of Roche's profiles (SPECS §1.5). The Device is the thing that a person can hold, so its number is
 * the one for OBX-18; where the bundle does not have it, the nearest known number stands in.
 */
import type { DeviceId } from '../model/reading';
import { isObject } from './lossless-json';
import { findContained, relativeReference } from './references';
import { DeviceShape, readShape, type Device, type Identifier, type Reference } from './shapes';

/** A Device, and in STU3 and R4 the parts of the tree that lead to it. */
export const DEVICE_TYPES: ReadonlySet<string> = new Set(['Device', 'DeviceComponent', 'DeviceMetric']);

/** A resource that a reference led to, with its place for messages. */
export interface Found {
  readonly type: string;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly path: string;
  /** Of a resource of the bundle; contained ones have none. */
  readonly reference?: string | undefined;
  readonly fullUrl?: string | undefined;
}

/** Roche's tree is DeviceMetric, DeviceComponent, Device; FHIR's own has five levels. */
const MAX_FOLLOWED = 8;

/** What a reference to a device leads to. */
export interface Followed {
  readonly id: DeviceId | undefined;
  /** The Device at the end, when the bundle has it. */
  readonly device: Found | undefined;
  /** Device resources on the way, of the bundle and contained ones, in the order in which they were found. */
  readonly path: readonly Found[];
}

/** Finds devices and remembers them: thousands of Observations come from one. */
export class Devices {
  readonly #find: (reference: string) => Found | undefined;
  readonly #known = new Map<string, Followed>();

  /** @param find resolves a reference to a resource of the bundle */
  constructor(find: (reference: string) => Found | undefined) {
    this.#find = find;
  }

  /**
   * The path to the device; the same object for all references of the same text.
   * @param device `Observation.device`
   * @param owner the resource with the reference, whose contained resources `#id` means
   */
  follow(device: Reference, owner: Found): Followed {
    const { reference } = device;
    if (reference === undefined || reference.startsWith('#')) return this.#follow([device], owner, []);
    let followed = this.#known.get(reference);
    if (followed === undefined) this.#known.set(reference, (followed = this.#follow([device], owner, [])));
    return followed;
  }

  /** Where a DeviceComponent or DeviceMetric of the bundle belongs. */
  deviceOf(part: Found): Found | undefined {
    const { source, parent } = readShape(DeviceShape, part.raw, part.path);
    return this.#follow([source, parent], part, [part.raw]).device;
  }

  #follow(devices: readonly (Reference | undefined)[], owner: Found, known: readonly Found['raw'][]): Followed {
    const waiting = devices.map((device) => ({ reference: device?.reference, from: owner }));
    const seen = new Set<Found['raw']>(known);
    const path: Found[] = [];
    let id: DeviceId | undefined;
    for (const { reference, from } of waiting) {
      if (path.length === MAX_FOLLOWED) break;
      const inner = reference === undefined ? undefined : contained(from, reference);
      const found = inner ?? (reference === undefined ? undefined : this.#find(reference));
      if (found === undefined || !DEVICE_TYPES.has(found.type) || seen.has(found.raw)) continue;
      seen.add(found.raw);
      path.push(found);
      const shape = readShape(DeviceShape, found.raw, found.path);
      const own = ownId(shape);
      if (own !== undefined && (id === undefined || found.type === 'Device')) id = own;
      if (found.type === 'Device') return { id, device: inner === undefined ? found : undefined, path };
      // `#id` in a contained device means a neighbour; in any other, what it contains itself.
      const holder = inner === undefined ? found : from;
      for (const next of [shape.source, shape.parent]) {
        if (next !== undefined) waiting.push({ reference: next.reference, from: holder });
      }
    }
    return { id, device: undefined, path };
  }
}

function contained(owner: Found, reference: string): Found | undefined {
  const raw = findContained(owner.raw, reference);
  if (!isObject(raw)) return undefined;
  const type = raw['resourceType'];
  return { type: typeof type === 'string' ? type : '', raw, path: `${owner.path}.contained` };
}

/** The number of a device resource: an identifier, else what else names it. */
export function ownId({ identifier, serialNumber, udi, udiCarrier, id }: Device): DeviceId | undefined {
  const identifiers = identifier === undefined || Array.isArray(identifier) ? identifier : [identifier];
  const unqualified = serialNumber ?? udi?.deviceIdentifier ?? udiCarrier?.[0]?.deviceIdentifier ?? id;
  return firstIdentifier(identifiers) ?? plainId(unqualified);
}

function firstIdentifier(identifiers: readonly Identifier[] | undefined): DeviceId | undefined {
  const first = identifiers?.find(({ value }) => value !== undefined && value !== '');
  return first?.value === undefined ? undefined : { value: first.value, system: first.system };
}

/** What the reference itself says, when the bundle does not have the device. */
export function idOfReference({ reference, identifier }: Reference): DeviceId | undefined {
  const named = firstIdentifier(identifier === undefined ? undefined : [identifier]);
  if (named !== undefined || reference === undefined) return named;
  const logical = /^Device(?:Component|Metric)?\/(.+)$/.exec(relativeReference(reference));
  return plainId(logical?.[1]);
}

function plainId(value: string | undefined): DeviceId | undefined {
  return value === undefined || value === '' ? undefined : { value, system: undefined };
}

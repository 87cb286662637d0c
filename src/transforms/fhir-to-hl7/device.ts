/**
 * Which device measured: Observation.device → DeviceMetric → its Device (or by way of its DeviceComponent),
 * the tree of Roche's profiles (SPECS §1.5). The Device is the thing that a person can hold, so its number is
 * the one for OBX-18; where the bundle does not have it, the nearest known number stands in.
 */
import type { z } from 'zod';
import { isObject } from './lossless-json';
import { findContained, relativeReference } from './references';
import { DeviceShape, readShape, type Identifier, type Reference } from './shapes';

export interface DeviceId {
  readonly value: string;
  readonly system: string | undefined;
}

/** Resource types that are only context when a mapped Observation leads to them. */
export const DEVICE_TYPES: ReadonlySet<string> = new Set(['Device', 'DeviceComponent', 'DeviceMetric']);

/** A resource that a reference led to, with its place for messages. */
export interface Found {
  readonly type: string;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly path: string;
}

/** Finds devices and remembers them: thousands of Observations come from one. */
export class Devices {
  /** Every device resource that a mapped Observation led to. */
  readonly visited = new Set<Found>();
  readonly #find: (reference: string) => Found | undefined;
  readonly #known = new Map<string, DeviceId | undefined>();

  /** @param find resolves a reference to a resource of the bundle */
  constructor(find: (reference: string) => Found | undefined) {
    this.#find = find;
  }

  /**
   * @param device `Observation.device`
   * @param owner the Observation, whose contained resources `#id` means
   */
  idOf(device: Reference, owner: Found): DeviceId | undefined {
    const { reference } = device;
    if (reference === undefined || reference.startsWith('#')) return this.#follow(device, owner);
    if (!this.#known.has(reference)) this.#known.set(reference, this.#follow(device, owner));
    return this.#known.get(reference);
  }

  #follow(device: Reference, owner: Found): DeviceId | undefined {
    const waiting: Reference[] = [device];
    const seen = new Set<Found['raw']>();
    let id: DeviceId | undefined;
    for (const { reference } of waiting) {
      const found = reference === undefined ? undefined : (contained(owner, reference) ?? this.#find(reference));
      if (found === undefined || !DEVICE_TYPES.has(found.type) || seen.has(found.raw)) continue;
      seen.add(found.raw);
      this.visited.add(found);
      const shape = readShape(DeviceShape, found.raw, found.path);
      const own = ownId(shape);
      if (own !== undefined && (id === undefined || found.type === 'Device')) id = own;
      if (found.type === 'Device') break;
      waiting.push(...[shape.source, shape.parent].filter((next) => next !== undefined));
    }
    return id ?? idOfReference(device);
  }
}

function contained(owner: Found, reference: string): Found | undefined {
  const raw = findContained(owner.raw, reference);
  if (!isObject(raw)) return undefined;
  const type = raw['resourceType'];
  return { type: typeof type === 'string' ? type : '', raw, path: `${owner.path}.contained` };
}

function ownId({ identifier, serialNumber, udi, udiCarrier, id }: z.infer<typeof DeviceShape>): DeviceId | undefined {
  const identifiers = identifier === undefined || Array.isArray(identifier) ? identifier : [identifier];
  const unqualified = serialNumber ?? udi?.deviceIdentifier ?? udiCarrier?.[0]?.deviceIdentifier ?? id;
  return firstIdentifier(identifiers) ?? plainId(unqualified);
}

function firstIdentifier(identifiers: readonly Identifier[] | undefined): DeviceId | undefined {
  const first = identifiers?.find(({ value }) => value !== undefined && value !== '');
  return first?.value === undefined ? undefined : { value: first.value, system: first.system };
}

/** What the reference itself says, when the bundle does not have the device. */
function idOfReference({ reference, identifier }: Reference): DeviceId | undefined {
  const named = firstIdentifier(identifier === undefined ? undefined : [identifier]);
  if (named !== undefined || reference === undefined) return named;
  const logical = /^Device(?:Component|Metric)?\/(.+)$/.exec(relativeReference(reference));
  return plainId(logical?.[1]);
}

function plainId(value: string | undefined): DeviceId | undefined {
  return value === undefined || value === '' ? undefined : { value, system: undefined };
}

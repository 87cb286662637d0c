/**
 * Which device measured: Observation.device → DeviceMetric → its Device (or by way of its DeviceComponent),
 * the tree of Roche's profiles (SPECS §1.5). The Device is the thing that a person can hold, so its number is
 * the one for OBX-18; where the bundle does not have it, the nearest known number stands in.
 */
import type { z } from 'zod';
import type { DeviceId } from '../model/reading';
import { isObject } from './lossless-json';
import { findContained, relativeReference } from './references';
import { DeviceShape, readShape, type Identifier, type Reference } from './shapes';

/** Resource types that are only context when a mapped Observation leads to them. */
export const DEVICE_TYPES: ReadonlySet<string> = new Set(['Device', 'DeviceComponent', 'DeviceMetric']);

/** A resource that a reference led to, with its place for messages. */
export interface Found {
  readonly type: string;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly path: string;
}

/** Roche's tree is DeviceMetric, DeviceComponent, Device; FHIR's own has five levels. */
const MAX_FOLLOWED = 8;

/** Finds devices and remembers them: thousands of Observations come from one. */
export class Devices {
  /** Every device resource that a mapped Observation led to. */
  readonly visited = new Set<Found>();
  readonly #find: (reference: string) => Found | undefined;
  readonly #known = new Map<Found, DeviceId | undefined>();

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
    if (reference === undefined || reference.startsWith('#'))
      return this.#follow(device, owner) ?? idOfReference(device);
    const found = this.#find(reference);
    if (found === undefined) return idOfReference(device);
    if (!this.#known.has(found)) this.#known.set(found, this.#follow(device, owner));
    return this.#known.get(found) ?? idOfReference(device);
  }

  #follow(device: Reference, owner: Found): DeviceId | undefined {
    const waiting = [{ reference: device.reference, from: owner }];
    const seen = new Set<Found['raw']>();
    let id: DeviceId | undefined;
    for (const { reference, from } of waiting) {
      if (seen.size === MAX_FOLLOWED) break;
      const inner = reference === undefined ? undefined : contained(from, reference);
      const found = inner ?? (reference === undefined ? undefined : this.#find(reference));
      if (found === undefined || !DEVICE_TYPES.has(found.type) || seen.has(found.raw)) continue;
      seen.add(found.raw);
      this.visited.add(found);
      const shape = readShape(DeviceShape, found.raw, found.path);
      const own = ownId(shape);
      if (own !== undefined && (id === undefined || found.type === 'Device')) id = own;
      if (found.type === 'Device') break;
      // `#id` in a contained device means a neighbour; in any other, what it contains itself.
      const holder = inner === undefined ? found : from;
      for (const next of [shape.source, shape.parent]) {
        if (next !== undefined) waiting.push({ reference: next.reference, from: holder });
      }
    }
    return id;
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

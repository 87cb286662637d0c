/** A Device of the bundle with what its DeviceComponents and DeviceMetrics add (SPECS §1.5), in STU3 and R4. */
import type { Code, DeviceDescription } from '../model/reading';
import { codesOf } from './codes';
import { ownId, type Devices, type Found } from './device';
import type { NoMapping } from './no-mapping';
import { ComponentShape, DeviceDetailsShape, MetricShape, readShape, type Concept } from './shapes';
import { unreadOfDevice } from './unread';

export interface DeviceFound {
  readonly device: DeviceDescription;
  readonly unread: readonly string[];
}

/** The parts of each Device, found by following every DeviceComponent and DeviceMetric once. */
export class DeviceParts {
  readonly #parts = new Map<Found, Found[]>();
  readonly #leading = new Set<Found>();

  /** @throws DuctusError DUCTUS_BUNDLE_INVALID for an element of a wrong type */
  constructor(sources: readonly Found[], devices: Devices) {
    for (const part of sources) {
      if (part.type !== 'DeviceComponent' && part.type !== 'DeviceMetric') continue;
      const device = devices.deviceOf(part);
      if (device === undefined) continue;
      this.#leading.add(part);
      const parts = this.#parts.get(device);
      if (parts === undefined) this.#parts.set(device, [part]);
      else parts.push(part);
    }
  }

  /** DeviceComponents and DeviceMetrics of a Device, in the order of the bundle. */
  of(device: Found): readonly Found[] {
    return this.#parts.get(device) ?? [];
  }

  /** True for a part that leads to a Device of the bundle. */
  leadsToDevice(part: Found): boolean {
    return this.#leading.has(part);
  }
}

/**
 * @param parts its DeviceComponents and DeviceMetrics
 * @throws DuctusError DUCTUS_BUNDLE_INVALID for an element of a wrong type
 */
export function describeDevice({ raw, path }: Found, parts: readonly Found[]): DeviceFound | NoMapping {
  const shape = readShape(DeviceDetailsShape, raw, path);
  const id = ownId(shape);
  if (id === undefined) return { why: 'a Device with neither identifier nor id' };
  const udi = shape.udi ?? shape.udiCarrier?.[0];
  const versions = versionsOf(shape.version);
  const metrics: DeviceDescription['metrics'][number][] = [];
  const unread = new Set(unreadOfDevice(raw, 'Device'));
  if ((shape.udiCarrier ?? []).length > 1) unread.add('Device.udiCarrier');
  let { serialNumber } = shape;
  for (const part of parts) {
    for (const name of unreadOfDevice(part.raw, part.type)) unread.add(name);
    if (part.type === 'DeviceMetric') {
      const { type, unit } = readShape(MetricShape, part.raw, part.path);
      metrics.push({ type: codes(type), unit: codes(unit)[0]?.code, path: part.path });
      continue;
    }
    const { productionSpecification = [] } = readShape(ComponentShape, part.raw, part.path);
    for (const { specType, productionSpec } of productionSpecification) {
      if (productionSpec === undefined || productionSpec === '') continue;
      if (serialNumber === undefined && isSerialNumber(specType)) serialNumber = productionSpec;
      else if (!isSerialNumber(specType) || serialNumber !== productionSpec) {
        versions.push({ of: nameOf(specType), value: productionSpec });
      }
    }
  }
  return {
    device: {
      id,
      type: codes(shape.type),
      manufacturer: shape.manufacturer,
      model: shape.model ?? shape.modelNumber ?? shape.deviceName?.[0]?.name ?? udi?.name,
      serialNumber,
      udi: udi?.carrierHRF ?? udi?.deviceIdentifier,
      versions,
      metrics,
      standing: shape.status === 'entered-in-error' ? 'deleted' : 'final',
    },
    unread: [...unread],
  };
}

type Versions = DeviceDescription['versions'][number][];

/** STU3 has one text, R4 a list with types. */
function versionsOf(
  version: string | { type?: Concept | undefined; value?: string | undefined }[] | undefined,
): Versions {
  if (version === undefined || version === '') return [];
  if (typeof version === 'string') return [{ of: undefined, value: version }];
  return version.flatMap(({ type, value = '' }) => (value === '' ? [] : [{ of: nameOf(type), value }]));
}

function codes(concept: Concept | undefined): Code[] {
  return concept === undefined ? [] : codesOf(concept);
}

/** What the sender calls it. */
function nameOf(type: Concept | undefined): string | undefined {
  const [first] = codes(type);
  return type?.text ?? first?.display ?? first?.code;
}

/** STU3 value set specification-type; MDC_ID_PROD_SPEC_SERIAL in devices that keep to ISO/IEEE 11073. */
function isSerialNumber(type: Concept | undefined): boolean {
  return codes(type).some(({ code }) => code === 'serial-number' || code === '531972');
}

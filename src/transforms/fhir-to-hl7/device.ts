/** OBX that describe a device: who made it, which model, its numbers and versions, and what it measures. */
import type { Item } from '../model/item';
import type { Code, DeviceDescription } from '../model/reading';
import { DUCTUS_CODES, type V2Code } from './codes';
import { escapeText } from './escape';
import { ce, ceOf, ei } from './fields';
import { instanceIdentifier } from './instance-identifier';
import { OBX_1, OBX_11, OBX_4, units } from './obx';
import { equipment } from './pcd';
import type { ObxContext } from './scope';
import { SegmentTable } from './segment-table';

/** One statement about a device. */
export interface DeviceFact {
  readonly code: V2Code;
  /** The sender's word, where the code is a general one. */
  readonly alternate?: V2Code | undefined;
  /** As it stands in OBX-5. */
  readonly value: string;
  readonly isCoded: boolean;
  readonly unit: string | undefined;
  /** Names the OBX of the device. */
  readonly part: string;
  readonly from: string;
}

export interface DeviceContext extends ObxContext {
  readonly device: DeviceDescription;
  readonly fact: DeviceFact;
}

export const OBX_DEVICE = new SegmentTable<DeviceContext>([
  OBX_1,
  {
    id: 'device-obx-2',
    target: 'OBX-2',
    source: 'constant: text, or a code for the type and for what it measures',
    why: 'v2.6 calls the type of codes CWE and no longer has CE',
    write: ({ fact, scope }) => (!fact.isCoded ? 'ST' : scope.isPcd ? 'CWE' : 'CE'),
  },
  {
    id: 'device-obx-3',
    target: 'OBX-3',
    source: 'constant for each statement',
    why: '531970 manufacturer, 531969 model, 531972 serial number, 531975 software, 531976 firmware, 531974 hardware, 531977 protocol, 531973 part number, 531971 another version (IEEE 11073-10101, Personal Health Device guide); local codes for identifier, type, UDI and metric',
    write: ({ fact }) => ce(fact.code, fact.alternate),
  },
  OBX_4,
  {
    id: 'device-obx-5',
    target: 'OBX-5',
    source:
      'Device, DeviceComponent and DeviceMetric: identifier, type, manufacturer, model, serial number, udi, versions, metrics',
    why: 'as the sender says it',
    from: ({ fact }) => [fact.from],
    write: ({ fact }) => fact.value,
  },
  {
    id: 'device-obx-6',
    target: 'OBX-6',
    source: 'DeviceMetric.unit',
    why: 'the unit in which it measures',
    from: ({ fact }) => [fact.from],
    write: ({ fact }) => (fact.unit === undefined ? '' : units(fact.unit)),
  },
  OBX_11,
  {
    id: 'device-obx-18',
    target: 'OBX-18',
    source: 'identifier of the Device',
    why: 'as in the OBX of its readings, so that both can be joined',
    from: ({ item: { path } }) => [`${path}.identifier`],
    write: ({ device: { id }, scope }) => (scope.isPcd ? equipment(id) : ei(id.value, '', id.system)),
  },
  {
    id: 'device-obx-21',
    target: 'OBX-21',
    source: 'the id of the resource and the name of the statement, as in `#model`',
    why: 'unique, and the same in every version',
    from: ({ item: { path } }) => [`${path}.id`],
    write: ({ item, fact }) => instanceIdentifier(item.reference, `#${fact.part}`),
  },
]);

function local(code: string, text: string): V2Code {
  return { code, text, system: DUCTUS_CODES };
}

function mdc(code: string, text: string): V2Code {
  return { code, text, system: 'MDC' };
}

const CODES = {
  id: local('DEVICE-ID', 'Identifier of the device'),
  type: local('DEVICE-TYPE', 'Type of the device'),
  manufacturer: mdc('531970', 'MDC_ID_MODEL_MANUFACTURER'),
  model: mdc('531969', 'MDC_ID_MODEL_NUMBER'),
  serial: mdc('531972', 'MDC_ID_PROD_SPEC_SERIAL'),
  udi: local('DEVICE-UDI', 'Unique device identifier'),
  metric: local('DEVICE-METRIC', 'What the device measures'),
} as const;

/** What a sender calls a version (STU3 value set specification-type, or MDC itself), with the code for it. */
const VERSIONS: readonly { readonly name: RegExp; readonly code: V2Code }[] = [
  { name: /software|_SW$|^531975$/i, code: mdc('531975', 'MDC_ID_PROD_SPEC_SW') },
  { name: /firmware|_FW$|^531976$/i, code: mdc('531976', 'MDC_ID_PROD_SPEC_FW') },
  { name: /hardware|_HW$|^531974$/i, code: mdc('531974', 'MDC_ID_PROD_SPEC_HW') },
  { name: /protocol|^531977$/i, code: mdc('531977', 'MDC_ID_PROD_SPEC_PROTOCOL') },
  { name: /^part.number|_PART$|^531973$/i, code: mdc('531973', 'MDC_ID_PROD_SPEC_PART') },
];
const UNSPECIFIED = mdc('531971', 'MDC_ID_PROD_SPEC_UNSPECIFIED');

/** The statements, in a fixed order; the identifier is always there. */
export function deviceFacts({ path, raw }: Item, device: DeviceDescription): readonly DeviceFact[] {
  const { id, type, manufacturer, model, serialNumber, udi, versions, metrics } = device;
  const facts: DeviceFact[] = [];
  const at = (...names: readonly string[]): string => {
    const name = names.find((each) => raw[each] !== undefined);
    return name === undefined ? path : `${path}.${name}`;
  };
  const text = (part: keyof typeof CODES, value: string | undefined, from: string): void => {
    if (value === undefined || value === '') return;
    facts.push({ code: CODES[part], value: escapeText(value), isCoded: false, unit: undefined, part, from });
  };
  const coded = (part: string, code: V2Code, value: readonly Code[], unit: string | undefined, from: string): void => {
    if (value.length > 0) facts.push({ code, value: ceOf(value), isCoded: true, unit, part, from });
  };
  text('id', id.value, at('identifier', 'serialNumber', 'udi', 'udiCarrier', 'id'));
  coded('type', CODES.type, type, undefined, at('type'));
  text('manufacturer', manufacturer, at('manufacturer'));
  text('model', model, at('model', 'modelNumber', 'deviceName'));
  text('serial', serialNumber, at('serialNumber'));
  text('udi', udi, at('udi', 'udiCarrier'));
  versions.forEach(({ of, value }, position) => {
    const code = VERSIONS.find(({ name }) => of !== undefined && name.test(of))?.code ?? UNSPECIFIED;
    const alternate = code === UNSPECIFIED && of !== undefined ? { code: '', text: of, system: '' } : undefined;
    const part = `version-${position + 1}`;
    facts.push({
      code,
      alternate,
      value: escapeText(value),
      isCoded: false,
      unit: undefined,
      part,
      from: at('version'),
    });
  });
  metrics.forEach((metric, position) => {
    coded(`metric-${position + 1}`, CODES.metric, metric.type, metric.unit, metric.path);
  });
  return facts;
}

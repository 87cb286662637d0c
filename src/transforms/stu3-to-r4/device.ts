/**
 * Device, DeviceComponent, DeviceMetric (hl7.org/fhir/R4/device-version-maps.html). R4 has no DeviceComponent: what it
 * says about a part stands in a Device whose `parent` is the Device that it is a part of.
 */
import { isObject } from '../fhir-bundle/lossless-json';
import { list, type Draft, type Json } from './conversion';
import { append, kept, renamed, type ElementRules } from './element-rules';
import { DATA_ABSENT } from './names';

export const DEVICE: ElementRules = {
  ...renamed('model', 'modelNumber'),
  udi: ({ value, resource, conversion, type }) => {
    const udi = conversion.copy(value, 'udi', type);
    if (!isObject(udi)) return;
    const { name, ...carrier } = udi;
    if (Object.keys(carrier).length > 0) {
      append(resource, 'udiCarrier', carrier);
      conversion.changed('udi', 'udiCarrier', 'udi');
    }
    if (name === undefined) return;
    append(resource, 'deviceName', { name, type: 'udi-label-name' });
    conversion.changed('udi', 'deviceName', 'udi.name');
  },
  version: ({ value, resource, conversion, type }) => {
    const copied = conversion.copy(value, 'version', type);
    if (copied === undefined) return;
    append(resource, 'version', ...list(copied).map((one) => (typeof one === 'string' ? { value: one } : one)));
    if (typeof copied === 'string') conversion.changed('version', 'version[0].value', 'version');
  },
};

/** STU3 value set specification-type. */
const SPECIFICATIONS: Readonly<Record<string, 'serialNumber' | 'partNumber' | 'version'>> = {
  'serial-number': 'serialNumber',
  'part-number': 'partNumber',
  'hardware-revision': 'version',
  'software-revision': 'version',
  'firmware-revision': 'version',
  'protocol-revision': 'version',
};

export const DEVICE_COMPONENT: ElementRules = {
  ...kept('lastSystemChange', 'Instant'),
  ...kept('operationalStatus', 'CodeableConcept'),
  ...kept('parameterGroup', 'CodeableConcept'),
  ...kept('measurementPrinciple', 'Code'),
  ...kept('languageCode', 'CodeableConcept'),
  // R4 has one parent: the Device, which a person can hold; the component above goes beside it.
  source: ({ value, resource, conversion, type }) => {
    resource['parent'] = conversion.copy(value, 'source', type);
    conversion.changed('component-of', 'parent', 'source');
  },
  parent: ({ value, raw, resource, conversion, type }) => {
    const parent = conversion.copy(value, 'parent', type);
    if (raw['source'] !== undefined) conversion.keep(`${type}.parent`, 'Reference', parent);
    else resource['parent'] = parent;
  },
  productionSpecification: ({ value, resource, conversion, type }) => {
    for (const specification of list(conversion.copy(value, 'productionSpecification', type))) {
      if (!isObject(specification)) continue;
      const { specType, componentId, productionSpec } = specification;
      const element = specificationElement(specType);
      if (element === 'version' && productionSpec !== undefined) {
        append(resource, 'version', { type: specType, component: componentId, value: productionSpec });
      } else if (element !== undefined && element !== 'version' && resource[element] === undefined) {
        resource[element] = productionSpec;
      } else {
        // Another serial number, or a specification that R4 has no element for.
        conversion.keep(`${type}.productionSpecification`, 'String', specification);
        continue;
      }
      conversion.changed('specification', element ?? 'version', 'productionSpecification');
    }
  },
};

export const DEVICE_METRIC: ElementRules = {};

/** Type and category are required: a server refuses the whole transaction for a metric that came without. */
export function completeMetric(resource: Draft): Draft {
  return {
    ...resource,
    ...(resource['type'] === undefined ? { type: { extension: [{ url: DATA_ABSENT, valueCode: 'unknown' }] } } : {}),
    // A code of its value set is required, and it has one for this (valueset-metric-category.html).
    ...(resource['category'] === undefined ? { category: 'unspecified' } : {}),
  };
}

function specificationElement(specType: unknown): 'serialNumber' | 'partNumber' | 'version' | undefined {
  for (const coding of isObject(specType) ? list(specType['coding']) : []) {
    const code: Json[string] = isObject(coding) ? coding['code'] : undefined;
    if (typeof code === 'string' && Object.hasOwn(SPECIFICATIONS, code)) return SPECIFICATIONS[code];
  }
  return undefined;
}

/**
 * One resource from STU3 to R4, by HL7's maps between the versions (hl7.org/fhir/R4/observation-version-maps.html and
 * those of the other types; github HL7/fhir-cross-version, input/R3toR4). A resource that is R4 comes out as it went in.
 */
import { isObject } from '../fhir-bundle/lossless-json';
import { Conversion, type ConversionOptions, type Draft, type Json } from './conversion';
import { DEVICE, DEVICE_COMPONENT, DEVICE_METRIC } from './device';
import { R4_ELEMENTS, R4_LISTS, type R4Type } from './elements';
import { MEDICATION, MEDICATION_ADMINISTRATION } from './medication-administration';
import { OBSERVATION } from './observation';
import { PATIENT } from './patient';
import type { ElementRules } from './element-rules';

/** How each type of STU3 becomes one of R4. */
const TYPES: Readonly<Record<string, { readonly type: R4Type; readonly rules: ElementRules }>> = {
  Observation: { type: 'Observation', rules: OBSERVATION },
  MedicationAdministration: { type: 'MedicationAdministration', rules: MEDICATION_ADMINISTRATION },
  Medication: { type: 'Medication', rules: MEDICATION },
  Device: { type: 'Device', rules: DEVICE },
  DeviceComponent: { type: 'Device', rules: DEVICE_COMPONENT },
  DeviceMetric: { type: 'DeviceMetric', rules: DEVICE_METRIC },
  Patient: { type: 'Patient', rules: PATIENT },
};

/** The R4 type that a resource becomes; undefined when this form does not know its type. */
export function r4Type(stu3: string): R4Type | undefined {
  return Object.hasOwn(TYPES, stu3) ? TYPES[stu3]?.type : undefined;
}

/** A resource in R4, and what of it is not a copy. */
export interface Converted {
  readonly resource: Draft;
  readonly conversion: Conversion;
}

/** @returns undefined when the type is none that this form converts */
export function convert(raw: Json, options: ConversionOptions): Converted | undefined {
  const stu3 = raw['resourceType'];
  if (typeof stu3 !== 'string' || !Object.hasOwn(TYPES, stu3)) return undefined;
  const known = TYPES[stu3];
  if (known === undefined) return undefined;
  const { type, rules } = known;
  const conversion = new Conversion(options);
  const allowed = R4_ELEMENTS[type];
  const lists = R4_LISTS[type];
  const resource: Draft = { resourceType: type };
  for (const name in raw) {
    if (name === 'resourceType') continue;
    const value = raw[name];
    if (Object.hasOwn(rules, name)) {
      rules[name]?.({ value, raw, resource, conversion, type: stu3 });
      continue;
    }
    if (!allowed.has(name)) {
      conversion.keep(`${stu3}.${name}`, 'String', value);
      continue;
    }
    const copied =
      name === 'contained'
        ? contained(value, options)
        : name === 'meta'
          ? conversion.meta(value)
          : conversion.copy(value, name, stu3);
    if (copied !== undefined) resource[name] = lists.has(name) && !Array.isArray(copied) ? [copied] : copied;
  }
  return { resource: conversion.finish(resource), conversion };
}

function contained(value: unknown, options: ConversionOptions): unknown {
  if (!Array.isArray(value)) return undefined;
  return value.map((inner: unknown) => (isObject(inner) ? (convert(inner, options)?.resource ?? inner) : inner));
}

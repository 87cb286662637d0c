/** Which versions of which items a synthetic bundle holds, for comparing with what an EMR received. */
/// <reference types="fhir" />
import { resourcesOf } from './sample-bundle';

/** The data types of Roche's health-data files (SPECS §1.5), and reports. */
export const SAMPLE_KINDS = ['glucose', 'carbs', 'insulin', 'device', 'report'] as const;
export type SampleKind = (typeof SAMPLE_KINDS)[number];

/** One version of an item, as the EMR should come to know it. */
export interface ItemVersion {
  readonly kind: SampleKind;
  /** As in `Observation/…`. */
  readonly reference: string;
  readonly versionId: string;
  /** The patient deleted it: only that has to arrive. */
  readonly deleted: boolean;
  readonly value: number | undefined;
  /** UCUM. */
  readonly unit: string | undefined;
  /** When it was, as the device wrote it. */
  readonly at: string | undefined;
  /** Version of a device. */
  readonly firmware: string | undefined;
}

const KINDS: ReadonlyMap<string, SampleKind> = new Map([
  ['bg-observation', 'glucose'],
  ['observation-carbs', 'carbs'],
  ['medication-administration', 'insulin'],
  ['phg-device', 'device'],
]);

/** What a resource is by its profile; undefined: nothing that an EMR is to be told of by itself. */
export function kindOf({ meta }: fhir.Resource): SampleKind | undefined {
  return KINDS.get(meta?.profile?.[0]?.split('/').at(-1) ?? '');
}

/** The items of a bundle in its order. */
export function itemVersions(bundle: fhir.Bundle): ItemVersion[] {
  return resourcesOf(bundle).flatMap((resource) => {
    const kind = kindOf(resource);
    if (kind === undefined) return [];
    const { resourceType = '', id = '', meta } = resource;
    return [{ kind, reference: `${resourceType}/${id}`, versionId: meta?.versionId ?? '', ...contentOf(resource) }];
  });
}

function contentOf(resource: fhir.Resource): Omit<ItemVersion, 'kind' | 'reference' | 'versionId'> {
  const nothing = { deleted: false, value: undefined, unit: undefined, at: undefined, firmware: undefined };
  if (isObservation(resource)) {
    const { status, valueQuantity, effectiveDateTime: at } = resource;
    const deleted = status === 'cancelled' || status === 'entered-in-error';
    return { ...nothing, deleted, value: valueQuantity?.value, unit: valueQuantity?.code, at };
  }
  if (isAdministration(resource)) {
    const { status, dosage, effectiveDateTime, effectivePeriod } = resource;
    const deleted = status === 'entered-in-error';
    const at = effectiveDateTime ?? effectivePeriod?.start;
    return { ...nothing, deleted, value: dosage?.dose?.value, unit: dosage?.dose?.code, at };
  }
  return isDevice(resource) ? { ...nothing, firmware: resource.version } : nothing;
}

export function isObservation(resource: fhir.Resource): resource is fhir.Observation {
  return resource.resourceType === 'Observation';
}

export function isAdministration(resource: fhir.Resource): resource is fhir.MedicationAdministration {
  return resource.resourceType === 'MedicationAdministration';
}

export function isDevice(resource: fhir.Resource): resource is fhir.Device {
  return resource.resourceType === 'Device';
}

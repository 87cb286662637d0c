/** The code of a medication that is given by reference: a Medication of the bundle, or a contained one. */
import type { Found } from './device';
import { isObject } from './lossless-json';
import { findContained } from './references';
import { MedicationShape, readShape, type Concept, type Reference } from './shapes';

export interface FoundMedication {
  readonly code: Concept | undefined;
  /** The resource of the bundle; undefined for a contained one. */
  readonly resource: Found | undefined;
}

/** @param find resolves a reference to a resource of the bundle */
export function findMedication(
  { reference = '' }: Reference,
  owner: Found,
  find: (reference: string) => Found | undefined,
): FoundMedication | undefined {
  if (reference.startsWith('#')) {
    const inner = findContained(owner.raw, reference);
    if (!isObject(inner) || inner['resourceType'] !== 'Medication') return undefined;
    return { code: readShape(MedicationShape, inner, `${owner.path}.contained`).code, resource: undefined };
  }
  const resource = find(reference);
  if (resource?.type !== 'Medication') return undefined;
  return { code: readShape(MedicationShape, resource.raw, resource.path).code, resource };
}
